"""Tasks: jobs that end with a stored report, and can be cancelled from any process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelkeep import ModelManager, UsageError
from modelkeep.app import jobs as job_queries
from modelkeep.app import tasks
from modelkeep.app.bulk import BulkRequest
from modelkeep.app.job_kinds.bulk import BulkDetails
from modelkeep.app.job_kinds.doctor import DoctorDetails
from modelkeep.app.job_kinds.enrich import EnrichDetails
from modelkeep.app.job_kinds.scan import ScanDetails
from modelkeep.app.job_kinds.sync import SyncDetails
from modelkeep.app.job_kinds.verify import VerifyDetails
from support.tiny import embedding, lora


def _run(root: Path, kind: str, details: Any) -> dict[str, Any]:
    """Return what is stored of a task, as another process sees it."""
    with ModelManager(root=root) as manager:
        number = tasks.begin_task(manager, kind, details, "a test").row.id
        manager.jobs.wait()
    with ModelManager(root=root, takes_over=False) as other:
        return tasks.one_task(other, number).to_json()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def keys(root: Path, tmp_path: Path) -> list[str]:
    with ModelManager(root=root) as manager:
        first = manager.installer.install_path(lora(tmp_path / "one.safetensors", 1))
        second = manager.installer.install_path(embedding(tmp_path / "two.safetensors", 2))
    return [first, second]


def test_a_scan(root: Path, tmp_path: Path) -> None:
    lora(tmp_path / "found/a.safetensors")
    task = _run(root, "scan", ScanDetails(str(tmp_path / "found")))
    assert (task["status"], task["kind"], task["error"]) == ("completed", "scan", None)
    assert task["result"]["counts"] == {"found": 1}
    [finding] = task["result"]["findings"]
    assert finding["path"] == str(tmp_path / "found/a.safetensors")
    assert task["progress"]["unit"] == "files"


def test_a_sync(root: Path, keys: list[str]) -> None:
    assert len(keys) == 2
    lora(root / "models/sd-1/lora/new.safetensors", 3)
    task = _run(root, "sync", SyncDetails())
    assert task["result"]["counts"]["registered"] == 1


def test_verifying_named_models_and_all(root: Path, keys: list[str]) -> None:
    task = _run(root, "verify", VerifyDetails([keys[0], "unknown"]))
    assert task["result"]["counts"] == {"ok": 1, "error": 1}
    assert task["result"]["findings"][1]["error"]["kind"] == "UnknownModelException"
    swept = _run(root, "verify", VerifyDetails())
    assert swept["result"]["counts"] == {"ok": 2}
    assert swept["result"]["left_out"] == 2
    assert swept["progress"]["done"] == swept["progress"]["total"]


def test_the_doctor(root: Path, keys: list[str]) -> None:
    assert keys
    for model in (root / "models").rglob("one.safetensors"):
        model.unlink()
    task = _run(root, "doctor", DoctorDetails())
    assert task["result"]["left"] >= 1
    assert any(one["subject"] == keys[0] for one in task["result"]["findings"])


def test_enriching_asks_no_site_that_is_not_allowed(root: Path, keys: list[str]) -> None:
    task = _run(root, "enrich", EnrichDetails(keys))
    assert task["status"] == "completed"
    assert task["result"]["counts"] == {"skipped": 2}


def test_a_failed_task_says_why_and_can_be_tried_again(root: Path, tmp_path: Path) -> None:
    task = _run(root, "scan", ScanDetails(str(tmp_path / "gone")))
    assert (task["status"], task["error"]["kind"]) == ("error", "SourceNotFoundError")
    (tmp_path / "gone").mkdir()
    with ModelManager(root=root) as manager:
        job_queries.retry(manager, task["id"], {})
        manager.jobs.wait()
        assert tasks.one_task(manager, task["id"]).to_json()["status"] == "completed"
        [view] = job_queries.jobs(manager)
        assert view.progress == "0 files"


@pytest.mark.slow
def test_actions_on_many_models(root: Path, keys: list[str]) -> None:
    def do(**asked: Any) -> list[dict[str, Any]]:
        request = BulkRequest(keys, **asked)
        found: list[dict[str, Any]] = _run(root, "bulk", BulkDetails.of(request))["result"][
            "entries"
        ]
        assert [entry["key"] for entry in found] == keys
        return found

    tagged = do(action="tag", tags=["good", "old"])
    assert [entry["changes"] for entry in tagged] == [{"tags": [[], ["good", "old"]]}] * 2
    assert do(action="untag", tags=["old"])[0]["changes"] == {"tags": [["good", "old"], ["good"]]}
    assert {entry["status"] for entry in do(action="untag", tags=["old"])} == {"unchanged"}
    assert do(action="retype", base="sdxl")[0]["changes"]["base"] == ["sd-1", "sdxl"]
    assert {entry["status"] for entry in do(action="reidentify", reset=True)} == {"done"}
    with ModelManager(root=root) as manager:
        assert {model.base for model in manager.records.all_models()} == {"sd-1"}
    assert {entry["status"] for entry in do(action="enrich")} == {"skipped"}
    assert {entry["status"] for entry in do(action="remove")} == {"done"}
    assert {entry["error"]["kind"] for entry in do(action="remove")} == {"UnknownModelException"}


@pytest.mark.parametrize(
    "asked",
    [
        {"action": "burn"},
        {"action": "tag"},
        {"action": "retype"},
        {"action": "tag", "tags": ["a"], "now": True},
        {"action": "remove", "keep_files": True, "now": True},
    ],
)
def test_actions_that_make_no_sense(asked: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        BulkRequest(["key"], **asked)


def test_tasks_are_listed_with_the_other_jobs(root: Path, keys: list[str]) -> None:
    assert keys
    _run(root, "doctor", DoctorDetails())
    with ModelManager(root=root, takes_over=False) as manager:
        [view] = job_queries.jobs(manager)
        assert view.row.kind == "doctor"
        assert json.dumps(view.to_json())
        assert manager.jobs.prune() == 1
