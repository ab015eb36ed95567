"""Who gets in: by a token, under a name of the server, from behind a proxy that is trusted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelkeep.app.server_tokens import ServerTokens
from support.web import WebServer

_TOY = '''
import asyncio
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from modelkeep.web.guard.asked import asked_of, caller_of
from modelkeep.web.replies import json_reply
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=API + "/echo")
ROUTES = Routes("echo", router)

async def events():
    while True:
        yield b"data: x\\n\\n"
        await asyncio.sleep(0.01)

@router.get("/stream")
async def stream() -> Response:
    """Send events until the listener goes."""
    return StreamingResponse(events(), media_type="text/event-stream")

@router.get("/")
async def echo(request: Request) -> Response:
    """Tell what the server knows of the request."""
    asked, caller = asked_of(request.scope), caller_of(request.scope)
    return json_reply({
        "client": asked.client, "url": str(request.url), "path": asked.path,
        "who": caller and caller.name,
    })
'''
_ECHO = "/api/v1/echo"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    folder = tmp_path_factory.mktemp("guard")
    (folder / "routes").mkdir()
    (folder / "routes/echo.py").write_text(_TOY)
    settings = {
        "allowed_hosts": ["models.example", "other.example:8443"],
        "trusted_proxies": ["127.0.0.0/8", "10.0.0.0/8"],
    }
    with WebServer(folder / "root", folder / "routes", **settings) as server:
        yield server


def test_only_a_token_gets_in(web: WebServer) -> None:
    tokens = ServerTokens(web.context.settings)
    assert web.get(_ECHO).json()["who"] == "server-token"
    value = tokens.add("ci", "read")
    named = {"Authorization": f"Bearer {value}"}
    assert web.get(_ECHO, headers=named).json()["who"] == "ci"
    tokens.remove("ci")
    assert web.get(_ECHO, headers=named).status_code == 401
    for wrong in ("Bearer wrong", "Bearer", "Basic abc", "", f"Token {value}", "Bearer ü"):
        refused = web.get(_ECHO, headers={"Authorization": wrong})
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == "Bearer"
        assert refused.json()["error"]["code"] == "Unauthorized"


def test_a_token_ends_when_it_says_so(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = ServerTokens(web.context.settings)
    value = tokens.add("short", "read", time.time() + 1000)
    named = {"Authorization": f"Bearer {value}"}
    assert web.get(_ECHO, headers=named).status_code == 200
    later = time.time() + 2000
    monkeypatch.setattr("modelkeep.app.server_tokens.time.time", lambda: later)
    assert web.get(_ECHO, headers=named).status_code == 401


def test_a_stream_ends_with_its_token(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelkeep.web.guard.streams._PAUSE", 0)
    tokens = ServerTokens(web.context.settings)
    named = {"Authorization": f"Bearer {tokens.add('listener', 'read')}"}
    with web.get(f"{_ECHO}/stream", headers=named, stream=True) as answer:
        pieces = answer.iter_content(None)
        assert b"data" in next(pieces)
        tokens.remove("listener")
        for _ in pieces:  # what was on its way, and then the end
            pass


def test_a_damaged_list_lets_nobody_in_but_the_server_s_own(tmp_path: Path) -> None:
    with WebServer(tmp_path) as web:
        tokens = ServerTokens(web.context.settings)
        named = {"Authorization": f"Bearer {tokens.add('ci', 'read')}"}
        (tmp_path / "secrets/server-tokens.json").write_text("{")
        assert web.get("/openapi.json", headers=named).status_code == 401
        assert web.get("/openapi.json").status_code == 200
        assert web.get("/api/v1/access").status_code == 500
        (tmp_path / "secrets/server-token").unlink()
        assert web.get("/openapi.json").status_code == 401


def test_the_tokens_file_is_for_its_owner_alone(web: WebServer) -> None:
    ServerTokens(web.context.settings).add("another", "read")
    folder = web.context.settings.root / "secrets"
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes["server-token"] == modes["server-tokens.json"] == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:{port}", 200),
        ("LOCALHOST.:{port}", 200),
        ("127.0.0.1:{port}", 200),
        ("[::1]:{port}", 200),
        ("models.example", 200),
        ("models.example:1234", 200),
        ("other.example:8443", 200),
        ("other.example", 421),
        ("localhost", 421),
        ("localhost:1", 421),
        ("evil.example:{port}", 421),
        ("127.0.0.1.evil.example:{port}", 421),
        ("127.0.0.2:{port}", 421),
        ("[::1]evil:{port}", 421),
        ("localhost:{port}:{port}", 421),
        ("localhost:{port}, evil.example", 421),
        ("", 421),
    ],
)
def test_the_host_has_to_be_a_name_of_the_server(web: WebServer, host: str, status: int) -> None:
    name = host.format(port=web.url.rpartition(":")[2])
    answer = web.get("/healthz", headers={"Host": name})
    assert answer.status_code == status


def test_every_answer_tells_browsers_what_they_may_do(web: WebServer) -> None:
    for headers in ({}, {"Host": "evil.example"}, {"Authorization": "x"}):
        answer = web.get(_ECHO, headers=headers).headers
        assert answer["Content-Security-Policy"].startswith("default-src 'self'; ")
        assert "unsafe" not in answer["Content-Security-Policy"]
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] == "same-origin"
        assert len(answer["X-Request-ID"]) == 16


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("1.1.1.1, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("nonsense", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_a_trusted_proxy_says_who_asks(web: WebServer, forwarded: str, client: str) -> None:
    said = {"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https", "X-Request-ID": "abc-1"}
    answer = web.get(_ECHO, headers=said | {"Host": "models.example"})
    assert answer.json()["client"] == client
    assert answer.json()["url"] == "https://models.example/api/v1/echo"
    assert answer.headers["X-Request-ID"] == "abc-1"


def test_a_trusted_proxy_says_which_prefix_it_took_off(web: WebServer) -> None:
    answer = web.get(_ECHO, headers={"X-Forwarded-Prefix": "/keep/"}).json()
    assert (answer["path"], answer["url"]) == (_ECHO, f"{web.url}/keep{_ECHO}")


def test_others_are_not_believed_and_a_prefix_may_come_along(tmp_path: Path) -> None:
    (tmp_path / "routes").mkdir()
    (tmp_path / "routes/echo.py").write_text(_TOY)
    with WebServer(tmp_path / "root", tmp_path / "routes", base_path="keep/") as web:
        said = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
        for path in (_ECHO, f"/keep{_ECHO}"):
            answer = web.get(path, headers=said).json()
            assert answer["client"] == "127.0.0.1"
            assert answer["url"] == f"{web.url}/keep{_ECHO}"
