"""What holds for every page, in Chromium: for everybody, at any width, without a jump."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape

import pytest
from playwright.sync_api import Page

from support.all_pages import addresses, hostile_library
from support.browser import Chromium, refuse_barriers
from support.web import WebServer

_PREFIX = "/keep"
_WATCH = """
window.jumped = 0;
window.moved = [];
new PerformanceObserver((found) => {
  for (const one of found.getEntries()) {
    if (one.hadRecentInput) continue;
    window.jumped += one.value;
    moved.push(...one.sources.map(({ node }) => node?.cloneNode()?.outerHTML ?? "gone"));
  }
}).observe({type: "layout-shift", buffered: true});
"""
#: Another port of this computer: browsers send it the cookies of all ports.
_ELSEWHERE = "http://127.0.0.1:9/page"
#: What a page may move, as browsers measure it: 1 is a whole screen.
_STILL = 0.01


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    folder = tmp_path_factory.mktemp("everywhere")
    with WebServer(folder / "root", offline=True, base_path=_PREFIX) as server:
        keys = hostile_library(server, folder / "files")
        for key in keys[2:]:  # two models show what all of them do
            server.manager.records.del_model(key)
        yield server


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_everybody_can_use_every_page(
    web: WebServer, chromium: Chromium, scheme: str, width: int
) -> None:
    wrong: list[str] = []
    size = {"width": width, "height": 900}
    with chromium.context(web, color_scheme=scheme, viewport=size) as context:
        context.add_init_script(_WATCH)
        page = context.new_page()
        for path in addresses(web):
            answer = page.goto(_PREFIX + path)
            assert answer is not None
            assert answer.status == 200, path
            title = unescape(answer.text().partition("<title>")[2].partition("</title>")[0])
            wrong.extend(f"{path}: {one}" for one in _wrong(page))
            if page.title() != title or "Macro" in title:
                wrong.append(f"{path}: its title {title!r} became {page.title()!r}")
    assert wrong == []


def test_a_form_of_another_port_changes_nothing(web: WebServer, chromium: Chromium) -> None:
    with chromium.context(web) as context:
        page = context.new_page()
        form = (
            f'<form method="post" action="{web.url}{_PREFIX}/settings/access/add">'
            '<input name="name" value="thief"><input name="scope" value="manage">'
            "<button>Send</button></form>"
        )
        page.route(_ELSEWHERE, lambda route: route.fulfill(body=form, content_type="text/html"))
        page.goto(_ELSEWHERE)
        page.get_by_role("button", name="Send").click()
        page.get_by_text("sent by a page of another server").wait_for()
        assert "thief" not in web.get(f"{_PREFIX}/api/v1/access").text


def test_a_token_that_is_removed_under_an_open_page_leads_to_the_login(
    web: WebServer, chromium: Chromium
) -> None:
    token = web.post(f"{_PREFIX}/api/v1/access", {"name": "short", "scope": "manage"}).json()
    with chromium.page(web, f"{_PREFIX}/settings", token=token["token"]) as page:
        web.ask("DELETE", f"{_PREFIX}/api/v1/access/short")
        page.get_by_role("link", name="Sites").click()
        page.get_by_label("Token or code").wait_for()
        assert "next=/settings/sites" in page.url


def _wrong(page: Page) -> Iterator[str]:
    try:
        refuse_barriers(page)
    except AssertionError as error:
        yield str(error)
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if wide > 0:
        yield f"{wide} pixels too wide"
    jumped = page.evaluate("window.jumped")
    if jumped > _STILL:
        yield f"moved by {jumped}: {page.evaluate('moved')}"
