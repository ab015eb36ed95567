"""The page Add in Chromium: a plan and its install, an upload that is cut off, no script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Route

from support.browser import Chromium, refuse_barriers
from support.tiny import lora
from support.waiting import until
from support.web import WebServer

_UPLOADS = "**/api/v1/uploads/**"


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "shared").mkdir()
    settings = {"readable_dirs": [tmp_path / "shared"], "offline": True}
    with WebServer(tmp_path / "root", **settings) as running:
        yield running


def _count(web: WebServer) -> int:
    return len(web.manager.records.all_models())


@pytest.mark.parametrize("has_script", [True, False])
def test_a_plan_is_read_and_carried_out(
    web: WebServer, chromium: Chromium, tmp_path: Path, *, has_script: bool
) -> None:
    model = lora(tmp_path / "shared" / f"{'long_name_' * 9}.safetensors")
    narrow = {"width": 360, "height": 740}
    with chromium.page(web, "/install", java_script_enabled=has_script, viewport=narrow) as page:
        page.get_by_label("What to add, one per line").fill(str(model))
        page.get_by_role("button", name="Look up", exact=True).click()
        page.get_by_role("button", name="Install", exact=True).wait_for()
        if has_script:
            refuse_barriers(page)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= narrow["width"]
        page.get_by_role("button", name="Install", exact=True).click()
        page.wait_for_url("**/jobs**")
        until(lambda: _count(web) == 1)


def test_an_upload_goes_on_after_it_was_cut_off_and_the_page_loaded_again(
    web: WebServer, chromium: Chromium, tmp_path: Path
) -> None:
    model = lora(tmp_path / "mine.safetensors")
    with chromium.page(web, "/install") as page:

        def cut(route: Route) -> None:
            if route.request.method == "PATCH":
                route.abort()
            else:
                route.continue_()

        page.route(_UPLOADS, cut)
        with page.expect_request(lambda request: request.method == "PATCH"):
            page.locator(".drop input").set_input_files(model)
        page.reload()
        page.get_by_text("Choose the same file again").wait_for()
        page.unroute(_UPLOADS)
        with page.expect_request(lambda request: request.method == "HEAD"):
            page.locator(".drop input").set_input_files(model)
        page.get_by_role("link", name="Show the job").wait_for()
        until(lambda: _count(web) == 1)
        page.goto("/jobs")
        page.get_by_text("upload of mine.safetensors").wait_for()


def test_a_folder_is_looked_into_and_what_is_ticked_is_taken(
    web: WebServer, chromium: Chromium, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        lora(tmp_path / f"shared/{name}.safetensors")
    with chromium.page(web, "/install", color_scheme="dark") as page:
        page.get_by_label("What to add, one per line").fill(str(tmp_path / "shared"))
        page.get_by_role("button", name="Look up", exact=True).click()
        page.get_by_role("button", name="Scan folder").click()
        page.get_by_role("checkbox").first.uncheck()
        refuse_barriers(page)
        page.get_by_role("button", name="Add the selected models").click()
        page.wait_for_url("**/jobs**")
        until(lambda: _count(web) == 1)
