"""Storage, roots, tokens for sites, searches of sites, the list of routes and the metrics."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sites.civitai import CivitaiServer
from sites.hub import HubServer
from sites.models import sdxl_lora
from support import tiny
from support.waiting import until
from support.web import WebServer

API = "/api/v1"
SECRET = "hf_planted0123456789"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebServer]:
    with WebServer(tmp_path / "root", readable_dirs=[tmp_path / "open"]) as running:
        yield running


def put(web: WebServer, path: str, body: object, status: int = 204) -> None:
    assert web.ask("PUT", path, json=body).status_code == status


def test_storage_counts_by_type_and_root(web: WebServer, tmp_path: Path) -> None:
    web.manager.installer.install_path(tiny.embedding(tmp_path / "blue.safetensors"))
    told = web.get(f"{API}/storage").json()
    [kind] = told["kinds"]
    assert (kind["type"], kind["models"]) == ("embedding", 1)
    assert kind["bytes"] == (tmp_path / "blue.safetensors").stat().st_size
    assert told["free_bytes"] > 0
    assert told["trash_bytes"] == 0


class TestRoots:
    def test_a_folder_that_may_be_read_becomes_one(self, web: WebServer, tmp_path: Path) -> None:
        folder = tmp_path / "open/comfy"
        tiny.embedding(folder / "embeddings/blue.safetensors")
        body = {"name": "comfy", "path": str(folder), "readonly": True}
        added = web.post(f"{API}/roots", body)
        assert added.status_code == 201
        assert added.json()["path"] == str(folder)
        assert [root["name"] for root in web.get(f"{API}/roots").json()] == ["models", "comfy"]
        assert web.post(f"{API}/roots", body).status_code == 400
        gone = web.ask("DELETE", f"{API}/roots/comfy")
        assert gone.json() == {"name": "comfy", "forgotten": 0}
        assert web.ask("DELETE", f"{API}/roots/comfy").status_code == 404

    def test_other_folders_are_told_like_absent_ones(self, web: WebServer, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.mkdir()
        answers = [
            web.post(f"{API}/roots", {"name": "other", "path": str(path)}).json()["error"]
            for path in (secret, tmp_path / "absent")
        ]
        texts = {answer["message"].replace("secret", "absent") for answer in answers}
        assert len(texts) == 1
        assert [root["name"] for root in web.get(f"{API}/roots").json()] == ["models"]


def test_tokens_for_sites_go_in_and_never_out(
    web: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    for name in ("HF_TOKEN", "CIVITAI_API_TOKEN", "MODELSCOPE_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    place = f"{API}/site_tokens/huggingface"
    put(web, place, {"token": SECRET})
    listed = web.get(f"{API}/site_tokens")
    assert listed.json() == [{"site": "huggingface"}]
    [stored] = [path for path in (tmp_path / "config").rglob("*") if path.is_file()]
    assert stored.read_text() == SECRET
    wrong = web.ask("PUT", place, json={"token": f"{SECRET} two"})
    assert wrong.status_code == 400
    assert SECRET not in wrong.text
    put(web, f"{API}/site_tokens/sofa", {"token": SECRET}, 400)
    put(web, place, {"token": 7}, 422)
    assert web.ask("DELETE", place).status_code == 204
    assert web.get(f"{API}/site_tokens").json() == []


def test_sites_are_searched(hub: HubServer, civitai: CivitaiServer, tmp_path: Path) -> None:
    hub.add("harbour/ink-lora", {"ink.safetensors": sdxl_lora()}, tags=["lora"])
    hosts = ["127.0.0.1", "127.0.0.2"]
    settings = {"hf_endpoint": hub.endpoint, "civitai_endpoint": civitai.endpoint}
    with WebServer(tmp_path, allow_private_hosts=hosts, **settings) as web:
        found = web.get(f"{API}/sites/search?q=ink&site=huggingface")
        assert [hit["source"] for hit in found.json()] == ["harbour/ink-lora"]
        assert web.get(f"{API}/sites/search?q=ink&site=sofa").status_code == 400
        assert web.get(f"{API}/sites/search?q=ink&type=sofa").status_code == 400
        assert web.get(f"{API}/sites/search?q=").status_code == 422


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.ids |= {value for name, value in attrs if name == "id" and value}


def test_a_page_lists_every_route(web: WebServer) -> None:
    answer = web.get("/api")
    assert answer.headers["content-type"].startswith("text/html")
    page = _Page(answer.text)
    described = web.get("/openapi.json").json()["paths"]
    assert page.ids == {
        facts["operationId"] for methods in described.values() for facts in methods.values()
    }
    assert not page.tags & {"script", "style", "link", "img"}


def test_metrics_are_read_by_prometheus(web: WebServer, tmp_path: Path) -> None:
    web.manager.installer.install_path(tiny.embedding(tmp_path / "blue.safetensors"))
    assert web.ask("GET", "/metrics", headers={"Authorization": ""}).status_code == 401
    web.get("/healthz")
    until(lambda: web.context.traffic.requests["GET", "/healthz", 200])
    text = web.get("/metrics").text
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["modelkeep_models", "embedding"] == 1
    assert found["modelkeep_requests_total", "GET", "/healthz", "200"] == 1
    assert found["modelkeep_requests_total", "GET", "", "401"] == 1
    assert found["modelkeep_requests_running",] == 1
    assert found["modelkeep_event_streams",] == 0
    assert found["modelkeep_loaded_bytes", "cpu"] == 0
    assert found["process_resident_memory_bytes",] > 0


def test_what_loading_would_take_and_what_is_loaded(web: WebServer, tmp_path: Path) -> None:
    key = web.manager.installer.install_path(tiny.embedding(tmp_path / "blue.safetensors"))
    seen = web.post(f"{API}/model/load/peek", {"key": key, "device": "cpu"})
    assert seen.json()["loaded"] is False
    assert web.get(f"{API}/model/load").json() == []
    assert web.ask("DELETE", f"{API}/model/load").json() == {"parts": 0, "bytes": 0}
    assert [one["device"] for one in web.get(f"{API}/model/load/stats").json()] == ["cpu"]
    for body, status in (
        ({"key": "sofa"}, 404),
        ({"key": key, "precision": "sofa"}, 400),
        ({"key": key, "submodel": "vae"}, 415),
        ({"key": key, "keep_alive": -1}, 422),
        ({"key": key, "keep_alive": "sofa"}, 422),
        ({}, 422),
    ):
        assert web.post(f"{API}/model/load", body).status_code == status, body


@pytest.mark.torch
@pytest.mark.slow
def test_a_model_is_loaded_once_and_evicted(web: WebServer, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    key = web.manager.installer.install_path(tiny.embedding(tmp_path / "blue.safetensors"))
    body = {"key": key, "device": "cpu", "keep_alive": "forever"}
    first, second = (web.post(f"{API}/model/load", body).json() for _ in range(2))
    assert (first["cached"], second["cached"]) == (False, True)
    [held] = web.get(f"{API}/model/load").json()
    assert (held["key"], held["bytes"]) == (key, first["bytes"])
    assert web.ask("DELETE", f"{API}/model/load/sofa").status_code == 404
    gone = web.ask("DELETE", f"{API}/model/load/{key}").json()
    assert gone == {"parts": 1, "bytes": first["bytes"]}
    assert web.get(f"{API}/model/load").json() == []
