"""A change in a named root is cut off, and its disk is away at the next start: it waits for it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from faults.crash import KILLED, Fault, in_child, planted
from modelkeep.app.manager import ModelManager
from modelkeep.disk.notes import FOREIGN_STAGING
from modelkeep.library import trash
from modelkeep.library.roots import RootService
from modelkeep.settings import Settings
from support import tiny

#: One operation in so many is the last one of a process.
_STEP = 2


@dataclass(frozen=True)
class Place:
    """A library with a root on a disk that can be taken away."""

    folder: Path

    @property
    def disk(self) -> Path:
        return self.folder / "disk"

    @property
    def source(self) -> Path:
        return self.folder / "elsewhere" / "blue.safetensors"

    def settings(self) -> Settings:
        return Settings(root=self.folder / "root")

    def take_away(self, *, leaves_folder: bool) -> None:
        self.disk.rename(self.folder / "away")
        if leaves_folder:
            self.disk.mkdir()

    def bring_back(self) -> None:
        if self.disk.exists():
            self.disk.rmdir()
        (self.folder / "away").rename(self.disk)


Act = Callable[[ModelManager, Place], object]


def add_root(manager: ModelManager, place: Place) -> None:
    RootService(manager.installer.library).add("rack", place.disk)


def install(manager: ModelManager, place: Place) -> None:
    manager.installer.install_path(place.source, to="rack")


def remove(manager: ModelManager, place: Place) -> None:
    del place
    [model] = manager.records.all_models()
    manager.installer.remove(model.key, everywhere=True)


def restore(manager: ModelManager, place: Place) -> None:
    del place
    manager.installer.restore("blue")


def purge(manager: ModelManager, place: Place) -> None:
    del place
    for entry in manager.installer.trash():
        manager.installer.purge(entry)


def run(place: Place, act: Act, fault: Fault) -> Fault:
    with ModelManager(place.settings()) as manager:
        state: Any = manager.installer.library.state
        store: Any = manager.records
        with planted(fault, (state, "_connection"), (store.db, "conn")):
            act(manager, place)
    return fault


def build(folder: Path, *before: Act) -> Place:
    shutil.rmtree(folder, ignore_errors=True)
    place = Place(folder)
    tiny.embedding(place.source, 1)
    place.disk.mkdir()
    with ModelManager(place.settings()) as manager:
        add_root(manager, place)
        for act in before:
            act(manager, place)
    return place


def check(place: Place, *, may_be_gone: bool) -> None:
    """All that is on the disk is a model that is recorded, or one in the trash; none is halved."""
    data = place.source.read_bytes()
    with ModelManager(place.settings()) as manager:
        assert manager.installer.library.state.journal.entries() == []
        models, entries = manager.records.all_models(), manager.installer.trash()
        library = manager.installer.library
        owned = [library.path_of(f) for m in models for f in manager.records.files(m.key)]
        owned += [path for entry in entries for path in entry.waiting]
    assert all(path.read_bytes() == data for path in owned)
    assert len(owned) == len(models) + len(entries) <= 1
    assert owned or may_be_gone
    there = {path for path in place.disk.rglob("*") if path.is_file()}
    inside = {path for path in (place.folder / "root/models").rglob("*") if path.is_file()}
    manifests = {entry.folder / "manifest.json" for entry in entries}
    assert there | inside == set(owned) | manifests
    assert not (place.disk / FOREIGN_STAGING).exists()


@pytest.fixture(autouse=True)
def other_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no rename go from the root to ``models_dir``, as from a disk to another."""

    def can_rename(_one: Path, other: Path) -> bool:
        return "models" not in other.parts

    monkeypatch.setattr(trash, "can_rename", can_rename)


CASES = {
    "install": (install, ()),
    "remove": (remove, (install,)),
    "restore": (restore, (install, remove)),
    "purge": (purge, (install, remove)),
}


@pytest.mark.parametrize("leaves_folder", [False, True], ids=["gone", "empty folder"])
@pytest.mark.parametrize("name", list(CASES))
def test_what_was_cut_off_waits_for_its_disk(
    name: str, leaves_folder: bool, tmp_path: Path
) -> None:
    act, before = CASES[name]
    points = run(build(tmp_path / "count", *before), act, Fault()).kill_points
    waited = 0
    for point in points[leaves_folder::_STEP]:
        place = build(tmp_path / "place", *before)
        assert in_child(lambda at=point, place=place: run(place, act, Fault(at=at))) == KILLED  # type: ignore[misc]
        place.take_away(leaves_folder=leaves_folder)
        with ModelManager(place.settings()) as manager:
            waited += len(manager.installer.library.state.journal.entries())
        assert list(place.disk.rglob("*")) == []
        place.bring_back()
        check(place, may_be_gone=name in {"install", "purge"})
    assert waited > 1


def test_a_model_that_was_published_and_not_recorded_does_not_stay(tmp_path: Path) -> None:
    """The kill between its name and its record, with the disk away at the next start."""

    def killed(manager: ModelManager, place: Place) -> None:
        def die(_records: object) -> None:
            import os

            os._exit(KILLED)

        manager.records.add_models = die  # type: ignore[method-assign,assignment]
        install(manager, place)

    place = build(tmp_path / "place")
    assert in_child(lambda: run(place, killed, Fault())) == KILLED
    assert [path.name for path in place.disk.rglob("*.safetensors")] == ["blue.safetensors"]
    for leaves_folder in (False, True):
        place.take_away(leaves_folder=leaves_folder)
        with ModelManager(place.settings()) as manager:
            [entry] = manager.installer.library.state.journal.entries()
            assert entry.note.stage == "publishing"
        place.bring_back()
    check(place, may_be_gone=True)
    assert list(place.disk.iterdir()) == []


def test_the_job_of_a_change_that_waits_says_what_it_waits_for(tmp_path: Path) -> None:
    def killed(manager: ModelManager, place: Place) -> None:
        def die(_records: object) -> None:
            import os

            os._exit(KILLED)

        manager.records.add_models = die  # type: ignore[method-assign,assignment]
        manager.installer.import_model(place.source, to="rack")
        manager.installer.wait_for_installs()

    place = build(tmp_path / "place")
    assert in_child(lambda: run(place, killed, Fault())) == KILLED
    place.take_away(leaves_folder=False)
    with ModelManager(place.settings()) as manager:
        [job] = manager.installer.library.state.jobs.all("install")
        assert job.error is not None
        assert "nothing was kept" not in job.error
        assert "rack" in job.error
        assert job.hint is not None
        assert "modelkeep install" not in job.hint
    place.bring_back()
    with ModelManager(place.settings()) as manager:
        [job] = manager.installer.library.state.jobs.all("install")
        assert job.hint == f"Start it again: modelkeep install --to rack {place.source}"
    check(place, may_be_gone=True)
