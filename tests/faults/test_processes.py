"""Several processes at work on one root."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from modelkeep import ModelManager, Settings
from modelkeep.install.job import InstallStatus
from modelkeep.install.link import LinkMode
from support import tiny

PROCESSES = 8
#: Rounds of one model each; set it higher to look longer.
ROUNDS = int(os.environ.get("MODELKEEP_TEST_ROUNDS", "6"))


def settings(root: Path) -> Settings:
    return Settings(root=root)


def at_once(work: Callable[..., None], *arguments: object) -> None:
    """Run ``work(number, barrier, *arguments)`` in eight processes that begin together."""
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(PROCESSES)
    processes = [
        context.Process(target=work, args=(number, barrier, *arguments))
        for number in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0


def installed_files(root: Path) -> list[Path]:
    return sorted(path for path in (root / "models").rglob("*") if path.is_file())


def test_the_same_models_from_eight_processes(tmp_path: Path) -> None:
    root = tmp_path / "library"
    sources = [
        tiny.embedding(tmp_path / f"{number}.safetensors", fill=number % 250, vectors=2 + number)
        for number in range(ROUNDS)
    ]

    def work(number: int, barrier: multiprocessing.Barrier) -> None:  # type: ignore[valid-type]
        with ModelManager(settings(root)) as manager:
            for source in sources:
                barrier.wait(60)  # type: ignore[attr-defined]
                job = manager.installer.import_model(
                    str(source), link=LinkMode.Copy if number % 2 else None
                )
                manager.installer.wait_for_installs()
                assert job.complete, job.error

    at_once(work)
    with ModelManager(settings(root)) as manager:
        assert len(manager.records.all_models()) == len(sources)
        assert len(installed_files(root)) == len(sources)
        jobs = manager.installer.list_all_jobs()
        assert [job.status for job in jobs] == ["completed"] * PROCESSES * len(sources)
        keys = {model.key for model in manager.records.all_models()}
        assert {job.key for job in jobs} == keys


def test_other_models_of_one_name_from_eight_processes(tmp_path: Path) -> None:
    root = tmp_path / "library"
    sources = [
        tiny.embedding(tmp_path / str(number) / "same.safetensors", fill=number)
        for number in range(PROCESSES * ROUNDS)
    ]

    def work(number: int, barrier: multiprocessing.Barrier) -> None:  # type: ignore[valid-type]
        with ModelManager(settings(root)) as manager:
            barrier.wait(60)  # type: ignore[attr-defined]
            for source in sources[number::PROCESSES]:
                manager.installer.install_path(source)

    at_once(work)
    with ModelManager(settings(root)) as manager:
        models = manager.records.all_models()
        assert len(models) == len(sources)
        files = {manager.installer.library.path_of(model) for model in models}
        assert sorted(files) == installed_files(root)
        written = sorted(path.read_bytes() for path in files)
        assert written == sorted(source.read_bytes() for source in sources)


def test_of_several_that_take_over_one_gets_the_job(tmp_path: Path) -> None:
    root = tmp_path / "library"
    source = tiny.embedding(tmp_path / "x.safetensors")
    with ModelManager(settings(root)) as manager:
        manager.installer.import_model(str(tmp_path / "gone.safetensors"))
        manager.installer.wait_for_installs()
    (tmp_path / "gone.safetensors").write_bytes(source.read_bytes())
    first, second = ModelManager(settings(root)), ModelManager(settings(root))
    with first, second:
        [row] = first.installer.list_all_jobs()
        job = first.installer.control.retry(row.id)
        with pytest.raises(Exception, match=r"completed|waiting|running|Another process"):
            second.installer.control.retry(row.id)
        first.installer.wait_for_installs()
        assert job.status is InstallStatus.COMPLETED
        assert len(first.records.all_models()) == 1
