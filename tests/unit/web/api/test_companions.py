"""What works with a model: over HTTP, on the command line and from Python, the same list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from modelkeep.core.configs import ModelConfigFactory
from modelkeep.core.taxonomy import RecordState
from modelkeep.records.listing import NewRecord
from support.program import Program
from support.web import WebServer

SEARCH = "/api/v1/model/record/search"

_MODELS: dict[str, dict[str, Any]] = {
    "pony": {"type": "main", "format": "checkpoint", "base": "sdxl", "lineage": "pony"},
    "plain": {"type": "main", "format": "checkpoint", "base": "sdxl"},
    "old": {"type": "main", "format": "checkpoint", "base": "sd-1"},
    "pony style": {"type": "lora", "format": "lycoris", "base": "sdxl", "lineage": "pony"},
    "any style": {"type": "lora", "format": "lycoris", "base": "sdxl"},
    "old style": {"type": "lora", "format": "lycoris", "base": "sd-1"},
    "gone style": {"type": "lora", "format": "lycoris", "base": "sdxl"},
    "a vae": {"type": "vae", "format": "checkpoint", "base": "sdxl"},
    "clip_g": {"type": "clip_embed", "format": "checkpoint", "base": "any"},
    "some encoder": {"type": "clip_embed", "format": "checkpoint", "base": "any"},
    "t5xxl": {"type": "t5_encoder", "format": "checkpoint", "base": "any"},
}
_FOR_PONY = ["pony style", "any style", "a vae", "clip_g", "some encoder"]


def _records() -> Iterator[NewRecord]:
    for number, (name, fields) in enumerate(_MODELS.items()):
        config = ModelConfigFactory.make_config({**fields, "name": name, "path": f"p{number}"})
        yield NewRecord(f"{number:032x}", config, tags=("red",) if "style" in name else ())


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("root")) as server:
        records = server.manager.records
        records.add_models(_records())
        records.set_states({server.manager.find("gone style").key: RecordState.MISSING})
        yield server


def _names(web: WebServer, **asked: object) -> list[str]:
    answer = web.get(SEARCH, params=asked)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


def test_what_works_with_a_main_model(web: WebServer) -> None:
    assert _names(web, **{"for": "pony"}) == _FOR_PONY
    assert _names(web, **{"for": web.manager.find("old").key}) == ["old style", "some encoder"]
    assert [model.name for model in web.manager.works_with("pony")] == _FOR_PONY
    record = web.manager.find("pony")
    assert [model.name for model in web.manager.works_with(record)] == _FOR_PONY


def test_the_reverse(web: WebServer) -> None:
    assert _names(web, **{"for": "pony style"}) == ["pony", "plain"]
    assert _names(web, **{"for": "a vae"}) == ["plain", "pony"]
    assert _names(web, **{"for": "clip_g"}) == ["plain", "pony"]
    assert _names(web, **{"for": "t5xxl"}) == []


def test_it_goes_with_other_filters(web: WebServer) -> None:
    assert _names(web, **{"for": "pony", "type": "lora"}) == ["pony style", "any style"]
    assert _names(web, **{"for": "pony", "tag": "red", "q": "any"}) == ["any style"]
    assert _names(web, **{"for": "pony", "base": "sd-1"}) == []
    assert _names(web, **{"for": "pony", "state": "missing"}) == ["gone style"]
    assert _names(web, **{"for": "pony", "type": "main"}) == []


def test_pages_follow_each_other(web: WebServer) -> None:
    names, after = [], None
    while True:
        asked = {"for": "pony", "limit": 2} | ({"after": after} if after else {})
        page = web.get(SEARCH, params=asked).json()
        names += [item["name"] for item in page["items"]]
        if (after := page["next"]) is None:
            break
    assert names == _FOR_PONY


def test_each_says_how_it_goes_with_the_model(web: WebServer) -> None:
    items = web.get(SEARCH, params={"for": "pony"}).json()["items"]
    told = {item["name"]: item["companion"] for item in items}
    assert told["a vae"] == {"is_certain": True, "reason": "is for sdxl"}
    assert told["clip_g"] == {"is_certain": True, "reason": "sdxl uses clip-g"}
    assert told["some encoder"]["is_certain"] is False


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"for": "nothing"}, 404),
        ({"for": "pony", "after": "x"}, 400),
        ({"for": "pony", "after": "W10"}, 400),
        ({"for": "pony", "sort": "size"}, 400),
        ({"for": "pony", "facets": "true"}, 400),
        ({"for": "pony", "in": "nowhere"}, 400),
    ],
)
def test_what_makes_no_sense(asked: dict[str, str], status: int, web: WebServer) -> None:
    assert web.get(SEARCH, params=asked).status_code == status


def test_an_action_on_what_works_with_a_model(web: WebServer) -> None:
    wanted = {"for": "pony", "type": "lora"}
    body = {"filter": wanted, "action": "tag", "tags": ["x"], "dry_run": True}
    answer = web.post("/api/v1/model/record/bulk", body)
    assert answer.status_code == 200, answer.text
    assert [entry["name"] for entry in answer.json()["entries"]] == ["pony style", "any style"]


def test_on_the_command_line(web: WebServer, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = web.manager.settings.root
    program = Program(root, tmp_path_factory.mktemp("home"))
    lines = program.call("--root", root, "list", "--for", "pony", "--json").json
    assert [line["name"] for line in lines] == _FOR_PONY
    assert lines[0]["companion"]["is_certain"] is True
    table = program.call("--root", root, "list", "--for", "pony", "--limit", "2").lines
    assert table[0].split()[-1] == "WORKS"
    assert "Nothing in the library" in program.call("--root", root, "list", "--for", "t5xxl").err
    program.call("--root", root, "list", "--for", "pony", "--sort", "size", status=2)
