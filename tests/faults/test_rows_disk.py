"""Disks that are full, read-only, failing, or two: nothing is lost; the same command goes on."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from faults.crash import KILLED, Fault, in_child, planted
from integration.world import snapshot
from modelkeep import (
    InstallStatus,
    LinkMode,
    ModelKeepError,
    ModelManager,
    NoSpaceError,
    Settings,
)
from modelkeep.core import limits
from modelkeep.jobs.states import JobState
from modelkeep.scan.scanner import ScanAction
from support import tiny
from support.mounts import mounted
from support.program import Program

PAGE = 4096


def settings_of(folder: Path, *, is_yaml: bool = False) -> Settings:
    catalogue = folder / "root" / "models.yaml" if is_yaml else "auto"
    return Settings(root=folder / "root", model_config_db=catalogue)


def is_whole(settings: Settings) -> bool:
    """The catalogue can be read, and SQLite finds nothing wrong with it."""
    with ModelManager(settings) as manager:
        database = getattr(manager.records, "db", None)
        assert database is None or database.integrity_errors() == []
        return len(manager.records.all_models()) >= 1


# -- no space


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of a few megabytes, of which an install may take all."""
    monkeypatch.setattr(limits, "SPACE_RESERVE_BYTES", 0)
    place = tmp_path / "disk"
    place.mkdir()
    with mounted(["-t", "tmpfs", "-o", "size=6m", "tmpfs"], place):
        yield place


def fill_up(disk: Path, *, leave: int) -> None:
    """Leave so many bytes free on a disk."""
    filler = disk / "filler"
    filler.unlink(missing_ok=True)
    with filler.open("wb") as file:
        there = os.statvfs(disk)
        file.write(bytes(max(0, there.f_bavail * there.f_frsize - leave)))


def refusal_of(deed: Callable[[], object]) -> ModelKeepError | None:
    try:
        deed()
    except ModelKeepError as error:
        return error
    return None


@pytest.mark.parametrize("is_yaml", [False, True], ids=["sqlite", "yaml"])
def test_a_disk_that_is_full_at_any_moment_of_an_install(
    tmp_path: Path, disk: Path, is_yaml: bool
) -> None:
    """Page by page more room: for nothing, for half of the copy, for all but the record."""
    settings = settings_of(disk, is_yaml=is_yaml)
    source = tiny.embedding(tmp_path / "new.safetensors", 2, vectors=20)
    with ModelManager(settings) as manager:
        old = manager.installer.install_path(tiny.embedding(tmp_path / "old.safetensors", 1))
        place = manager.installer.library.path_of(manager.records.get_model(old))
        before = place.read_bytes()
    outcomes = set()
    for pages in (0, 1, 2, 4, 8, 12, 16, 17, 18, 20, 22, 24, 28, 32, 64, 200):
        (disk / "filler").unlink(missing_ok=True)
        with ModelManager(settings) as manager:
            assert manager.installer.list_all_jobs() == []
            fill_up(disk, leave=pages * PAGE)
            refused = refusal_of(lambda: outcomes.add(_installed(manager, source)))
            assert refused is None or isinstance(refused, NoSpaceError), refused
            assert refused is None or refused.hint
            (disk / "filler").unlink()
            assert place.read_bytes() == before
        with ModelManager(settings) as manager:
            service = manager.installer
            for row in service.list_all_jobs():
                if row.status is not JobState.COMPLETED:
                    assert (row.status, row.error_type) == (JobState.ERROR, "NoSpaceError")
                    assert row.hint
                    service.control.retry(row.id)
            service.wait_for_installs()
            assert all(row.status is JobState.COMPLETED for row in service.list_all_jobs())
            service.control.prune()
        assert is_whole(settings)
        with ModelManager(settings) as manager:
            assert manager.installer.library.state.journal.entries() == []
            for model in manager.records.all_models():
                if model.key != old:
                    manager.installer.delete(model.key)
            for entry in manager.installer.trash():
                manager.installer.purge(entry)
            assert len(list(settings.models_dir.rglob("*.safetensors"))) == 1
    assert outcomes == {InstallStatus.COMPLETED, InstallStatus.ERROR}


