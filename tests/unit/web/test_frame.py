"""What stands around every page, and what is told once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from modelkeep.web.rendering import asset
from support.web import WebServer

_PAGES = '''
from fastapi import Request, Response
from modelkeep.errors import UsageError
from modelkeep.web.context import Context
from modelkeep.web.frame import lead_to, page
from modelkeep.web.notices import Notice
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False)
ROUTES = Routes("shelf", router)

@router.get("/shelf")
def shelf(request: Request) -> Response:
    """Show a page."""
    return page(request, "error.html", title="Shelf <b>", message="A shelf", hint="")

@router.get("/broken")
def broken(request: Request) -> Response:
    """Fail."""
    raise UsageError("The shelf <i>fell</i>", hint="Put it up.")

@router.get("/moved")
def moved(request: Request, context: Context, to: str = "/shelf?a=1") -> Response:
    """Lead on."""
    return lead_to(request, context.notices, to, Notice("Moved <u>it</u>", undo="/back"))
'''
_BROWSER = {"Accept": "text/html,*/*"}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    folder = tmp_path_factory.mktemp("frame")
    (folder / "routes").mkdir()
    (folder / "routes/shelf.py").write_text(_PAGES)
    with WebServer(folder / "root", folder / "routes", offline=True) as server:
        yield server


def test_all_text_is_escaped(web: WebServer) -> None:
    text = web.get("/shelf", headers=_BROWSER).text
    assert "Shelf &lt;b&gt;" in text
    assert "<b>" not in text


def test_an_error_is_a_page_for_browsers_and_json_for_programs(web: WebServer) -> None:
    page = web.get("/broken", headers=_BROWSER)
    told = web.get("/broken", headers={"Accept": "application/json"})
    assert page.status_code == told.status_code == 400
    assert "The shelf &lt;i&gt;fell&lt;/i&gt;. Put it up." in page.text
    assert told.json()["error"]["message"] == "The shelf <i>fell</i>"


def test_what_the_checks_refuse_is_a_page_too(web: WebServer) -> None:
    headers = {**_BROWSER, "Content-Type": "text/plain"}
    answer = web.ask("POST", "/logout", data="x", headers=headers)
    assert answer.status_code == 415
    assert answer.headers["Content-Type"].startswith("text/html")


def test_what_happened_is_told_once(web: WebServer) -> None:
    answer = web.get("/moved", headers=_BROWSER, allow_redirects=False)
    where = answer.headers["Location"]
    assert (answer.status_code, where.partition("notice=")[0]) == (303, "/shelf?a=1&")
    first, second = (web.get(where, headers=_BROWSER).text for _ in range(2))
    assert "Moved &lt;u&gt;it&lt;/u&gt;." in first
    assert 'action="/back"' in first
    assert "Moved" not in second


@pytest.mark.parametrize("to", ["https://example.com/", "//example.com/x", "/\\example.com"])
def test_a_form_leads_nowhere_else(web: WebServer, to: str) -> None:
    answer = web.get("/moved", params={"to": to}, headers=_BROWSER, allow_redirects=False)
    assert answer.headers["Location"].startswith("/?notice=")


def test_what_a_sub_path_takes_off_is_put_before_every_address(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root", offline=True, base_path="/models") as server:
        text = server.get("/models/patterns", headers=_BROWSER).text
    assert f'href="/models{asset("app.css")}"' in text
    assert 'href="/models/install"' in text


def test_a_file_is_kept_as_long_as_its_content_is_the_same(web: WebServer) -> None:
    text = web.get("/patterns", headers=_BROWSER).text
    address = text.partition('<link rel="stylesheet" href="')[2].partition('"')[0]
    assert address == asset("app.css")
    named = requests.get(web.url + address, timeout=30)
    plain = requests.get(f"{web.url}/static/app.css", timeout=30)
    tag = {"If-None-Match": plain.headers["ETag"]}
    again = requests.get(f"{web.url}/static/app.css", headers=tag, timeout=30)
    older = requests.get(f"{web.url}/static/{'0' * 12}/app.css", timeout=30)
    assert (older.content, older.headers["Cache-Control"]) == (named.content, "no-cache")
    assert "immutable" in named.headers["Cache-Control"]
    assert plain.headers["Cache-Control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
