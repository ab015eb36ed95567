"""Jobs in Chromium: followed, held, begun elsewhere, failed, and done without a script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from faults.pages import Page
from faults.server import HOSTS, FaultServer
from support.browser import Chromium, refuse_barriers
from support.program import Program
from support.tiny import lora, safetensors_bytes
from support.web import WebServer


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebServer]:
    with WebServer(
        tmp_path / "root", readable_dirs=[tmp_path], allow_private_hosts=list(HOSTS)
    ) as server:
        yield server


def _begin(web: WebServer, source: str) -> int:
    return int(web.manager.installer.import_model(web.manager.parse(source)).id)


def _status(tab: Tab, number: int, status: str) -> None:
    expect(tab.locator(f"#job-{number}")).to_have_attribute("data-status", status)


def test_an_install_is_followed_held_and_leads_to_its_model(
    web: WebServer, chromium: Chromium, server: FaultServer, tmp_path: Path
) -> None:
    body = lora(tmp_path / "a.safetensors").read_bytes()
    whole, half = Page(body, etag='"1"'), len(body) // 2
    cut = whole.but(stall_after=half, stall=600)
    link = server.serve("/slow.safetensors", cut)
    with chromium.page(web, "/jobs") as tab:
        expect(tab.get_by_role("heading", name="No jobs")).to_be_visible()
        number = _begin(web, link)
        row = tab.locator(f"#job-{number}")
        expect(row.get_by_role("progressbar")).to_have_attribute("max", str(len(body)))
        expect(tab.locator("#running")).to_contain_text("1")
        row.get_by_role("button", name="Pause").focus()
        other = _begin(web, server.serve("/other.safetensors", whole.but(stall_after=9, stall=600)))
        expect(tab.locator(f"#job-{other}")).to_be_visible()
        assert tab.evaluate("document.activeElement.id") == f"hold-{number}"
        tab.keyboard.press("Enter")
        _status(tab, number, "paused")
        server.serve("/slow.safetensors", whole)
        row.get_by_role("button", name="Resume").click()
        _status(tab, number, "completed")
        tab.locator(f"#job-{other}").get_by_role("button", name="Cancel").click()
        _status(tab, other, "cancelled")
        expect(tab.locator("#running")).to_be_empty()
        refuse_barriers(tab)
        row.get_by_role("link", name="Model").click()
        tab.wait_for_url("**/models/*")


def test_what_a_terminal_installs_appears(
    web: WebServer, chromium: Chromium, tmp_path: Path
) -> None:
    model = lora(tmp_path / "typed.safetensors")
    with chromium.page(web, "/jobs") as tab:
        expect(tab.get_by_role("heading", name="No jobs")).to_be_visible()
        Program(tmp_path / "root", tmp_path / "home").run("install", model)
        expect(tab.get_by_role("link", name="typed")).to_be_visible()


def test_without_a_script_on_a_phone_in_the_dark(
    web: WebServer, chromium: Chromium, tmp_path: Path
) -> None:
    strange = tmp_path / f"{'strange_' * 12}.safetensors"
    strange.write_bytes(safetensors_bytes({"who.knows": ("F16", (4, 4))}))
    number = _begin(web, str(strange))
    web.manager.jobs.wait(60)
    phone = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}
    with chromium.page(web, "/jobs", **phone) as tab:
        refuse_barriers(tab)
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with chromium.page(web, "/jobs", java_script_enabled=False, **phone) as tab:
        tab.get_by_label("What it is").select_option("lora")
        tab.get_by_role("button", name="Install as this").click()
        web.manager.jobs.wait(60)
        tab.get_by_role("link", name="Refresh").click()
        _status(tab, number, "completed")
        tab.locator(f"#job-{number}").get_by_role("button", name="Remove from list").click()
        expect(tab.get_by_role("heading", name="No jobs")).to_be_visible()
