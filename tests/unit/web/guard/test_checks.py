"""Origins, bodies, servers that only read, pages that the settings let ask; the log of changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelkeep.core.limits import REQUEST_ADDRESS_BYTES, REQUEST_BYTES
from modelkeep.errors import SettingsError
from modelkeep.settings import Settings
from modelkeep.web.app import make_app
from modelkeep.web.context import WebContext
from support.web import WebServer

_PAGE = "http://app.example:3000"
_ACCESS = "/api/v1/access"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    names = {"allowed_hosts": ["models.example"], "cors_origins": [_PAGE]}
    with WebServer(tmp_path_factory.mktemp("checks"), **names) as server:
        yield server


@pytest.mark.parametrize(
    ("origin", "host", "status"),
    [
        ("{url}", None, 200),
        ("https://models.example", None, 200),
        ("http://models.example", "models.example", 200),
        ("https://models.example", "models.example", 200),
        ("https://models.example:8443", "models.example:8443", 200),
        ("https://models.example:8443", "models.example", 403),
        ("https://sub.models.example", None, 403),
        ("http://models.example.evil.example", None, 403),
        ("file://", None, 403),
        ("", None, 403),
    ],
)
def test_pages_of_the_server_may_ask(
    web: WebServer, origin: str, host: str | None, status: int
) -> None:
    headers = {"Origin": origin.format(url=web.url)} | ({"Host": host} if host else {})
    assert web.get("/healthz", headers=headers).status_code == status


def test_links_of_other_sites_lead_here_and_their_pictures_do_not(web: WebServer) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert web.get("/healthz", headers=link).status_code == 200
    assert web.get("/healthz", headers=link | {"Sec-Fetch-Dest": "iframe"}).status_code == 403
    assert web.ask("DELETE", f"{_ACCESS}/x", headers=link).status_code == 403


def test_a_page_that_the_settings_name_asks_with_a_token(web: WebServer) -> None:
    question = {
        "Origin": _PAGE,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization",
        "Authorization": "",
    }
    told = web.ask("OPTIONS", _ACCESS, headers=question)
    assert told.status_code == 204
    assert told.headers["Access-Control-Allow-Origin"] == _PAGE
    assert "Authorization" in told.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in told.headers
    asked = {"Origin": _PAGE, "Sec-Fetch-Site": "cross-site"}
    answer = web.get(_ACCESS, headers=asked)
    assert answer.status_code == 200
    assert (answer.headers["Access-Control-Allow-Origin"], answer.headers["Vary"]) == (
        _PAGE,
        "Origin",
    )
    page_sees = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"Modelkeep-Job", "Upload-Offset", "Tus-Extension"} <= set(page_sees)
    refused = web.get(_ACCESS, headers=asked | {"Authorization": ""})
    assert refused.status_code == 401
    assert refused.headers["Access-Control-Allow-Origin"] == _PAGE
    other = web.ask("OPTIONS", _ACCESS, headers=question | {"Origin": web.url})
    assert other.status_code == 403
    assert "Access-Control-Allow-Origin" not in web.get(_ACCESS).headers


@pytest.mark.parametrize(
    "given",
    [
        {"cors_origins": ["*"]},
        {"cors_origins": ["null"]},
        {"cors_origins": ["https://app.example/"]},
        {"cors_origins": ["https://*.example"]},
        {"trusted_proxies": ["proxy.example"]},
    ],
)
def test_settings_that_let_everybody_in_are_refused(
    tmp_path: Path, given: dict[str, list[str]]
) -> None:
    context = WebContext.open(Settings(root=tmp_path, **given))
    with pytest.raises(SettingsError, match=next(iter(given))):
        make_app(context)
    context.manager.close()


def test_large_bodies_are_refused_also_without_a_length(web: WebServer) -> None:
    kind = {"Content-Type": "application/json"}
    body = b'"' + b"x" * REQUEST_BYTES + b'"'
    for data in (body, iter([body[:1000], body[1000:]])):
        answer = web.ask("POST", _ACCESS, data=data, headers=kind)
        assert answer.status_code == 413
        assert answer.json()["error"]["code"] == "ContentTooLarge"
    small = web.ask("POST", _ACCESS, data=iter([b"{}"]), headers=kind)
    assert small.status_code == 422


def test_packed_bodies_are_refused(web: WebServer) -> None:
    packed = {"Content-Encoding": "gzip"}
    assert web.post(_ACCESS, {"name": "packed"}, headers=packed).status_code == 415
    assert "packed" not in web.get(_ACCESS).text


def test_endless_addresses_are_refused(web: WebServer) -> None:
    long = "x" * (REQUEST_ADDRESS_BYTES + 1)
    for path in (f"/{long}", f"{_ACCESS}?{long}"):
        answer = web.get(path)
        assert answer.status_code == 414
        assert answer.json()["error"]["code"] == "AddressTooLong"
    assert web.get(f"{_ACCESS}?{long[: 30 << 10]}").status_code == 200


def test_a_read_only_server_changes_nothing(tmp_path: Path) -> None:
    with WebServer(tmp_path, read_only=True) as web:
        refused = web.post(_ACCESS, {"name": "new"})
        assert refused.status_code == 403
        assert refused.json()["error"]["code"] == "ReadOnlyServer"
        assert web.get(_ACCESS).json() == {"items": []}


def test_tokens_are_made_listed_and_removed_over_http(web: WebServer) -> None:
    made = web.post(_ACCESS, {"name": "ci", "scope": "read", "expires": "30d"})
    assert made.status_code == 201
    value = made.json()["token"]
    assert "ci" in [one["name"] for one in web.get(_ACCESS).json()["items"]]
    assert value not in web.get(_ACCESS).text
    assert web.post(_ACCESS, {"name": "ci"}).status_code == 409
    assert web.post(_ACCESS, {"name": "server-token"}).status_code == 400
    assert web.post(_ACCESS, {"name": "new", "expires": "\ud800"}).status_code in {400, 422}
    reader = {"Authorization": f"Bearer {value}"}
    assert web.get("/api/v1/log", headers=reader).status_code == 200
    assert web.get(_ACCESS, headers=reader).status_code == 403
    assert web.ask("DELETE", f"{_ACCESS}/ci").status_code == 204
    assert web.ask("DELETE", f"{_ACCESS}/ci").status_code == 404
    assert web.get("/api/v1/log", headers=reader).status_code == 401


def test_the_log_says_who_changed_what_and_what_came_of_it(web: WebServer) -> None:
    web.post(_ACCESS, {"name": "earlier", "scope": "read"})
    made = web.post(_ACCESS, {"name": "logged", "scope": "manage"})
    named = {"Authorization": f"Bearer {made.json()['token']}"}
    gone = web.ask("DELETE", f"{_ACCESS}/nobody?token=secret", headers=named)
    page = web.get("/api/v1/log", params={"limit": 2}).json()
    last, before = page["items"]
    assert (last["who"], last["action"], last["status"]) == ("logged", "remove_access", 404)
    assert (last["path"], last["client"]) == (f"{_ACCESS}/nobody", "127.0.0.1")
    assert last["request_id"] == gone.headers["X-Request-ID"]
    assert (before["who"], before["action"], before["status"]) == (
        "server-token",
        "add_access",
        201,
    )
    rest = web.get("/api/v1/log", params={"after": page["next"]}).json()
    assert all(one["id"] < before["id"] for one in rest["items"])
    assert rest["next"] is None
    assert web.get("/api/v1/log", params={"limit": 0}).status_code == 422
