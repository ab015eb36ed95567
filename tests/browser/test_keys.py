"""Keys, and the dialog that lists those of a page, in Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from support.browser import Chromium, refuse_barriers
from support.web import WebServer

_BIND = """async () => {
  const source = document.querySelector("script[src*='/app.js']").src.replace("app.js", "keys.js");
  const { keys } = await import(source);
  window.pressed = [];
  const note = (word) => () => pressed.push(word);
  keys({ "ArrowDown j": ["Next one", note("next")], "x": ["Select", note("x")] });
}"""


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("keys"), offline=True) as server:
        yield server


def test_keys_are_listed_and_do_nothing_while_somebody_types(
    web: WebServer, chromium: Chromium
) -> None:
    with chromium.page(web, "/patterns") as page:
        page.evaluate(_BIND)
        _press(page, "j", "ArrowDown", "X", "Control+x")
        assert page.evaluate("pressed") == ["next", "next", "x"]
        page.keyboard.press("?")
        dialog = page.get_by_role("dialog", name="Keys of this page")
        assert dialog.locator("dt").all_inner_texts() == ["↓", "j", "x", "?", "/"]
        assert "Next one" in dialog.inner_text()
        assert "Search" in dialog.inner_text()
        refuse_barriers(page)
        _press(page, "x", "Escape")
        assert not dialog.is_visible()
        _press(page, "/", "x", "?")
        assert page.evaluate("pressed") == ["next", "next", "x"]
        assert page.evaluate("document.activeElement.value") == "x?"


def test_the_list_of_keys_has_a_button_and_gives_back_the_focus(
    web: WebServer, chromium: Chromium
) -> None:
    with chromium.page(web, "/patterns") as page:
        button = page.get_by_role("button", name="Keys of this page")
        button.click()
        page.get_by_role("button", name="Close").click()
        assert button.evaluate("one => one === document.activeElement")


def _press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
