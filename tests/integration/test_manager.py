"""``ModelManager`` as programs use it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelkeep import (
    HFModelSource,
    LocalModelSource,
    ModelKeepError,
    ModelManager,
    ServiceInactiveException,
    Settings,
    URLModelSource,
    UsageError,
    identify,
)
from modelkeep.install.job import ModelInstallJob
from support import tiny


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny.lora(tmp_path / "ink.safetensors", 1, {"modelspec.trigger_phrase": "ink, wash"})


def test_a_root_is_named_in_any_way(tmp_path: Path, model: Path) -> None:
    root = tmp_path / "library"
    with ModelManager(str(root)) as manager:
        key = manager.installer.install_path(model)
    for manager in (
        ModelManager(root), ModelManager(root=str(root)), ModelManager(Settings(root=str(root))),
    ):  # fmt: skip
        with manager:
            path = root / "models/sd-1/lora/ink.safetensors"
            assert manager.path_of(key) == manager.path_of(manager.find("ink")) == path
            assert manager.path_of(path) == path
    with pytest.raises(UsageError):
        ModelManager(Settings(root=root), root=root)


USES: list[Callable[[ModelManager], Any]] = [
    lambda manager: manager.records,
    lambda manager: manager.installer,
    lambda manager: manager.downloads,
    lambda manager: manager.sites,
    lambda manager: manager.tokens,
    lambda manager: manager.jobs,
    lambda manager: manager.presence,
    lambda manager: manager.hasher,
    lambda manager: manager.enricher,
    lambda manager: manager.metadata,
    lambda manager: manager.model_records,
    lambda manager: manager.find("ink"),
    lambda manager: manager.path_of("ink"),
    lambda manager: manager.parse("org/repo"),
    lambda manager: manager.__enter__(),
]


@pytest.mark.parametrize("was_used", [False, True])
def test_a_closed_manager_stays_closed(tmp_path: Path, model: Path, was_used: bool) -> None:
    manager = ModelManager(tmp_path / "library")
    if was_used:
        manager.installer.install_path(model)
        assert manager.jobs.rows() == []
    manager.close()
    manager.close()
    before, threads = sorted(tmp_path.rglob("*")), set(threading.enumerate())
    for use in USES:
        with pytest.raises(ServiceInactiveException, match="is closed"):
            use(manager)
    assert sorted(tmp_path.rglob("*")) == before
    started = set(threading.enumerate()) - threads
    assert [thread for thread in started if thread.name.startswith("modelkeep")] == []
    assert repr(manager) == f"ModelManager({str(tmp_path / 'library')!r}, closed)"


def test_what_was_taken_from_it_stays_closed_too(tmp_path: Path, model: Path) -> None:
    with ModelManager(tmp_path / "library") as manager:
        records, installer = manager.records, manager.installer
        installer.install_path(model)
    for use in (records.all_models, lambda: installer.import_model(model)):
        with pytest.raises(ModelKeepError):
            use()


def test_reprs_are_short_and_name_what_it_is(tmp_path: Path, model: Path) -> None:
    with ModelManager(tmp_path / "library") as manager:
        job = manager.installer.import_model(model)
        manager.installer.wait_for_installs()
        record = manager.find("ink")
        shown = {
            manager: "library",
            manager.settings.root: "library",
            job: "completed",
            job.source: "ink.safetensors",
            manager.records: "ModelRecordServiceSQL('",
            manager.metadata: "ModelMetadataStore('",
            manager.installer: f"ModelInstallService({str(manager.settings.root)!r})",
            manager.downloads: "DownloadQueueService(max_parallel_dl=5)",
        }
        for value, word in shown.items():
            assert word in repr(value)
        assert repr(record) == (
            f"LoRAConfig(key='{record.key}', name='ink', type='lora', base='sd-1',"
            " format='lycoris')"
        )
        plan = manager.installer.plan(model)
        for short in (manager, manager.settings, job, record, plan, identify(model), job.source):
            assert len(repr(short)) < 110 + len(str(model))


@pytest.mark.parametrize(
    "source",
    [HFModelSource(repo_id="org/repo"), URLModelSource(url="https://x.example/a.safetensors")],
)
def test_the_files_of_a_job_are_never_in_the_working_directory(
    source: Any, tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert not ModelInstallJob(1, source).local_path.exists()
    relative = ModelInstallJob(1, LocalModelSource(path="ink.safetensors"))
    assert relative.local_path == model
    with ModelManager(Settings(root=tmp_path / "library", offline=True)) as manager:
        job = manager.installer.import_model(source)
        paths = {job.local_path}
        manager.installer.wait_for_installs()
        paths.add(job.local_path)
        assert all(path.is_relative_to(manager.settings.models_dir) for path in paths)
