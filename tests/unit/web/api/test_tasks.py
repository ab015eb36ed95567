"""Tasks over HTTP: begun with 202, followed and cancelled by their number."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from modelkeep import ModelManager, Settings
from modelkeep.app import tasks
from modelkeep.app.job_kinds.verify import VerifyDetails
from support.tiny import embedding, lora
from support.waiting import until
from support.web import WebServer

_TASKS = "/api/v1/tasks"
_BULK = "/api/v1/model/record/bulk"
#: Reads a model at one byte a second, which takes for ever, until it is cancelled.
_SLOWLY = """
import sys
from modelkeep import ModelManager
from modelkeep.app import tasks
from modelkeep.app.job_kinds.verify import VerifyDetails
with ModelManager(root=sys.argv[1]) as manager:
    details = VerifyDetails([sys.argv[2]], limit_rate=1.0)
    print(tasks.begin_task(manager, "verify", details, "one model").row.id, flush=True)
    manager.jobs.wait()
"""


def _done(web: WebServer, number: int) -> dict[str, Any]:
    web.manager.jobs.wait(60)
    found: dict[str, Any] = web.get(f"{_TASKS}/{number}").json()
    return found


def test_tasks_are_begun_and_followed(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root") as web:
        key = web.manager.installer.install_path(lora(tmp_path / "a.safetensors"))
        number = 0
        for kind in ("scan", "verify", "enrich", "doctor"):
            begun = web.post(f"/api/v1/{kind}")
            assert begun.status_code == 202
            number = begun.json()["id"]
            assert begun.headers["location"] == f"{_TASKS}/{number}"
            assert _done(web, number)["status"] == "completed", kind
        named = web.post("/api/v1/verify", {"keys": [key]}).json()
        assert _done(web, named["id"])["result"]["findings"][0]["key"] == key
        listed = web.get(_TASKS).json()
        assert [task["kind"] for task in listed] == ["scan", "verify", "enrich", "doctor", "verify"]
        assert "findings" not in listed[0]["result"]
        assert web.ask("DELETE", f"{_TASKS}/{number}").status_code == 204
        assert web.get("/api/v1/model/record/import").json() == []


def test_scans_look_into_folders_that_requests_can_read(tmp_path: Path) -> None:
    for name in ("comfy", "else"):
        (tmp_path / name).mkdir()
        lora(tmp_path / name / "a.safetensors")
    roots = {"comfy": {"path": tmp_path / "comfy"}}
    with WebServer(tmp_path / "root", roots=roots) as web:
        for what in ("comfy", str(tmp_path / "comfy")):
            begun = web.post("/api/v1/scan", {"what": what})
            assert begun.status_code == 202
            assert _done(web, begun.json()["id"])["status"] == "completed"
        told = set()
        for what in (str(tmp_path / "else"), str(tmp_path / "gone"), str(tmp_path)):
            refused = web.post("/api/v1/scan", {"what": what})
            assert refused.status_code == 404
            told.add(refused.text.replace(what, "X"))
        assert len(told) == 1
        assert len(web.get(_TASKS).json()) == 2


def test_bad_requests(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root") as web:
        assert web.get(f"{_TASKS}/3").status_code == 404
        assert web.ask("DELETE", f"{_TASKS}/3").status_code == 404
        assert web.post("/api/v1/scan", {"register": True, "install": True}).status_code == 400
        assert web.post("/api/v1/verify", {"limit_rate": 0}).status_code == 422
        assert web.post("/api/v1/doctor", {"fix": "perhaps"}).status_code == 422
        assert web.post(_BULK, {"action": "tag", "tags": ["x"]}).status_code == 422
        assert web.post(_BULK, {"action": "remove", "keys": [], "filter": ""}).status_code == 422
        wrong = web.post(_BULK, {"action": "remove", "filter": "limit=3"})
        assert wrong.status_code == 400
        assert web.post(_BULK, {"action": "tag", "keys": ["x"]}).status_code == 400
        assert web.get(_TASKS).json() == []


def test_a_scan_keeps_to_what_requests_can_read(tmp_path: Path) -> None:
    lora(tmp_path / "open/a.safetensors")
    lora(tmp_path / "closed/b.safetensors")
    with WebServer(tmp_path / "root", readable_dirs=[tmp_path / "open"]) as web:
        begun = web.post("/api/v1/scan", {"what": str(tmp_path / "open")})
        assert _done(web, begun.json()["id"])["result"]["counts"] == {"found": 1}
        for what in ("closed", "nothing"):
            refused = web.post("/api/v1/scan", {"what": str(tmp_path / what)})
            assert refused.status_code == 404


def test_sync_as_a_task(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root") as web:
        lora(web.manager.settings.models_dir / "sd-1/lora/new.safetensors")
        sync = "/api/v1/model/record/sync"
        begun = web.ask("PATCH", sync, headers={"Prefer": "respond-async"})
        assert begun.status_code == 202
        assert _done(web, begun.json()["id"])["result"]["counts"]["registered"] == 1


def test_an_action_on_all_that_a_search_finds(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root") as web:
        install = web.manager.installer.install_path
        first = install(lora(tmp_path / "a.safetensors"))
        second = install(embedding(tmp_path / "b.safetensors"))
        body = {"action": "tag", "tags": ["new"], "filter": "type=lora"}
        dry = web.post(_BULK, {**body, "dry_run": True})
        assert dry.status_code == 200
        [entry] = dry.json()["entries"]
        assert (entry["key"], entry["status"]) == (first, "planned")
        assert entry["changes"] == {"tags": [[], ["new"]]}
        assert web.get(_TASKS).json() == []
        begun = web.post(_BULK, body)
        assert begun.status_code == 202
        [entry] = _done(web, begun.json()["id"])["result"]["entries"]
        assert (entry["key"], entry["status"]) == (first, "done")
        asked = {"action": "enrich", "keys": [first, "nobody"], "dry_run": True}
        planned = web.post(_BULK, asked).json()["entries"]
        assert [one["status"] for one in planned] == ["planned", "failed"]
        assert {"site", "hashes"} <= set(planned[0]["sites"][0])
        tagged = {"action": "remove", "filter": {"tag": ["new"], "type": "lora"}}
        planned = web.post(_BULK, {**tagged, "dry_run": True}).json()["entries"]
        assert [(one["key"], len(one["files"])) for one in planned] == [(first, 1)]
        number = web.post(_BULK, {**tagged}).json()["id"]
        assert _done(web, number)["result"]["counts"] == {"done": 1}
        assert [model.key for model in web.manager.records.all_models()] == [second]


def test_a_task_of_another_process_is_cancelled(tmp_path: Path) -> None:
    root = tmp_path / "root"
    with ModelManager(Settings(root=root)) as manager:
        key = manager.installer.install_path(lora(tmp_path / "a.safetensors"))
    command = [sys.executable, "-c", _SLOWLY, str(root), key]
    with (
        WebServer(root) as web,
        subprocess.Popen(command, stdout=subprocess.PIPE) as other,
    ):
        assert other.stdout is not None
        number = int(other.stdout.readline())
        until(lambda: web.get(f"{_TASKS}/{number}").json()["status"] == "running")
        assert web.ask("DELETE", f"{_TASKS}/{number}").status_code == 204
        until(lambda: web.get(f"{_TASKS}/{number}").json()["status"] == "cancelled")


def test_a_task_of_an_earlier_run_goes_on(tmp_path: Path) -> None:
    root = tmp_path / "root"
    with ModelManager(Settings(root=root)) as earlier:
        key = earlier.installer.install_path(lora(tmp_path / "a.safetensors"))
        details = VerifyDetails([key], limit_rate=1.0)
        number = tasks.begin_task(earlier, "verify", details, "one model").row.id
    with WebServer(root) as web:
        assert web.get(f"{_TASKS}/{number}").json()["ended_at"] is None
        assert web.ask("DELETE", f"{_TASKS}/{number}").status_code == 204
        until(lambda: web.get(f"{_TASKS}/{number}").json()["status"] == "cancelled")
