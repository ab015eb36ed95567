"""Searching over HTTP: pages, counts, and answers that hold until something changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelkeep.core.configs import ModelConfigFactory
from modelkeep.core.files import ModelFile
from modelkeep.records.listing import NewRecord
from support import tiny
from support.web import WebServer

SEARCH = "/api/v1/model/record/search"


def new(number: int) -> NewRecord:
    kind = ("lora", "lycoris") if number % 2 else ("vae", "checkpoint")
    fields = {"type": kind[0], "format": kind[1], "base": "sdxl", "path": f"p{number}"}
    config = ModelConfigFactory.make_config(
        {**fields, "name": f"model {number:02}", "original_hash": f"{number:032x}"}
    )
    file = ModelFile(f"p{number}", 1, 2, 3, sha256=f"{number:02}" * 32, blake3="ab" * 32)
    return NewRecord(f"k{number:02}", config, (file,), tags=("red",) if number < 3 else ())


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("root")) as server:
        server.manager.records.add_models(new(number) for number in range(60))
        yield server


def found(web: WebServer, **asked: object) -> list[str]:
    answer = web.get(SEARCH, params=asked)
    assert answer.status_code == 200, answer.text
    return [item["key"] for item in answer.json()["items"]]


def test_pages_follow_each_other(web: WebServer) -> None:
    page = web.get(SEARCH).json()
    assert page.keys() == {"items", "next"}
    assert page["items"] == [model.to_json() for model in web.manager.records.search(limit=50)]
    rest = web.get(SEARCH, params={"after": page["next"]}).json()
    assert ([len(rest["items"]), rest["next"]]) == [10, None]
    assert len(found(web, limit=3, type="lora", sort="date")) == 3


def test_filters_and_text(web: WebServer) -> None:
    assert found(web, q="model 07") == ["k07"]
    assert found(web, tag="red", type=["vae", "lora"], base="SDXL 1.0") == ["k00", "k01", "k02"]
    assert found(web, **{"in": "models"}, format="lycoris", limit=1) == ["k01"]
    assert found(web, state="missing") == []


def test_counts_come_when_they_are_asked_for(web: WebServer) -> None:
    asked = {"facets": "true", "type": "lora", "limit": 1}
    page = web.get(SEARCH, params=asked).json()
    assert (len(page["items"]), page["total"]) == (1, 30)
    assert page["facets"]["type"] == {"lora": 30, "vae": 30}
    again = web.get(SEARCH, params={**asked, "sort": "size"}).json()
    assert again["facets"] == page["facets"]


def test_an_answer_holds_until_something_changes(web: WebServer) -> None:
    first = web.get(SEARCH, params={"limit": 2})
    tag = {"If-None-Match": first.headers["ETag"]}
    assert web.get(SEARCH, params={"limit": 2}).content == first.content
    assert web.get(SEARCH, params={"limit": 2}, headers=tag).status_code == 304
    web.manager.records.update_model("k00", {"description": "changed"})
    later = web.get(SEARCH, params={"limit": 2}, headers=tag)
    assert later.status_code == 200
    assert later.json()["items"][0]["description"] == "changed"


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=1001", f"limit={'9' * 3000}", "limit=two", "after=nonsense",
        "sofa=1", "type=sofa", "sort=weight", "in=nowhere", "state=gone", "facets=perhaps",
        "q=1&q=2", f"q={'a' * 5000}", "&".join(["tag=a"] * 300), "base=%00", "base=%ED%A0%80",
    ],
)  # fmt: skip
def test_bad_questions_are_refused(web: WebServer, query: str) -> None:
    answer = web.get(f"{SEARCH}?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "UsageError")


@pytest.mark.parametrize("query", ["q=%00", "tag=%00", "q=%ED%A0%80", "tag=%ff", "q=%22%2A"])
def test_odd_texts_find_what_they_find(web: WebServer, query: str) -> None:
    assert web.get(f"{SEARCH}?{query}").status_code == 200


def test_a_yaml_catalogue_answers_the_same(tmp_path: Path) -> None:
    catalogue = tmp_path / "models.yaml"
    with WebServer(tmp_path / "root", model_config_db=catalogue) as web:
        web.manager.records.add_models(new(number) for number in range(3))
        first = web.get(SEARCH, params={"facets": "true"})
        assert (first.json()["total"], len(first.json()["items"])) == (3, 3)
        assert web.get("/api/v1/model/record/i/k01").json()["key"] == "k01"
        catalogue.write_text(catalogue.read_text().replace("model 01", "renamed"))
        assert found(web, q="renamed") == ["k01"]


def test_models_of_a_folder_that_is_away_are_offline(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    tiny.embedding(folder / "e.safetensors")
    with WebServer(tmp_path / "root", roots={"disk": {"path": str(folder)}}) as web:
        key = web.manager.installer.register_path(folder / "e.safetensors")
        assert web.get(SEARCH).json()["items"][0]["state"] == "present"
        folder.rename(tmp_path / "away")
        answer = web.get(SEARCH, params={"in": "disk"})
        assert "ETag" not in answer.headers
        [item] = answer.json()["items"]
        assert (item["key"], item["state"]) == (key, "offline")
        one = web.get(f"/api/v1/model/record/i/{key}")
        assert (one.json()["state"], "ETag" in one.headers) == ("offline", False)
        [listed] = web.get("/api/v1/model/record/").json()["models"]
        assert listed == one.json()
