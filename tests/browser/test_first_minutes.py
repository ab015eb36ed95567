"""The first minutes of somebody new: in, a folder, a search, an edit, an install, a mistake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from faults.pages import Page
from faults.server import HOSTS, FaultServer
from modelkeep.app import access
from support.browser import Chromium
from support.tiny import lora
from support.waiting import until
from support.web import WebServer

_PHONE = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark", "has_touch": True}


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    for number, name in enumerate(("ink", "wool", "brass")):
        lora(shelf / f"{name}.safetensors", number)
    hosts = list(HOSTS)
    with WebServer(tmp_path / "root", readable_dirs=[shelf], allow_private_hosts=hosts) as server:
        yield server


@pytest.mark.parametrize("options", [{}, _PHONE], ids=["a laptop", "a phone in the dark"])
def test_with_a_script(
    web: WebServer,
    chromium: Chromium,
    server: FaultServer,
    tmp_path: Path,
    options: dict[str, Any],
) -> None:
    with chromium.context(web, **options) as context:
        context.clear_cookies()
        tab = context.new_page()
        tab.goto(access.link(web.context.settings, address=web.url).key)
        _take_a_folder(tab, tmp_path / "shelf")
        _find_and_rename(tab, "ink", is_typed=True)
        _install(tab, web, server, tmp_path)
        _remove_and_undo(tab, "slow")


def test_without_a_script(
    web: WebServer, chromium: Chromium, server: FaultServer, tmp_path: Path
) -> None:
    token = web.headers["Authorization"].partition(" ")[2]
    with chromium.context(web, java_script_enabled=False) as context:
        context.clear_cookies()
        tab = context.new_page()
        tab.goto("/")
        tab.get_by_label("Token or code").fill(token)
        tab.get_by_role("button", name="Log in").click()
        _take_a_folder(tab, tmp_path / "shelf")
        _find_and_rename(tab, "ink", is_typed=False)
        _install(tab, web, server, tmp_path, refresh=True)
        _remove_and_undo(tab, "slow")


def _menu(tab: Tab, name: str) -> None:
    tab.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()


def _take_a_folder(tab: Tab, folder: Path) -> None:
    """Paste a folder into the empty library, and leave its models where they are."""
    tab.get_by_label("Link, path or words").fill(str(folder))
    tab.get_by_role("button", name="Look up", exact=True).click()
    tab.get_by_role("button", name="Scan folder").click()
    take = tab.get_by_role("button", name="Add the selected models")
    if not take.is_visible():
        _refresh_until(tab, "How far is it?", take)
    take.click()
    tab.wait_for_url("**/jobs**")
    until(lambda: _cards(tab) == 3)


def _cards(tab: Tab) -> int:
    _menu(tab, "Library")
    return tab.locator(".model").count()


def _refresh_until(tab: Tab, link: str, wanted: Any) -> None:
    def is_there() -> bool:
        again = tab.get_by_role("link", name=link)
        if again.is_visible():
            again.click()
        return bool(wanted.is_visible())

    until(is_there)


def _find_and_rename(tab: Tab, name: str, *, is_typed: bool) -> None:
    box = tab.get_by_role("searchbox")
    box.fill(name)
    if not is_typed:
        box.press("Enter")
    expect(tab.locator(".model")).to_have_count(1)
    tab.locator(".model").get_by_role("link", name=name).first.click()
    expect(tab.get_by_role("heading", level=1)).to_have_text(name)
    tab.get_by_role("link", name="Edit").click()
    tab.get_by_label("Name", exact=True).fill("Ink <b>& water")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Ink <b>& water")


def _install(
    tab: Tab, web: WebServer, server: FaultServer, folder: Path, *, refresh: bool = False
) -> None:
    """Install from a server that stops half-way, hold the job, and let it go on."""
    body = lora(folder / "slow.safetensors", 9).read_bytes()
    whole = Page(body, etag='"1"')
    link = server.serve("/slow.safetensors", whole)
    _menu(tab, "Add")
    tab.get_by_label("What to add, one per line").fill(link)
    tab.get_by_role("button", name="Look up", exact=True).click()
    install = tab.get_by_role("button", name="Install", exact=True)
    install.wait_for()
    server.serve("/slow.safetensors", whole.but(stall_after=len(body) // 2, stall=600))
    install.click()
    tab.wait_for_url("**/jobs**")
    row = tab.locator("[data-status]", has_text="slow").first
    pause, resume = (row.get_by_role("button", name=name) for name in ("Pause", "Resume"))
    pause.click()
    if refresh:
        _refresh_until(tab, "Refresh", resume)
    expect(row).to_have_attribute("data-status", "paused")
    server.serve("/slow.safetensors", whole)
    resume.click()
    web.manager.jobs.wait(60)
    if refresh:
        _refresh_until(tab, "Refresh", row.get_by_role("link", name="Model"))
    expect(row).to_have_attribute("data-status", "completed")
    row.get_by_role("link", name="Model").click()


def _remove_and_undo(tab: Tab, name: str) -> None:
    tab.get_by_role("link", name="Remove").or_(
        tab.get_by_role("button", name="Remove")
    ).last.click()
    tab.get_by_role("button", name="Remove", exact=True).click()
    expect(tab.get_by_role("status").first).to_contain_text(name)
    tab.get_by_role("button", name="Undo").click()
    expect(tab.get_by_role("status").first).to_contain_text(name)
    _menu(tab, "Library")
    expect(tab.locator(".model")).to_have_count(4)
