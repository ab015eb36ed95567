"""What is told of wrong requests: the value that is meant, in plain words, and no options."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelkeep import Settings
from modelkeep.web.app import make_api
from modelkeep.web.context import WebContext
from modelkeep.web.hints import NAMES, hint_over_http, message_over_http, over_http
from support.web import WebServer

_BULK = "/api/v1/model/record/bulk"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("web") / "root") as running:
        yield running


@pytest.mark.parametrize(
    ("hint", "told"),
    [
        ("Give the same --limit.", "Give the same limit."),
        ("Pass one with --token, or open it.", "Pass one with access_token, or open it."),
        ("Free some space or use --link hardlink or --inplace.", "Free some space."),
        ("Choose another root with --to: a, b.", ""),
        ("Mount its disk. Or use --no-wait.", "Mount its disk."),
        ("Accept it: modelkeep verify --accept KEY", "Accept it: modelkeep verify --accept KEY"),
        (
            "Store one with modelkeep token set hf, or pass it with --token.",
            "Store one with modelkeep token set hf, or pass it with access_token.",
        ),
        ("Update modelkeep: pip install --upgrade x", "Update modelkeep: pip install --upgrade x"),
        ("", ""),
    ],
)
def test_hints_name_what_a_request_has(hint: str, told: str) -> None:
    assert hint_over_http(hint) == told


def test_messages_keep_all_they_say() -> None:
    assert message_over_http("--after needs --no-wait") == "after needs no_wait"
    job = {"error": "--token is wrong", "parts": [{"hint": "Use --now."}], "name": "--now"}
    told = {"error": "access_token is wrong", "parts": [{"hint": "Use now."}], "name": "--now"}
    assert over_http(job) == told


def test_every_name_in_a_hint_is_one_of_a_request(tmp_path: Path) -> None:
    described = make_api(WebContext.open(Settings(root=tmp_path))).openapi()
    known = {
        parameter["name"]
        for path in described["paths"].values()
        for operation in path.values()
        for parameter in operation.get("parameters", ())
    }
    for schema in described["components"]["schemas"].values():
        known |= set(schema.get("properties", ()))
    assert set(NAMES.values()) - known == set()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"filter": 5}, "body.filter: must be text or a map"),
        ({"filter": {"tag": 1}}, "body.filter.tag: must be text or a list"),
        ({"filter": {"tag": [1]}}, "body.filter.tag.0: must be text"),
        ({"keys": []}, "body.action: is missing"),
        ({"keys": [], "action": "tag", "extra": 1}, "body.extra: is not a known field"),
    ],
)
def test_a_wrong_value_is_named_without_the_kinds_that_were_tried(
    web: WebServer, body: dict[str, Any], told: str
) -> None:
    answer = web.post(_BULK, {"action": "tag", **body} if "filter" in body else body)
    assert answer.status_code == 422
    assert told in answer.json()["error"]["message"]
    assert "union" not in answer.text


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b'{"keys":' + b"[" * 100_000, 400, "the body is nested too deeply"),
        (b'{"keys":', 422, "body: is not valid JSON: Expecting value (character 8)"),
    ],
)
def test_a_body_that_is_no_json_says_why(
    web: WebServer, body: bytes, status: int, told: str
) -> None:
    answer = web.ask("POST", _BULK, data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert told in answer.json()["error"]["message"]


def test_empty_names_and_tags_are_refused(web: WebServer) -> None:
    body = {"action": "tag", "keys": [], "tags": ["new", " "]}
    assert web.post(_BULK, body).status_code == 400
    answer = web.post("/api/v1/model/record/i/", {"name": " ", "path": "x", "type": "lora"})
    assert (answer.status_code, "is empty" in answer.text) == (415, True)
    answer = web.post("/api/v1/model/record/i/", {"name": "a\ud800", "path": "x", "type": "lora"})
    assert "Unicode" in answer.json()["error"]["hint"]


def test_names_that_are_no_names_are_refused(web: WebServer) -> None:
    answer = web.post("/api/v1/identify", {"source": "org/..."})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "SourceNotFoundError")
    source = {"type": "hf", "repo_id": "org/..."}
    assert web.post("/api/v1/identify", {"source": source}).status_code == 422
    for name in ("%2e%2e", "a%2f..%2fb", "%2e"):
        assert web.ask("PUT", f"/api/v1/views/{name}", json={"query": ""}).status_code == 400


def test_every_get_answers_head_without_a_body(web: WebServer) -> None:
    for path in ("/api/v1/roots", "/api/v1/model/record/", "/openapi.json", "/login"):
        asked, got = web.ask("HEAD", path), web.get(path)
        assert (asked.status_code, asked.content) == (got.status_code, b"")
        for name in ("content-type", "content-length", "etag"):
            assert asked.headers.get(name) == got.headers.get(name)
    assert web.ask("HEAD", "/api/v1/events").headers["Content-Type"].startswith("text/event-stream")
    assert web.ask("HEAD", "/api/v1/nothing").status_code == 404
    assert web.ask("HEAD", _BULK.replace("bulk", "import/1/pause")).status_code == 405


def test_programs_of_the_hub_are_told_in_sentences(web: WebServer) -> None:
    told = web.get("/hf/api/models/org/nope").headers["X-Error-Message"]
    assert told == (
        "Nothing of org/nope is installed here. Install it with: modelkeep install org/nope"
    )
