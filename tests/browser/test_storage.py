"""The storage in Chromium: looked at, removed, brought back, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from support.browser import Chromium, refuse_barriers
from support.shelf import put
from support.tiny import embedding, lora
from support.web import WebServer


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    folder = tmp_path_factory.mktemp("storage")
    with WebServer(folder / "root", offline=True) as server:
        install = server.manager.installer.install_path
        install(lora(folder / "mine.safetensors"))
        install(embedding(folder / "word.safetensors"))
        yield server


def test_a_model_is_removed_and_brought_back(web: WebServer, chromium: Chromium) -> None:
    with chromium.page(web, "/storage") as tab:
        refuse_barriers(tab)
        tab.get_by_role("link", name="Largest").click()
        tab.get_by_label("Choose mine").check()
        remove = tab.get_by_role("button", name="Move the chosen ones to the trash")
        remove.click()
        tab.get_by_role("button", name="Undo").click()
        expect(tab.get_by_role("status").first).to_contain_text("mine brought back")
        tab.get_by_label("Choose mine").check()
        remove.click()
        tab.get_by_role("link", name="Trash").click()
        refuse_barriers(tab)
        tab.get_by_role("button", name="Restore").click()
        expect(tab.get_by_role("heading", name="The trash is empty")).to_be_visible()


@pytest.mark.parametrize("show", ["overview", "duplicates", "missing", "leftovers", "unused"])
def test_the_pages_fit_a_phone(web: WebServer, chromium: Chromium, show: str) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}
    with chromium.page(web, f"/storage?show={show}", **phone) as tab:
        refuse_barriers(tab)
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [360, 700, 1280])
def test_the_words_on_the_map_fit_their_areas(
    chromium: Chromium, tmp_path: Path, width: int
) -> None:
    with WebServer(tmp_path / "root", offline=True) as server:
        shares = {"sdxl": 60, "flux": 25, "hunyuan-video": 9, "sd-1": 4, "sd-2": 2}
        put(
            server.manager,
            [{"name": base, "base": base, "size": n * 10**9} for base, n in shares.items()],
        )
        view = {"viewport": {"width": width, "height": 740}}
        with chromium.page(server, "/storage", **view) as tab:
            outside = tab.locator(".map text:visible").evaluate_all(
                """texts => texts.filter((text) => {
                    const [inner, area] = [text, text.closest("svg").firstElementChild
                        .nextElementSibling].map((one) => one.getBoundingClientRect());
                    return inner.right > area.right || inner.bottom > area.bottom;
                }).map((text) => text.textContent)"""
            )
            assert tab.locator(".map text:visible").count() > 0
            assert outside == []


def test_deleting_for_good_asks_first_and_needs_no_script(
    web: WebServer, chromium: Chromium
) -> None:
    with chromium.page(web, "/storage?show=unused", java_script_enabled=False) as tab:
        tab.get_by_label("Choose word").check()
        tab.get_by_role("button", name="Move the chosen ones to the trash").click()
        tab.get_by_role("link", name="Trash").click()
        tab.get_by_text("Empty the trash").click()
        expect(tab.get_by_text("gone for good. This cannot be undone")).to_be_visible()
        tab.get_by_role("button", name="Delete all for good").click()
        expect(tab.get_by_role("heading", name="The trash is empty")).to_be_visible()
