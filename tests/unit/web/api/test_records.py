"""The routes of records that the specification has, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from modelkeep.core.configs import ModelConfigFactory
from modelkeep.core.metadata import BaseMetadata
from modelkeep.jobs.hash_lookups import HashLookups
from modelkeep.records.listing import NewRecord
from support.web import WebServer

RECORDS = "/api/v1/model/record"
_KINDS = (("lora", "lycoris"), ("main", "checkpoint"), ("vae", "diffusers"))
_BASES = ("sd-1", "sdxl")


def new(key: str, number: int, **fields: Any) -> NewRecord:
    kind = _KINDS[number % len(_KINDS)]
    given = {"type": kind[0], "format": kind[1], "base": _BASES[number % 2], "name": f"n{number}"}
    config = ModelConfigFactory.make_config({**given, "path": f"p{number}", **fields})
    return NewRecord(key, config, metadata=fields.pop("metadata", None))


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("root")) as server:
        server.manager.settings.models_dir.mkdir(parents=True)
        for name in ("p0", "p1", "new.safetensors", "b", "c"):
            (server.manager.settings.models_dir / name).write_bytes(b"a model")
        records = [new(f"k{number}", number) for number in range(12)]
        server.manager.records.add_models([*records, new("with/slash", 20, name="slash")])
        said = BaseMetadata(name="n0", author="Ann", tags={"red", "blue"})
        server.manager.metadata.add_metadata("k0", said)
        server.manager.metadata.set_tags("k1", ["red"])
        yield server


def keys(found: Any) -> list[str]:
    return [model["key"] for model in found.json()["models"]]


def test_all_records_come_in_the_order_of_the_catalogue(web: WebServer) -> None:
    expected = [model.to_json() for model in web.manager.records.all_models()]
    assert web.get(f"{RECORDS}/").json() == {"models": expected}
    assert len(keys(web.get(RECORDS, params={"limit": 2}))) == 2


def test_bases_come_one_after_the_other(web: WebServer) -> None:
    found = web.get(RECORDS, params={"base_models": ["sdxl", "nothing", "sd-1"]})
    bases = [model["base"] for model in found.json()["models"]]
    assert bases == ["sdxl"] * bases.count("sdxl") + ["sd-1"] * bases.count("sd-1")
    assert web.get(RECORDS, params={"base_models": "no such"}).json() == {"models": []}


def test_type_format_and_name_filter(web: WebServer) -> None:
    asked = {"model_type": "vae", "model_format": "diffusers", "model_name": "n5"}
    assert keys(web.get(RECORDS, params=asked)) == ["k5"]
    assert keys(web.get(RECORDS, params={**asked, "model_type": "lora"})) == []
    assert web.get(RECORDS, params={"model_type": "sofa"}).status_code == 422


def test_one_record_by_its_exact_key(web: WebServer) -> None:
    found = web.get(f"{RECORDS}/i/with/slash")
    assert (found.json()["name"], found.status_code) == ("slash", 200)
    assert web.get(f"{RECORDS}/i/with/slash/").json() == found.json()
    tag = found.headers["ETag"]
    again = web.get(f"{RECORDS}/i/with/slash", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    missing = web.get(f"{RECORDS}/i/with")
    assert missing.status_code == 404
    assert missing.json()["error"]["code"] == "UnknownModelException"


def test_summaries_metadata_and_tags(web: WebServer) -> None:
    page = web.get(f"{RECORDS}/meta", params={"per_page": 2, "order_by": "name"}).json()
    assert (page["total"], page["pages"], page["per_page"]) == (13, 7, 2)
    assert page["items"][0]["tags"] == ["blue", "red"]
    assert web.get(f"{RECORDS}/meta", params={"per_page": 0}).status_code == 422
    assert web.get(f"{RECORDS}/meta", params={"page": 10**30}).status_code == 422
    assert web.get(f"{RECORDS}/meta/i/k0").json()["author"] == "Ann"
    assert web.get(f"{RECORDS}/meta/i/k1").status_code == 404
    assert web.get(f"{RECORDS}/tags").json() == ["blue", "red"]
    assert keys(web.get(f"{RECORDS}/tags/search", params={"tags": ["red", "blue"]})) == ["k0"]
    assert set(keys(web.get(f"{RECORDS}/tags/search?tags=red"))) == {"k0", "k1"}
    assert keys(web.get(f"{RECORDS}/tags/search")) == []


def test_what_get_gives_patch_takes_and_only_changes_count(web: WebServer) -> None:
    given = web.get(f"{RECORDS}/i/k2").json()
    assert web.ask("PATCH", f"{RECORDS}/i/k2", json=given).json() == given
    edits = HashLookups(web.manager.presence.state)
    assert edits.edited("k2") == frozenset()
    wanted = {**given, "description": "changed", "key": "other", "state": "missing"}
    changed = web.ask("PATCH", f"{RECORDS}/i/k2", json=wanted)
    assert (changed.status_code, changed.json()) == (200, {**given, "description": "changed"})
    assert edits.edited("k2") == {"description"}
    sparse = web.ask("PATCH", f"{RECORDS}/i/k2", json={"base_model": "sdxl"}).json()
    assert (sparse["base"], sparse["description"]) == ("sdxl", "changed")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"size": -1}', 409),
        ('{"size": 1e30}', 409),
        (f'{{"size": {10**30}}}', 409),
        ('{"sofa": 1}', 409),
        ('{"name": null}', 409),
        ('{"name": "a\\u0000b"}', 409),
        ('{"name": "\\ud800"}', 409),
        ('{"\\ud800": 1}', 409),
        ('{"identified": ' + '{"a":' * 50 + "1" + "}" * 50 + "}", 409),
        ('{"path": "p1"}', 409),
        ('{"base": "\\ud800"}', 409),
        ("[]", 422),
        ("{", 422),
        ('{"a": ' + "9" * 5000 + "}", 400),
        ("[" * 100_000, 400),
    ],
)
def test_bad_bodies_are_refused_and_change_nothing(web: WebServer, body: str, status: int) -> None:
    before = web.get(f"{RECORDS}/i/k3").json()
    kind = {"Content-Type": "application/json"}
    found = web.ask("PATCH", f"{RECORDS}/i/k3", data=body, headers=kind)
    assert (found.status_code, bool(found.json()["error"]["message"])) == (status, True)
    assert web.get(f"{RECORDS}/i/k3").json() == before


def test_changes_can_ask_for_the_state_that_was_seen(web: WebServer) -> None:
    tag = web.get(f"{RECORDS}/i/k4").headers["ETag"]
    url, stale = f"{RECORDS}/i/k4", {"If-Match": '"older"'}
    for answer in (
        web.ask("PATCH", url, json={"description": "x"}, headers=stale),
        web.ask("PATCH", url, json={}, headers=stale),
        web.ask("DELETE", url, headers=stale),
        web.ask("PATCH", url, json={"description": "x"}, headers={"If-Match": ""}),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (412, "StaleRecordError")
    changed = web.ask("PATCH", url, json={"description": "x"}, headers={"If-Match": tag})
    assert changed.json()["description"] == "x"
    assert web.ask("PATCH", url, json={}, headers={"If-Match": tag}).status_code == 412
    assert web.get(url).headers["ETag"] == changed.headers["ETag"] != tag


def test_a_record_is_added_and_removed(web: WebServer) -> None:
    body = {"name": "new", "path": "new.safetensors", "type": "lora", "base": "sd-1"}
    added = web.post(f"{RECORDS}/i/", {**body, "format": "lycoris", "key": "<NOKEY>"})
    assert (added.status_code, len(added.json()["key"])) == (201, 32)
    kept = web.post(f"{RECORDS}/i", {**body, "format": "lycoris", "path": "b", "key": "a/b"})
    assert (kept.status_code, kept.json()["key"]) == (201, "a/b")
    taken = web.post(f"{RECORDS}/i/", {**body, "format": "lycoris", "path": "c", "key": "a/b"})
    assert taken.status_code == 409
    assert web.post(f"{RECORDS}/i/", {**body, "format": "onnx"}).status_code == 415
    assert web.post(f"{RECORDS}/i/", {**body, "base": "nothing"}).status_code == 415
    for path in ("/etc/passwd", "nothing", "../secrets/server-token"):
        refused = web.post(f"{RECORDS}/i/", {**body, "format": "lycoris", "path": path})
        assert (refused.status_code, refused.json()["error"]["code"]) == (
            404,
            "SourceNotFoundError",
        )
    for picture in ("/etc/passwd", "../../../x.png"):
        assert web.ask("PATCH", f"{RECORDS}/i/a/b", json={"preview": picture}).status_code == 404
    gone = web.ask("DELETE", f"{RECORDS}/i/a/b")
    assert (gone.status_code, gone.content) == (204, b"")
    assert web.ask("DELETE", f"{RECORDS}/i/a/b").status_code == 404
    assert web.get(f"{RECORDS}/i/a/b").status_code == 404


def test_the_operations_have_the_specification_s_names(web: WebServer) -> None:
    paths = web.get("/openapi.json").json()["paths"]
    found = {
        (method, path.removeprefix(RECORDS)): route["operationId"]
        for path, routes in paths.items()
        for method, route in routes.items()
        if path.startswith(RECORDS)
    }
    expected = {
        ("get", "/"): "list_model_records",
        ("get", "/i/{key}"): "get_model_record",
        ("get", "/meta"): "list_model_summary",
        ("get", "/meta/i/{key}"): "get_model_metadata",
        ("get", "/tags"): "list_tags",
        ("get", "/tags/search"): "search_by_metadata_tags",
        ("patch", "/i/{key}"): "update_model_record",
        ("delete", "/i/{key}"): "del_model_record",
        ("post", "/i/"): "add_model_record",
    }
    assert expected.items() <= found.items()
    assert json.dumps(paths)