def _installed(manager: ModelManager, source: Path) -> InstallStatus:
    job = manager.installer.import_model(source)
    manager.installer.wait_for_installs()
    if job.errored:
        assert isinstance(job.exception, NoSpaceError), job.error
        assert job.hint
    return job.status


def deeds(manager: ModelManager, key: str, other: Path) -> dict[str, Callable[[], object]]:
    service, tags = manager.installer, manager.records.metadata_store
    return {
        "register": lambda: service.register_path(other),
        "scan": lambda: list(service.scanner.scan(other.parent, action=ScanAction.REGISTER)),
        "sync": lambda: list(service.scanner.sync()),
        "edit": lambda: service.edit(key, {"description": "x" * 20_000}),
        "tag": lambda: tags.set_tags(key, [f"{n} {'t' * 200}" for n in range(60)]),
        "delete": lambda: service.delete(key),
        "restore": lambda: service.restore(key),
        "unregister": lambda: service.unregister(key),
    }


@pytest.mark.parametrize("is_yaml", [False, True], ids=["sqlite", "yaml"])
def test_a_disk_that_is_full_for_everything_else(tmp_path: Path, disk: Path, is_yaml: bool) -> None:
    """Each is done or refused as a whole, and is done once there is room."""
    settings = settings_of(disk, is_yaml=is_yaml)
    source = tiny.embedding(tmp_path / "a" / "one.safetensors", 1)
    other = tiny.embedding(tmp_path / "b" / "two.safetensors", 2)
    with ModelManager(settings) as manager:
        manager.installer.install_path(tiny.lora(tmp_path / "a" / "kept.safetensors", 3))
    refused = 0
    for leave in (0, 2, 8):
        for name in deeds(ModelManager(settings), "", other):
            with ModelManager(settings) as manager:
                key = manager.installer.install_path(source)
                if name == "restore":
                    manager.installer.delete(key)
                fill_up(disk, leave=leave * PAGE)
                error = refusal_of(deeds(manager, key, other)[name])
                assert error is None or isinstance(error, NoSpaceError), (name, error)
                assert error is None or error.hint
                refused += error is not None
                (disk / "filler").unlink()
                if error is not None:
                    manager.installer.recover()
                    deeds(manager, key, other)[name]()
            assert is_whole(settings)
            with ModelManager(settings) as manager:
                assert manager.installer.library.state.journal.entries() == []
                for model in manager.records.all_models():
                    if model.name != "kept":
                        manager.installer.delete(model.key)
                for entry in manager.installer.trash():
                    manager.installer.purge(entry)
                place = settings.models_dir / "sd-1" / "embedding" / "one.safetensors"
                place.unlink(missing_ok=True)  # it was unregistered
    assert refused >= 3


