"""The state file is damaged in the middle of a change: doctor settles it without its journal."""

from __future__ import annotations

import random
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from faults.crash import KILLED, Fault, in_child
from faults.crash_stories import (
    delete,
    delete_everywhere,
    delete_then_restore,
    folder,
    install,
    install_into_root,
    install_plainly,
    picture,
    register,
    restore,
)
from faults.crash_world import Story, World, build, run, tree
from modelkeep.app.doctor import examine
from modelkeep.app.manager import ModelManager
from modelkeep.errors import CorruptDatabaseError, WrongDatabaseError
from modelkeep.library import trash
from modelkeep.library.destination import LinkMode
from modelkeep.library.roots import RootService
from modelkeep.settings import Settings

#: One kill point in so many is taken on one disk, and others on two.
_STEP = 4
_SOURCE = "source.safetensors"
#: The head of a SQLite file: without it the file is none, behind it pages are damaged.
_HEAD = 100


def add_rack(manager: ModelManager, world: World) -> None:
    (world.folder / "rack").mkdir()
    RootService(manager.installer.library).add("rack", world.folder / "rack")


STORIES = [
    Story("copy a folder", install(LinkMode.Copy), lay=folder),
    Story("move a file with its picture", install(LinkMode.Move), lay=picture, takes_source=True),
    Story("copy a file into a root", install_into_root, add_rack),
    Story("delete a folder", delete, install_plainly, folder),
    Story("delete a file in place", delete_everywhere, register, takes_source=True),
    Story("restore a folder", restore, delete_then_restore, folder),
]


def damage(path: Path, chance: random.Random, *, with_head: bool) -> bytes:
    """Write over the state file; its log is gone. Return what is left."""
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    size = max(path.stat().st_size, 8192)
    kept = b"" if with_head else path.read_bytes()[:_HEAD]
    path.write_bytes(kept + chance.randbytes(size - len(kept)))
    return path.read_bytes()


@pytest.fixture(params=[1, 2], ids=["one disk", "two disks"])
def disks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Have renames go everywhere, or none from outside of ``models_dir`` into it."""
    count: int = request.param
    if count > 1:
        monkeypatch.setattr(trash, "can_rename", lambda one, other: _home(one) == _home(other))
    return count


def _home(path: Path) -> bool:
    return "models" in path.parts


@pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])
def test_doctor_settles_what_folders_and_catalogue_tell(
    story: Story, disks: int, tmp_path: Path
) -> None:
    chance = random.Random(story.name)
    build(tmp_path / "kept", story, is_yaml=False)
    before = tree(tmp_path / "kept" / "elsewhere")
    world = World(tmp_path / "world", is_yaml=False)
    points = _run(world, story, Fault()).kill_points
    for point in points[disks - 1 :: _STEP]:
        assert in_child(partial(_run, world, story, Fault(at=point))) == KILLED
        damaged = damage(world.settings().state_path, chance, with_head=bool(point % 2))
        _refuses_to_start(world)
        found = {finding.kind: finding for finding in examine(world.settings())}
        assert "journal" in found["state_damaged"].hint
        list(examine(world.settings(), fix=True))
        assert [finding for finding in examine(world.settings()) if finding.is_left] == []
        [copy] = world.settings().state_path.parent.glob("state.db.corrupt-*")
        assert copy.read_bytes() == damaged
        _check(world, story, before)


def _run(world: World, story: Story, fault: Fault) -> Fault:
    # Built, not copied: records know the inodes of their files. Each time at the same place:
    # records of models in place have absolute paths.
    shutil.rmtree(world.folder, ignore_errors=True)
    build(world.folder, story, is_yaml=False)
    return run(world, story, fault)


def _refuses_to_start(world: World) -> None:
    with ModelManager(world.settings()) as manager, pytest.raises(CorruptDatabaseError) as caught:
        manager.installer.trash()
    assert "doctor --fix" in caught.value.hint
    assert "jobs" in caught.value.hint
    assert "journal" in caught.value.hint


def _check(world: World, story: Story, before: dict[str, bytes]) -> None:
    """Every model is wholly in its place or wholly in the trash, and nothing else is there."""
    with ModelManager(world.settings()) as manager:
        library = manager.installer.library
        models, entries = manager.records.all_models(), manager.installer.trash()
        owned = [library.path_of(f) for m in models for f in manager.records.files(m.key)]
        waiting = [path for entry in entries for path in entry.waiting]
        names = [m.name for m in models] + [entry.name for entry in entries]
        previews: Any = library.previews
        pictures = set(previews.folder.glob("*"))
    assert len(names) == len(set(names))
    assert all(path.read_bytes() in before.values() for path in [*owned, *waiting])
    settings, rack = world.settings(), world.folder / "rack"
    there = {p for top in (settings.models_dir, rack) for p in top.rglob("*") if p.is_file()}
    program = {entry.folder / "manifest.json" for entry in entries} | pictures
    of_ours = {p for p in [*owned, *waiting] if not p.is_relative_to(world.elsewhere)}
    assert there - program == of_ours
    assert not list(settings.staging_dir.glob("*"))
    assert not list(rack.glob(".modelkeep-staging"))
    now = tree(world.elsewhere)
    if not story.takes_source or "source" not in names:
        # Of a trash beside a model in no root nothing tells once its record is gone.
        forgotten = [n for n in now if ".modelkeep-trash" in n and now[n] == before[_SOURCE]]
        assert {*now, *([_SOURCE] if forgotten else ())} >= before.keys()


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path / "root")
    settings.state_path.mkdir(parents=True)
    with ModelManager(settings) as manager, pytest.raises(WrongDatabaseError) as caught:
        manager.installer.trash()
    assert "not a regular file" in str(caught.value)
    assert "Move it away" in caught.value.hint
    assert "Move it away" in next(f.hint for f in examine(settings) if f.kind == "state_file")
    assert settings.state_path.is_dir()
