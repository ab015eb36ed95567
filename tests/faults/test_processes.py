"""Several processes at work on one root."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from faults.crash import KILLED, Fault, planted
from modelkeep import ModelManager, Settings
from modelkeep.install.job import InstallStatus
from modelkeep.library.destination import LinkMode
from support import tiny
from support.rounds import rounds

PROCESSES = 8
#: Rounds of one model each; set it higher to look longer.
ROUNDS = rounds(6)


def settings(root: Path) -> Settings:
    return Settings(root=root)


def at_once(
    work: Callable[..., None],
    *arguments: object,
    processes: int = PROCESSES,
    ends: Collection[int] = (0,),
) -> None:
    """Run ``work(number, barrier, *arguments)`` in processes that begin together."""
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(processes)
    started = [
        context.Process(target=work, args=(number, barrier, *arguments))
        for number in range(processes)
    ]
    for process in started:
        process.start()
    for process in started:
        process.join(120)
        assert process.exitcode in (ends if process is started[0] else {0})


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


@pytest.mark.parametrize("processes", [2, 3, 5])
@pytest.mark.parametrize("is_yaml", [False, True], ids=["sqlite", "yaml"])
def test_some_install_and_some_scan_the_same_model(
    tmp_path: Path, processes: int, is_yaml: bool
) -> None:
    """All at once, from the first use of the root on: one record, and one copy where one is."""
    catalogue = tmp_path / "library" / "models.yaml" if is_yaml else "auto"
    chosen = Settings(root=tmp_path / "library", model_config_db=catalogue)
    top = tmp_path / "downloads"
    tiny.embedding(top / "one.safetensors", 1)

    def work(number: int, barrier: multiprocessing.Barrier) -> None:  # type: ignore[valid-type]
        barrier.wait(60)  # type: ignore[attr-defined]
        with ModelManager(chosen) as manager:
            manager.installer.scan_directory(top, install=bool(number % 2))

    at_once(work, processes=processes)
    with ModelManager(chosen) as manager:
        models = manager.records.all_models()
        places = {manager.installer.library.path_of(model) for model in models}
        inside = [place for place in places if place.is_relative_to(chosen.models_dir)]
        assert len(models) == len(places)
        assert len(inside) <= 1
        assert len(places) - len(inside) <= 1
        assert models
        assert installed_files(chosen.root) == inside
        assert manager.installer.library.state.journal.entries() == []


@pytest.mark.parametrize("point", [3, 8, 14])
def test_one_that_dies_in_the_midst_lets_the_others_go_on(tmp_path: Path, point: int) -> None:
    """It holds the model that they wait for; what it began is taken back, and theirs is done."""
    root = tmp_path / "library"
    source = tiny.embedding(tmp_path / "one.safetensors", 1)
    ModelManager(settings(root)).installer.close()

    def work(number: int, barrier: multiprocessing.Barrier) -> None:  # type: ignore[valid-type]
        with ModelManager(settings(root)) as manager:
            service = manager.installer
            barrier.wait(60)  # type: ignore[attr-defined]
            if not number:
                with planted(Fault(at=point)):
                    service.install_path(source)
                return
            job = service.import_model(source)
            service.wait_for_installs()
            assert job.complete, job.error

    at_once(work, processes=4, ends={KILLED, 0})
    with ModelManager(settings(root)) as manager:
        library = manager.installer.library  # whose start takes back what is left
        [model] = manager.records.all_models()
        assert installed_files(root) == [library.path_of(model)]
        assert library.state.journal.entries() == []
        assert list(manager.settings.staging_dir.glob("*")) == []


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