def test_a_full_disk_is_told_and_needs_but_little_room(
    tmp_path: Path, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELKEEP_ROOT", str(disk / "root"))
    program = Program(disk / "root", tmp_path)
    program.call("install", tiny.embedding(tmp_path / "one.safetensors", 1))
    program.call("install", tiny.embedding(tmp_path / "two.safetensors", 2))
    program.call("remove", "--yes", "two")
    fill_up(disk, leave=0)
    told = program.call("list", status=1)
    assert "full" in told.err
    assert "by hand" in told.err
    kinds = {line["kind"] for line in program.call("doctor", "--json", status=1).json}
    assert "disk_full" in kinds
    fill_up(disk, leave=1_000_000)
    program.call("trash", "empty", "--yes")
    assert [line["name"] for line in program.call("list", "--json").json] == ["one"]
    assert "one" in program.call("show", "one").out
    kinds = {line["kind"] for line in program.call("doctor", "--json", status=1).json}
    assert kinds == {"disk_full"}


# -- read-only


@pytest.mark.parametrize("what", ["root", "models"])
def test_a_library_that_is_mounted_read_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    program = Program(tmp_path / "root", tmp_path)
    monkeypatch.setenv("MODELKEEP_ROOT", str(program.root))
    program.call("install", tiny.embedding(tmp_path / "one.safetensors", 1))
    source = tiny.embedding(tmp_path / "two.safetensors", 2)
    place = program.root if what == "root" else program.root / "models"
    with mounted(["--bind", str(place)], place, ["-o", "remount,ro,bind"]):
        before = snapshot(program.root)
        for words in (["install", source], ["remove", "--yes", "one"]):
            told = program.call(*words, status=1)
            assert "read-only" in told.err.lower() or "cannot be written" in told.err, told.err
            assert str(place.name) in told.err
            assert snapshot(program.root) == before
        if what == "models":
            assert len(program.call("list", "-q").lines) == 1
            program.call("doctor", status=1)
    program.call("install", source)
    program.call("remove", "--yes", "one")
    program.call("doctor")


# -- a disk that fails


class Failing:
    """Stands in for a function of ``os`` and fails at its Nth call, or at no one."""

    def __init__(self, real: Callable[..., int], at: int = 0) -> None:
        self.real, self.at, self.count = real, at, 0

    def __call__(self, *values: object) -> int:
        self.count += 1
        if self.count == self.at:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return self.real(*values)


@pytest.mark.parametrize("call", ["pread", "preadv"])
def test_a_disk_that_cannot_be_read_at_any_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Of the source, or of the copy when that is read back."""
    source = tiny.embedding(tmp_path / "new.safetensors", 2, vectors=3000)
    settings = settings_of(tmp_path)
    real = getattr(os, call)
    with ModelManager(settings) as manager:
        manager.installer.install_path(tiny.lora(tmp_path / "old.safetensors", 1))
        counted = Failing(real)
        monkeypatch.setattr(os, call, counted)
        manager.installer.delete(manager.installer.install_path(source))
        assert counted.count > 0
        before = snapshot(settings.models_dir)
        for point in range(1, counted.count + 1):
            monkeypatch.setattr(os, call, Failing(real, point))
            with pytest.raises(ModelKeepError, match=r"new\.safetensors") as caught:
                manager.installer.install_path(source)
            assert os.strerror(errno.EIO) in str(caught.value)
            assert caught.value.hint
            assert snapshot(settings.models_dir) == before
            assert len(manager.records.all_models()) == 1
        monkeypatch.undo()
        manager.installer.install_path(source)


def move_in(settings: Settings, source: Path, fault: Fault) -> None:
    with ModelManager(settings) as manager:
        service = manager.installer
        with planted(fault):
            service.install_path(source, link=LinkMode.Move)


@pytest.mark.parametrize("is_folder", [False, True], ids=["file", "folder"])
def test_a_move_to_another_disk_that_is_cut_off_anywhere(
    tmp_path: Path, disk: Path, is_folder: bool
) -> None:
    """It is a copy, read back, and only then the source goes: one of the two is always whole."""
    kept = tmp_path / "kept"
    (tiny.embedding_folder if is_folder else tiny.embedding)(kept, 5)
    wanted = snapshot_of(kept)
    source = disk / ("m" if is_folder else "m.safetensors")

    def begin(name: str) -> Settings:
        shutil.rmtree(tmp_path / name, ignore_errors=True)
        shutil.rmtree(source, ignore_errors=True)
        source.unlink(missing_ok=True)
        (shutil.copytree if is_folder else shutil.copy)(kept, source)
        return settings_of(tmp_path / name)

    count = Fault()
    move_in(begin("count"), source, count)
    assert not source.exists()
    assert count.count > 5
    # A folder has the same steps for each of its files.
    for point in count.kill_points[:: 2 if is_folder else 1]:
        settings = begin("world")
        assert in_child(partial(move_in, settings, source, Fault(at=point))) == KILLED
        with ModelManager(settings) as manager:
            assert manager.installer.library.state.journal.entries() == []
            places = [manager.installer.library.path_of(m) for m in manager.records.all_models()]
        assert len(places) == 1 or snapshot_of(source) == wanted
        assert all(snapshot_of(place) == wanted for place in places)
        if places and source.exists():  # what is left of it is whole, and can be removed
            assert snapshot_of(source).items() <= wanted.items()
        assert len(list(settings.models_dir.rglob("*.safetensors"))) == len(places)


def snapshot_of(path: Path) -> dict[str, bytes]:
    if path.is_file():
        return {"": path.read_bytes()}
    files = [one for one in path.rglob("*") if one.is_file()]
    return {one.relative_to(path).as_posix(): one.read_bytes() for one in files}
