"""``identify`` and ``plan`` over HTTP: as the commands say it, of what requests may reach."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from faults.pages import Page
from faults.server import FaultServer
from modelkeep.cli.main import main
from sites.fixtures import Environment
from sites.hub import HubServer
from sites.models import sdxl_lora
from support.tiny import lora
from support.web import WebServer


def test_a_local_model_is_identified_and_planned_as_by_the_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = lora(tmp_path / "a.safetensors")
    root = tmp_path / "root"
    with WebServer(root, readable_dirs=[tmp_path]) as web:
        found = web.post("/api/v1/identify", {"source": str(model)})
        main(["--root", str(root), "identify", "--json", str(model)])
        assert found.json() == json.loads(capsys.readouterr().out)
        assert (found.status_code, found.json()["type"]) == (200, "lora")
        source = {"type": "local", "path": str(model)}
        planned = web.post("/api/v1/plan/", {"source": source, "config": {"name": "Mine"}}).json()
        target = root / "models" / planned["base"] / "lora"
        assert (planned["status"], planned["name"]) == ("planned", "Mine")
        assert Path(planned["path"]).parent == target
        assert not target.exists()
        assert web.manager.records.all_models() == []


def test_a_model_of_a_site_is_identified_before_it_is_fetched(
    environment: Environment, hub: HubServer
) -> None:
    hub.add("artist/style", {"style.safetensors": sdxl_lora()})
    with WebServer(environment.root, hf_endpoint=environment.settings().hf_endpoint) as web:
        found = web.post("/api/v1/identify", {"source": "artist/style"}).json()
        planned = web.post("/api/v1/plan", {"source": {"type": "hf", "repo_id": "artist/style"}})
    assert (found["type"], found["base"]) == ("lora", "sdxl")
    assert (planned.json()["base"], planned.json()["error"]) == ("sdxl", None)


def test_what_cannot_be_told_is_said(tmp_path: Path, server: FaultServer) -> None:
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"not one")
    link = server.serve("/m.safetensors", Page(b"x" * 600))
    with WebServer(tmp_path / "root", readable_dirs=[tmp_path / "broken.safetensors"]) as web:
        for route in ("/api/v1/identify", "/api/v1/plan"):
            told = set()
            for path in ("/etc/hostname", "/nonexistent", str(tmp_path)):
                answer = web.post(route, {"source": path})
                assert answer.status_code == 404
                told.add(answer.text.replace(path, "X"))
            assert len(told) == 1
            for body in ({}, {"source": 5}, {"source": {"type": "x"}}, {"source": "a\0"}):
                assert web.post(route, body).status_code == 422
            assert web.post(route, {"source": "what is this"}).status_code == 415
        found = web.post("/api/v1/identify", {"source": str(broken)}).json()
        assert found["error"]["kind"] == "UnknownModelError"
        found = web.post("/api/v1/identify", {"source": link}).json()
        assert found["error"]["kind"] == "AddressRefusedError"
        assert web.post("/api/v1/plan", {"source": link}).status_code == 403
        assert web.post("/api/v1/plan", {"source": str(broken)}).status_code == 415
    assert server.requests == []
