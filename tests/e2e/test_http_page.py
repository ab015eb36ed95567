"""``docs/http.md`` is true: its lines run one after the other and answer what it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from faults.pages import Page
from sites.fixtures import Environment
from sites.hub import HubServer
from sites.models import sdxl_lora
from sites.pictures import png
from sites.server import FILE_HOST
from support.tiny import lora
from support.web import WebServer

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "http.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```sh\n(.*?)```(?:\n\n```(json|text)\n(.*?)```)?", re.DOTALL)
LINK = "https://example.com/files/notes.bin"

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")


def test_each_line_answers_what_stands_below_it(
    environment: Environment, hub: HubServer, tmp_path: Path
) -> None:
    hub.add("artist/ink-style", {"ink.safetensors": sdxl_lora()}, tags=["ink"])
    link = hub.serve("/files/notes.bin", Page(b"n" * 5000, etag='"n"'), host=FILE_HOST)
    here, shared = tmp_path / "here", tmp_path / "shared"
    for folder in (here, shared):
        folder.mkdir()
    lora(shared / "style.safetensors", 7)
    (here / "picture.png").write_bytes(png())
    lora(here / "mine.safetensors", 10)
    settings = environment.settings()
    with WebServer(
        environment.root,
        readable_dirs=[shared],
        hf_endpoint=settings.hf_endpoint,
        allow_private_hosts=settings.allow_private_hosts,
    ) as web:
        known = {
            "SERVER": web.url,
            "API": f"{web.url}/api/v1",
            "AUTH": f"Authorization: {web.headers['Authorization']}",
            "SHARED": str(shared),
            "SLOW": str(_held(web, lora(shared / "slow.safetensors", 8))),
            "OTHER": str(_held(web, lora(shared / "other.safetensors", 9))),
        }
        for line, kind, wanted in BLOCK.findall(PAGE):
            told = _run(line.replace(LINK, link), here, known)
            if kind == "json":
                assert _fits(json.loads(wanted), json.loads(told), known), (line, told)
            elif kind == "text":
                assert told == wanted, line


def _held(web: WebServer, model: Path) -> int:
    """Return an install that has not begun."""
    return web.manager.installer.leave_job(web.manager.parse(model), {})


def _run(line: str, here: Path, known: dict[str, str]) -> str:
    done = subprocess.run(
        [
            "/bin/bash",
            "-euo",
            "pipefail",
            "-c",
            line.replace("curl -s ", "curl -sS --fail-with-body "),
        ],
        cwd=here,
        env={"PATH": os.environ["PATH"], **known},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in {0, 22}, (line, done.stdout, done.stderr)
    return done.stdout


def _fits(wanted: Any, told: Any, known: dict[str, str]) -> bool:
    """Tell whether an answer has all that the page shows of it; values that it names are kept."""
    if wanted == "...":
        return True
    if isinstance(wanted, str) and wanted.startswith("$"):
        known[wanted[1:]] = str(told)
        return True
    if isinstance(wanted, dict):
        return isinstance(told, dict) and all(
            name in told and _fits(each, told[name], known) for name, each in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(told, list) and all(map(_fits, wanted, told, [known] * len(wanted)))
    return bool(wanted == told)
