"""The pictures of the README: the sample library in a browser.

Needs Chromium and what the tests need::

    python demo/pictures.py
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

_DEMO = Path(__file__).parent
_PICTURES = _DEMO.parent / "docs" / "pictures"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
#: What is seen, and what is left of that in a picture, pixels.
_SCREEN, _WIDTH = ViewportSize(width=1200, height=750), 900
_MOST_BYTES = 60_000


def main() -> int:
    """Make both pictures."""
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        sys.exit("Error: Chromium is not installed\n       Debian: apt install chromium")
    with (
        tempfile.TemporaryDirectory(prefix="modelkeep-") as folder,
        _server(Path(folder)) as served,
        sync_playwright() as driver,
    ):
        running = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = running.new_page(viewport=_SCREEN, base_url=served["url"])
        page.goto(served["link"])
        page.locator("[data-list] a").first.wait_for()
        _save(page, "library")
        found = page.request.get("/api/v1/model/record/search?q=paper&limit=1").json()
        page.goto(f"/models/{found['items'][0]['key']}")
        _save(page, "model")
        running.close()
    return 0


@contextmanager
def _server(folder: Path) -> Iterator[dict[str, str]]:
    """Make the sample library and serve it; give its address and a link that logs in."""
    subprocess.run(
        [sys.executable, _DEMO / "sample_library.py", folder], check=True, stdout=subprocess.DEVNULL
    )
    command = [sys.executable, "-m", "modelkeep", "--json", "serve", "--port", "0"]
    environment = {**os.environ, "MODELKEEP_ROOT": str(folder / "library")}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        if server.stdout is None:
            raise RuntimeError("The server has no output")
        try:
            yield json.loads(server.stdout.readline())
        finally:
            server.terminate()


def _save(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    seen = Image.open(io.BytesIO(page.screenshot()))
    small = seen.convert("RGB").resize((_WIDTH, seen.height * _WIDTH // seen.width))
    _PICTURES.mkdir(exist_ok=True)
    for quality in range(85, 20, -5):
        out = io.BytesIO()
        small.save(out, "WEBP", quality=quality, method=6)
        if len(out.getvalue()) <= _MOST_BYTES:
            (_PICTURES / f"{name}.webp").write_bytes(out.getvalue())
            return
    raise RuntimeError(f"The picture {name} is larger than {_MOST_BYTES} bytes")


if __name__ == "__main__":
    sys.exit(main())
