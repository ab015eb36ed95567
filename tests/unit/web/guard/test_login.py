"""Logging in: by a form, a link's code and a cookie that ends with its token."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from modelkeep.app import access
from modelkeep.app.server_tokens import ServerTokens
from modelkeep.web.guard.sessions import LIFETIME
from support.web import WebServer

_PAGES = '''
from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from modelkeep.web.guard.sessions import csrf_token
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False)
ROUTES = Routes("pages", router)

@router.get("/shelf")
async def shelf(request: Request) -> Response:
    """Show a page."""
    return HTMLResponse("csrf=" + csrf_token(request.scope))
'''
_BROWSER = {"Accept": "text/html,*/*"}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    folder = tmp_path_factory.mktemp("login")
    (folder / "routes").mkdir()
    (folder / "routes/shelf.py").write_text(_PAGES)
    with WebServer(folder / "root", folder / "routes") as server:
        yield server


class _Browser:
    def __init__(self, web: WebServer) -> None:
        self.web = web
        self.session = requests.Session()

    def ask(self, method: str, path: str, **options: object) -> requests.Response:
        headers = {**_BROWSER, **options.pop("headers", {})}  # type: ignore[dict-item]
        return self.session.request(
            method,
            self.web.url + path,
            headers=headers,
            allow_redirects=False,
            timeout=30,
            **options,  # type: ignore[arg-type]
        )

    def log_in(self, value: str, wanted: str = "/shelf") -> requests.Response:
        return self.ask("POST", "/login", data={"token": value, "next": wanted})


def test_a_token_gives_a_cookie_that_ends_with_it(web: WebServer) -> None:
    tokens = ServerTokens(web.context.settings)
    value = tokens.add("phone", "read")
    browser = _Browser(web)
    came = browser.log_in(value)
    assert (came.status_code, came.headers["Location"]) == (303, "/shelf")
    port = web.url.rpartition(":")[2]
    cookie = came.headers["Set-Cookie"]
    assert cookie.startswith(f"modelkeep_{port}=")
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Strict")
    assert value not in cookie
    assert browser.ask("GET", "/shelf").status_code == 200
    assert browser.ask("GET", "/api/v1/log").status_code == 200
    assert browser.ask("GET", "/hf/api/models/a/b").status_code == 401
    assert browser.ask("DELETE", "/api/v1/access/x").json()["error"]["code"] == "ReadOnlyToken"
    tokens.remove("phone")
    tokens.add("phone", "read")
    assert browser.ask("GET", "/api/v1/log").status_code == 401


def test_a_cookie_outlives_a_restart(tmp_path: Path) -> None:
    with WebServer(tmp_path) as web:
        token = web.headers["Authorization"].removeprefix("Bearer ")
        cookie = _Browser(web).log_in(token).headers["Set-Cookie"]
    with WebServer(tmp_path) as again:
        port = again.url.rpartition(":")[2]
        value = re.sub(r"modelkeep_\d+", f"modelkeep_{port}", cookie.partition(";")[0])
        named = {"Cookie": f"other=1; {value}", "Authorization": ""}
        assert again.get("/api/v1/log", headers=named).status_code == 200
        for wrong in (value[:-1], value.replace("server-token", "other"), value + "x"):
            changed = {"Cookie": wrong, "Authorization": ""}
            assert again.get("/api/v1/log", headers=changed).status_code == 401


def test_a_cookie_ends_after_a_while(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = _Browser(web)
    browser.log_in(web.headers["Authorization"].removeprefix("Bearer "))
    monkeypatch.setattr("modelkeep.web.guard.sessions.LIFETIME", -LIFETIME)
    assert browser.ask("GET", "/api/v1/log").status_code == 401


def test_the_code_of_a_link_logs_in_once(web: WebServer) -> None:
    code = access.login_link(web.context.settings, web.url).partition("#code=")[2]
    assert _Browser(web).log_in(code).status_code == 303
    again = _Browser(web).log_in(code)
    assert again.status_code == 403
    assert "not accepted" in again.text
    assert code not in again.text


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "/\\evil.example", "https://evil.example", "x", "/a\nb", ""]
)
def test_the_login_leads_to_pages_of_the_server_alone(web: WebServer, wanted: str) -> None:
    token = web.headers["Authorization"].removeprefix("Bearer ")
    browser = _Browser(web)
    assert browser.log_in(token, wanted).headers["Location"] == "/"
    asked = browser.ask("GET", "/login", params={"next": wanted})
    assert (asked.status_code, asked.headers["Location"]) == (303, "/")


def test_a_browser_without_a_cookie_is_shown_the_form(web: WebServer) -> None:
    own = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}
    sent = _Browser(web).ask("GET", "/shelf?page=2", headers=own)
    assert (sent.status_code, sent.headers["Location"]) == (303, "/login?next=/shelf%3Fpage%3D2")
    page = _Browser(web).ask("GET", sent.headers["Location"])
    assert page.status_code == 200
    assert 'name="next" value="/shelf?page=2"' in page.text
    assert "<script>" not in page.text
    assert "style=" not in page.text
    for name in re.findall(r'"(/static/[^"]*)"', page.text):
        assert _Browser(web).ask("GET", name).status_code == 200
    assert _Browser(web).ask("GET", "/static/..%2Fpages.py").status_code == 404


def test_a_link_of_another_site_gets_a_page_that_asks_again(web: WebServer) -> None:
    from_afar = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    page = _Browser(web).ask("GET", "/shelf?a=1&b=2", headers=from_afar)
    assert page.status_code == 200
    assert '<meta http-equiv="refresh" content="0; url=/shelf?a=1&amp;b=2">' in page.text
    # Where browsers do not say where they come from, the login page sends back who has a cookie.
    page = _Browser(web).ask("GET", "/shelf")
    assert "url=/login?next=/shelf" in page.text
    page = _Browser(web).ask("GET", "//evil.example/x", headers=from_afar)
    assert 'url=/"' in page.text


def test_forms_carry_what_only_our_pages_know(web: WebServer) -> None:
    browser = _Browser(web)
    browser.log_in(web.headers["Authorization"].removeprefix("Bearer "))
    assert browser.ask("POST", "/logout", data={"csrf": "wrong"}).status_code == 403
    token = browser.ask("GET", "/shelf").text.removeprefix("csrf=")
    assert len(token) == 64
    assert f'name="csrf" value="{token}"' in browser.ask("GET", "/").text
    out = browser.ask("POST", "/logout", data={"csrf": token})
    assert (out.status_code, out.headers["Location"]) == (303, "/login")
    assert browser.ask("GET", "/api/v1/log").status_code == 401


def test_behind_a_proxy_the_cookie_is_for_its_prefix_and_for_tls(tmp_path: Path) -> None:
    with WebServer(tmp_path, trusted_proxies=["127.0.0.1"], base_path="/keep") as web:
        said = {"X-Forwarded-Proto": "https", "Origin": "https://127.0.0.1:" + web.url[17:]}
        token = web.headers["Authorization"].removeprefix("Bearer ")
        came = web.ask(
            "POST",
            "/keep/login",
            data={"token": token, "next": "/shelf"},
            headers=said,
            allow_redirects=False,
        )
        assert came.headers["Location"] == "/keep/shelf"
        assert came.headers["Set-Cookie"].endswith(
            "; Path=/keep; HttpOnly; SameSite=Strict; Secure"
        )


def test_logins_are_in_the_log_of_changes(web: WebServer) -> None:
    browser, before = _Browser(web), web.get("/api/v1/log").json()["items"]
    assert browser.log_in("wrong").status_code == 403
    browser.log_in(web.headers["Authorization"].removeprefix("Bearer "))
    logged, *others = web.get("/api/v1/log").json()["items"]
    assert others == before
    assert (logged["action"], logged["status"], logged["path"]) == ("log_in", 303, "/login")
    assert logged["who"] == "server-token"
