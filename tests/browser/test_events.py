"""One stream of events for all tabs, in Chromium."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from modelkeep.core.events import MODEL_EVENT
from support.browser import Chromium
from support.web import WebServer

_TABS = 8
_FOLLOW = """() => {
  window.changes = 0;
  const part = Object.assign(document.createElement("p"), {textContent: "follows"});
  part.dataset.follows = "loaded";
  part.addEventListener("changed", () => { window.changes += 1; });
  document.body.append(part);
}"""
_WITHOUT_LOCKS = "Object.defineProperty(Navigator.prototype, 'locks', {value: undefined})"
_SEEN = """state => {
  Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebServer]:
    with WebServer(tmp_path, offline=True) as server:
        yield server


def test_eight_tabs_share_one_stream_and_another_tab_takes_over(
    web: WebServer, chromium: Chromium
) -> None:
    with chromium.context(web) as context:
        tabs = [_open(context.new_page()) for _ in range(_TABS)]
        _until(tabs[0], lambda: web.context.hub.listeners == 1)
        _happen(web)
        _all_see(tabs, 1)
        assert web.context.hub.listeners == 1
        tabs.pop(0).close()
        _happen(web)
        _all_see(tabs, 2)
        _until(tabs[0], lambda: web.context.hub.listeners == 1)


def test_without_locks_a_tab_has_a_stream_while_it_can_be_seen(
    web: WebServer, chromium: Chromium
) -> None:
    with chromium.context(web) as context:
        context.add_init_script(_WITHOUT_LOCKS)
        one, other = _open(context.new_page()), _open(context.new_page())
        _until(one, lambda: web.context.hub.listeners == 2)
        other.evaluate(_SEEN, "hidden")
        _until(one, lambda: web.context.hub.listeners == 1)
        other.evaluate(_SEEN, "visible")
        _until(one, lambda: web.context.hub.listeners == 2)
        _happen(web)
        _all_see([one, other], 1)


def test_what_happens_while_a_page_loads_is_told(web: WebServer, chromium: Chromium) -> None:
    with chromium.context(web) as context:
        page = context.new_page()

        def late(route: object) -> None:
            _happen(web)
            route.continue_()  # type: ignore[attr-defined]

        page.route("**/app.js", late)
        page.add_init_script(f"addEventListener('DOMContentLoaded', {_FOLLOW})")
        page.goto("/patterns")
        _all_see([page], 1)


def test_a_page_goes_on_when_the_server_is_started_again(
    tmp_path: Path, chromium: Chromium
) -> None:
    with ExitStack() as servers:
        first = servers.enter_context(WebServer(tmp_path, offline=True))
        with chromium.context(first) as context:
            page = _open(context.new_page())
            _until(page, lambda: first.context.hub.listeners == 1)
            servers.close()
            with WebServer(tmp_path, offline=True, port=urlsplit(first.url).port) as second:
                _all_see([page], 1)
                _happen(second)
                _all_see([page], 2)
                page.close()


def _open(page: Page) -> Page:
    page.goto("/patterns")
    page.evaluate(_FOLLOW)
    return page


def _happen(web: WebServer) -> None:
    web.context.hub.dispatch(MODEL_EVENT, {"event": "model_unloaded", "data": {"key": "x"}})


def _all_see(tabs: list[Page], count: int) -> None:
    _until(tabs[0], lambda: {tab.evaluate("window.changes") for tab in tabs} == {count})


def _until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait for a fact of the server; the browser goes on meanwhile."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        page.wait_for_timeout(20)
