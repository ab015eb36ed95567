"""The library as people use it: back and forth, many at once, by keyboard, without script, news."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from support.browser import Chromium, refuse_barriers
from support.program import Program
from support.shelf import many, put
from support.tiny import lora
from support.web import WebServer

_MANY = 1200
_NARROW = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("library"), offline=True) as server:
        put(server.manager, many(_MANY - 1))
        put(server.manager, [{"name": "a name that no card has the room for " * 4, "key": "long"}])
        yield server


def test_back_and_the_menu_restore_filter_count_and_place(
    web: WebServer, chromium: Chromium
) -> None:
    with chromium.page(web, "/?type=lora") as page:
        for count in (100, 150, 200):
            page.get_by_role("link", name="50 more").click()
            expect(page.locator(".model")).to_have_count(count)
        assert page.url.endswith("?type=lora&limit=200")
        page.get_by_role("link", name="model 0190").scroll_into_view_if_needed()
        place = page.evaluate("scrollY")
        page.get_by_role("link", name="model 0190").click()
        page.wait_for_url("**/models/**")
        page.go_back()
        expect(page.locator(".model")).to_have_count(200)
        page.wait_for_function("place => Math.abs(scrollY - place) < 2", arg=place)
        page.goto("/patterns")
        page.get_by_role("link", name="Library").first.click()
        expect(page.locator(".model")).to_have_count(200)
        page.wait_for_function("place => Math.abs(scrollY - place) < 2", arg=place)
        page.get_by_role("searchbox").fill("0042")
        expect(page.locator(".model")).to_have_count(1)
        assert "q=0042" in page.url
        page.go_back()
        expect(page.locator(".model")).to_have_count(200)


def test_all_that_match_are_tagged(web: WebServer, chromium: Chromium) -> None:
    with chromium.page(web, "/") as page:
        page.get_by_label("Select model 0003").check()
        page.get_by_label("Select model 0006").click(modifiers=["Shift"])
        expect(page.locator("#selected")).to_have_text("4 selected")
        page.get_by_label(f"All {_MANY:,} that match").check()
        page.get_by_role("button", name="Tag", exact=True).click()
        expect(page.get_by_role("heading", name=f"Tag {_MANY:,} models")).to_be_visible()
        refuse_barriers(page)
        page.get_by_label("Tags, separated by commas").fill("red")
        page.get_by_role("button", name="Tag").click()
        expect(page.get_by_text(re.compile(f"^{_MANY:,} (done|models tagged)"))).to_be_visible(
            timeout=60_000
        )
        expect(page.get_by_role("button", name="Undo")).to_be_visible()


def test_by_keyboard_alone(web: WebServer, chromium: Chromium) -> None:
    with chromium.page(web, "/") as page:
        press = page.keyboard.press
        press("/")
        page.keyboard.type("model 001")
        expect(page.locator(".model")).to_have_count(10)
        press("Tab")
        press("Tab")
        for key in ("ArrowRight", "ArrowRight", "x", "ArrowRight", "Shift+ArrowRight"):
            press(key)
        expect(page.locator("#selected")).to_have_text("3 selected")
        press("?")
        expect(page.get_by_role("dialog")).to_contain_text("Select")
        press("Escape")
        press("Enter")
        page.wait_for_url("**/models/model-0013?list=**")


@pytest.mark.parametrize("view", ["cards", "table"])
def test_on_a_phone_in_the_dark_without_script(
    web: WebServer, chromium: Chromium, view: str
) -> None:
    options = {"viewport": _NARROW, "color_scheme": "dark", "java_script_enabled": False}
    with chromium.page(web, f"/?view={view}", **options) as page:
        assert not page.get_by_role("link", name="LoRA").is_visible()
        page.get_by_role("button", name="Filters").click()
        page.locator("#filters").get_by_role("link", name=re.compile("LoRA")).click()
        page.get_by_role("searchbox").fill("model 0007")
        page.get_by_role("searchbox").press("Enter")
        page.get_by_label("Select model 0007").check()
        page.get_by_role("button", name="Tag", exact=True).click()
        page.get_by_label("Tags, separated by commas").fill(view)
        page.get_by_role("button", name="Tag").click()
        expect(page.get_by_text("1 model tagged")).to_be_visible()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("1 model as before")).to_be_visible()


@pytest.mark.parametrize("view", ["cards", "table"])
def test_everybody_can_use_it_and_nothing_is_wider_than_a_phone(
    web: WebServer, chromium: Chromium, view: str
) -> None:
    with chromium.page(web, f"/?view={view}&type=lora", viewport=_NARROW) as page:
        refuse_barriers(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_role("button", name="Filters").click()
        refuse_barriers(page)


def test_a_model_that_a_terminal_installs_is_announced(
    web: WebServer, chromium: Chromium, tmp_path: Path
) -> None:
    with chromium.page(web, "/") as page:
        first = page.locator(".model .name").first.inner_text()
        program = Program(web.context.settings.root, tmp_path)
        program.run("install", lora(tmp_path / "aaa new.safetensors"))
        page.get_by_role("link", name="1 new model - show").wait_for(timeout=60_000)
        assert page.locator(".model .name").first.inner_text() == first, "nothing moves by itself"
        page.get_by_role("link", name="1 new model - show").click()
        page.wait_for_url("**/?sort=date")
        assert page.locator(".model .name").first.inner_text() == "aaa new"
