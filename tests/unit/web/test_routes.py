"""Groups of routes: found by themselves, with and without a final slash."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.web import WebServer

_TOY = '''
from fastapi import Response
from modelkeep.web.replies import json_reply
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=API + "/toys")
ROUTES = Routes("toys", router)

@router.get("/{name:path}")
async def one_toy(name: str) -> Response:
    """Return a toy."""
    return json_reply({"toy": name})

@router.get("/")
async def all_toys() -> Response:
    """Return all toys."""
    return json_reply({"toys": []})
'''

_PAGE = '''
from fastapi.responses import HTMLResponse
from modelkeep.web.errors import declared
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=API)
ROUTES = Routes("pages", router)

@router.get("/page", response_class=HTMLResponse, responses=declared(404))
async def page() -> HTMLResponse:
    """Return a page."""
    return HTMLResponse("")
'''


def test_a_file_with_routes_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "routes"
    folder.mkdir()
    (folder / "toys.py").write_text(_TOY)
    with WebServer(tmp_path / "root", folder) as web:
        assert web.get("/api/v1/toys/").json() == {"toys": []}
        bare = web.get("/api/v1/toys")
        assert (bare.json(), bare.history) == ({"toys": []}, [])
        assert web.get("/api/v1/toys/a/b/").json() == {"toy": "a/b/"}
        listed = web.get("/openapi.json").json()["paths"]
        assert {"/api/v1/toys/", "/api/v1/toys/{name}"} <= listed.keys()
        assert "/api/v1/toys" not in listed


def test_errors_are_json_where_the_answer_is_a_page(tmp_path: Path) -> None:
    folder = tmp_path / "routes"
    folder.mkdir()
    (folder / "pages.py").write_text(_PAGE)
    with WebServer(tmp_path / "root", folder) as web:
        described = web.get("/openapi.json").json()["paths"]["/api/v1/page"]["get"]["responses"]
    assert set(described["200"]["content"]) == {"text/html"}
    assert set(described["404"]["content"]) == {"application/json"}


def test_unknown_addresses_are_errors_in_one_shape(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root") as web:
        answer = web.get("/api/v1/nothing")
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "NotFound"
        assert answer.json()["detail"] == "Not Found: /api/v1/nothing"


def test_a_server_is_healthy_before_it_is_ready(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root") as web:
        assert web.get("/healthz").json()["status"] == "ok"
        assert web.get("/healthz?ready").status_code == 503
        web.context.is_ready.set()
        assert web.get("/healthz?ready").json()["status"] == "ok"


_BROKEN = '''
from fastapi import Response
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=API)
ROUTES = Routes("broken", router)

@router.get("/broken")
async def broken() -> Response:
    """Fail."""
    return 1 / 0
'''


def test_the_log_says_where_the_server_failed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "routes"
    folder.mkdir()
    (folder / "broken.py").write_text(_BROKEN)
    with WebServer(tmp_path / "root", folder) as web:
        answer = web.get("/api/v1/broken")
    assert answer.status_code == 500
    assert "ZeroDivisionError" not in answer.text
    [told] = [one.message for one in caplog.records if one.name == "modelkeep.web.errors"]
    assert "GET /api/v1/broken failed: ZeroDivisionError in " in told
    assert "broken.py, line 12." in told
