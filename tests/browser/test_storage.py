"""The storage in Chromium: looked at, removed, brought back, deleted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from support.browser import Chromium, refuse_barriers
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
