"""Installs over HTTP: the specification's routes, jobs of every process and of earlier runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelkeep import ModelManager, Settings
from modelkeep.core import limits
from modelkeep.sources.local import LocalModelSource
from modelkeep.web.recovery import recover
from support.tiny import lora
from support.web import WebServer

_IMPORT = "/api/v1/model/record/import"


def _wait(web: WebServer, number: int) -> dict[str, Any]:
    web.manager.jobs.wait(60)
    found: dict[str, Any] = web.get(f"{_IMPORT}/{number}").json()
    return found


def test_a_local_model_is_installed(tmp_path: Path) -> None:
    model = lora(tmp_path / "a.safetensors")
    with WebServer(tmp_path / "root", readable_dirs=[tmp_path]) as web:
        source = {"type": "local", "path": str(model)}
        begun = web.post(_IMPORT, {"source": source, "config": {"name": "Mine"}})
        assert begun.status_code == 201
        assert begun.json()["source"] == {**source, "inplace": False}
        assert begun.json()["config_in"] == {"name": "Mine"}
        done = _wait(web, begun.json()["id"])
        assert (done["status"], done["error"]) == ("completed", None)
        assert done["config_out"]["name"] == "Mine"
        assert web.get(f"{_IMPORT}/").json() == [done]
        assert web.ask("DELETE", f"{_IMPORT}/{done['id']}").status_code == 201
        pruned = web.ask("PATCH", _IMPORT)
        assert (pruned.status_code, pruned.content) == (204, b"")
        assert web.get(_IMPORT).json() == []


def test_a_source_may_be_text_and_a_failure_says_why(tmp_path: Path) -> None:
    model = tmp_path / "gone.safetensors"
    model.write_bytes(b"not one")
    with WebServer(tmp_path / "root", readable_dirs=[tmp_path]) as web:
        begun = web.post(_IMPORT, {"source": str(model)})
        job = _wait(web, begun.json()["id"])
        assert job["status"] == "error"
        assert job["error_type"] == "UnknownModelError"
        assert "gone.safetensors" in job["error"]
        again = web.post(f"{_IMPORT}/{job['id']}/retry")
        assert again.json()["id"] == job["id"]
        assert _wait(web, job["id"])["status"] == "error"
        assert web.post(f"{_IMPORT}/{job['id']}/pause").status_code == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"source": {"type": "hf", "repo_id": "no slash"}}, 422),
        ({"source": {"type": "civitai"}}, 422),
        ({"source": {"type": "local", "path": "a\0b"}}, 422),
        ({"source": {"type": "local", "path": "\ud800"}}, 422),
        ({"source": {"type": "url", "url": "ftp://a/b"}}, 422),
        ({"source": "x" * 5000}, 422),
        ({"source": "a/b", "config": []}, 422),
        ({"source": "ftp://example.org/model"}, 415),
    ],
)
def test_bad_bodies_are_refused(tmp_path: Path, body: dict[str, Any], status: int) -> None:
    with WebServer(tmp_path / "root") as web:
        answer = web.post(_IMPORT, body)
        assert answer.status_code == status
        assert answer.json()["error"]["message"]
        assert web.get(_IMPORT).json() == []


def test_absent_and_forbidden_sources_are_refused_alike(tmp_path: Path) -> None:
    there = lora(tmp_path / "a.safetensors")
    with WebServer(tmp_path / "root") as web:
        told = set()
        for path in (there, tmp_path / "b.safetensors"):
            for source in (str(path), {"type": "local", "path": str(path)}):
                answer = web.post(_IMPORT, {"source": source})
                assert answer.status_code == 404
                told.add(answer.text.replace(str(path), "X"))
        assert len(told) == 1
        assert web.get(_IMPORT).json() == []


def test_unknown_jobs(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root") as web:
        assert web.get(f"{_IMPORT}/7").status_code == 404
        assert web.ask("DELETE", f"{_IMPORT}/7").status_code == 415
        assert web.get(f"{_IMPORT}/{2**70}").status_code == 422
        for action in ("pause", "resume", "retry"):
            assert web.post(f"{_IMPORT}/7/{action}").status_code == 404


def test_jobs_of_an_earlier_run_are_there_and_can_be_retried(tmp_path: Path) -> None:
    root = tmp_path / "root"
    with ModelManager(Settings(root=root), takes_over=False) as earlier:
        source = LocalModelSource(path=lora(tmp_path / "a.safetensors"))
        number = earlier.installer.leave_job(source, {"name": "left"})
    with WebServer(root) as web:
        recover(web.context)
        [job] = web.get(_IMPORT).json()
        assert (job["id"], job["status"]) == (number, "error")
        assert "interrupted" in job["error"]
        assert job["config_in"] == {"name": "left"}
        assert web.post(f"{_IMPORT}/{number}/retry").json()["id"] == number
        assert _wait(web, number)["config_out"]["name"] == "left"


def test_so_many_installs_are_taken_and_no_more(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root", readable_dirs=[tmp_path]) as web:
        source = LocalModelSource(path=lora(tmp_path / "a.safetensors"))
        for _ in range(limits.QUEUED_INSTALLS):
            web.manager.installer.leave_job(source, {})
        answer = web.post(_IMPORT, {"source": str(source)})
        assert answer.status_code == 429
        assert answer.json()["error"]["code"] == "TooManyJobsError"


def test_tokens_are_in_no_answer(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root", offline=True) as web:
        source = {"type": "url", "url": "https://example.org/m?token=hush", "access_token": "hush"}
        begun = web.post(_IMPORT, {"source": source})
        job = _wait(web, begun.json()["id"])
        assert job["source"]["type"] == "url"
        assert "hush" not in json.dumps([begun.json(), job, web.get(_IMPORT).json()])
        refused = web.post(_IMPORT, {"source": {**source, "more": "hush"}})
        assert refused.status_code == 422
        assert "hush" not in refused.text


def test_sync_registers_what_is_new(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root") as web:
        folder = web.manager.settings.models_dir / "sd-1/lora"
        folder.mkdir(parents=True)
        (folder / "new.safetensors").write_bytes(lora(tmp_path / "a.safetensors").read_bytes())
        assert web.ask("PATCH", "/api/v1/model/record/sync").status_code == 204
        assert len(web.manager.records.all_models()) == 1
