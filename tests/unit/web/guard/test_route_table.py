"""Every route there is: who may ask it, from where, and with which body."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

import pytest

from modelkeep.app.server_tokens import ServerTokens
from modelkeep.web.app import make_api
from modelkeep.web.router import LateRoute
from support.web import WebServer

#: What everybody may ask.
_OPEN = {"/healthz", "/login", "/static/1"}
#: What those may ask who have any token.
_OF_SESSIONS = {"/login", "/logout"}
#: Reading that needs a token which may do everything.
_FOR_MANAGERS = {
    "/api/v1/access",
    "/settings/access",
    *(f"/models/1/{change}" for change in ("edit", "enrich", "reidentify", "remove")),
}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    # Each wrong token is said to come from another address: ten from one have it wait.
    root = tmp_path_factory.mktemp("routes")
    with WebServer(root, offline=True, trusted_proxies=["127.0.0.1"]) as server:
        yield server


@pytest.fixture(scope="module")
def routes(web: WebServer) -> list[tuple[str, str]]:
    """Every method and path; what a path takes is ``1``."""
    found = [route for route in make_api(web.context).routes if isinstance(route, LateRoute)]
    table = {(m, re.sub(r"{[^}]*}", "1", r.path)) for r in found for m in r.methods or ()}
    assert len(table) > 20
    return sorted(table | {("GET", "/openapi.json"), ("GET", "/api/v1/nothing")})


def _statuses(
    web: WebServer, routes: list[tuple[str, str]], **headers: str
) -> dict[tuple[str, str], tuple[int, str]]:
    return {route: _ask(web, *route, **headers) for route in routes}


def _ask(web: WebServer, method: str, path: str, **headers: str) -> tuple[int, str]:
    """Return the status, and the code of an error; what goes on for ever is let go."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with web.ask(method, path, headers=named, stream=True, allow_redirects=False) as answer:
        is_error = answer.status_code >= 400 and method != "HEAD"
        is_json = answer.headers.get("Content-Type") == "application/json"
        code = answer.json()["error"]["code"] if is_error and is_json else ""
        return answer.status_code, code


def _is_open(path: str) -> bool:
    return path.rstrip("/") in _OPEN


def _is_write(method: str, path: str) -> bool:
    """Tell whether something may be changed; the mirror of the Hub only answers questions."""
    return method not in {"GET", "HEAD", "OPTIONS"} and not path.startswith("/hf/")


def test_nobody_gets_in_without_a_token(web: WebServer, routes: list[tuple[str, str]]) -> None:
    found = _statuses(web, routes, Authorization="")
    shut = {route: told for route, told in found.items() if not _is_open(route[1])}
    assert {told[0] for told in shut.values()} == {401}, shut
    assert 401 not in {found[route][0] for route in found.keys() - shut.keys()}


def test_nobody_gets_in_with_a_wrong_token(web: WebServer, routes: list[tuple[str, str]]) -> None:
    numbers = count()
    for method, path in routes:
        if not _is_open(path):
            address = "10.{}.{}.9".format(*divmod(next(numbers), 256))
            told = _ask(web, method, path, Authorization="Bearer x", X_Forwarded_For=address)
            assert told[0] == 401, (method, path, told)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
    ],
)
def test_nobody_gets_in_from_elsewhere(
    web: WebServer, routes: list[tuple[str, str]], headers: dict[str, str], status: int
) -> None:
    found = _statuses(web, routes, **headers)
    assert {told[0] for told in found.values()} == {status}, found


def test_forms_of_other_pages_change_nothing(web: WebServer, routes: list[tuple[str, str]]) -> None:
    assert any(_is_write(*route) for route in routes)
    for method, path in filter(lambda route: _is_write(*route), routes):
        for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data"):
            is_form_page = not path.startswith("/api/") and kind.endswith("urlencoded")
            takes_files = path.rstrip("/").endswith("/picture") and kind.endswith("form-data")
            if not is_form_page and not takes_files:
                sent = web.ask(method, path, data=b"a=1", headers={"Content-Type": kind})
                assert sent.status_code == 415, (method, path, kind)


def test_a_read_token_reads(web: WebServer, routes: list[tuple[str, str]]) -> None:
    value = ServerTokens(web.context.settings).add("reader", "read")
    for method, path in routes:
        told = _ask(web, method, path, Authorization=f"Bearer {value}")
        bare = path.rstrip("/")
        if not _is_write(method, path):
            assert (told[0] == 403) == (bare in _FOR_MANAGERS), (method, path, told)
            assert told[0] != 401
            assert told[0] < 500, (method, path, told)
        elif bare not in _OF_SESSIONS:
            assert told == (403, "ReadOnlyToken"), (method, path)
    ServerTokens(web.context.settings).remove("reader")
    assert {
        _ask(web, *route, Authorization=f"Bearer {value}", X_Forwarded_For="10.200.0.1")[0]
        for route in routes[:5]
    } <= {401}


def test_every_answer_of_the_checks_is_declared(web: WebServer) -> None:
    described = web.get("/openapi.json").json()
    assert described["security"] == [{"token": []}]
    for path in described["paths"].values():
        for operation in path.values():
            assert {"401", "403", "413", "421", "429"} <= operation["responses"].keys()
