"""A library is cut off, or its disk fails, at every operation; the next start puts it in order.

The law: a model is wholly there or wholly absent, the source is intact until the model is there,
and nothing is orphaned.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from faults.crash import KILLED, Fault, in_child, planted
from modelkeep.errors import ModelKeepError
from modelkeep.install.link import LinkMode
from modelkeep.install.ownership import file_path
from modelkeep.manager import ModelManager
from modelkeep.settings import Settings
from support import tiny


@dataclass(frozen=True)
class World:
    """A root with a model in it that nothing may harm, and a source beside it."""

    root: Path
    source: Path

    @property
    def settings(self) -> Settings:
        return Settings(root=self.root)


@dataclass(frozen=True)
class Story:
    """Something that is done to a library.

    Attributes:
        name: What the test is called.
        act: Does it.
        prepare: Done before, undisturbed.
        is_folder: The source is a folder.
        takes_source: The source is gone once the model is there.
        has_picture: A preview lies beside the source.
    """

    name: str
    act: Callable[[ModelManager, World], object]
    prepare: Callable[[ModelManager, World], object] = lambda _manager, _world: None
    is_folder: bool = False
    takes_source: bool = False
    has_picture: bool = False


def install(link: LinkMode) -> Callable[[ModelManager, World], object]:
    return lambda manager, world: manager.installer.install_path(world.source, link=link)


def install_plainly(manager: ModelManager, world: World) -> object:
    return manager.installer.install_path(world.source)


def register(manager: ModelManager, world: World) -> object:
    return manager.installer.register_path(world.source)


def the_key(manager: ModelManager) -> str:
    return next(m.key for m in manager.records.all_models() if m.name != "precious")


def delete(manager: ModelManager, world: World) -> None:
    del world
    manager.installer.delete(the_key(manager))


def delete_everywhere(manager: ModelManager, world: World) -> None:
    del world
    manager.installer.unconditionally_delete(the_key(manager))


def delete_then_restore(manager: ModelManager, world: World) -> None:
    install_plainly(manager, world)
    delete(manager, world)


def restore(manager: ModelManager, world: World) -> object:
    del world
    return manager.installer.restore("source")


def empty_trash(manager: ModelManager, world: World) -> None:
    del world
    for entry in manager.installer.trash():
        manager.installer.purge(entry)


STORIES = [
    Story("copy a file", install(LinkMode.Copy)),
    Story("copy a folder", install(LinkMode.Copy), is_folder=True),
    Story("hard-link a file", install(LinkMode.Hardlink)),
    Story("hard-link a folder", install(LinkMode.Hardlink), is_folder=True),
    Story("move a file", install(LinkMode.Move), takes_source=True),
    Story("move a folder", install(LinkMode.Move), is_folder=True, takes_source=True),
    Story("register a file", register),
    Story("register a folder", register, is_folder=True),
    Story("delete a file", delete, install_plainly),
    Story("delete a folder", delete, install_plainly, is_folder=True),
    Story("delete a file in place", delete_everywhere, register, takes_source=True),
    Story("restore a file", restore, delete_then_restore),
    Story("restore a folder", restore, delete_then_restore, is_folder=True),
    Story("empty the trash", empty_trash, delete_then_restore),
    Story("copy a file and its picture", install(LinkMode.Copy), has_picture=True),
    Story("empty the trash of a picture", empty_trash, delete_then_restore, has_picture=True),
]


def build(folder: Path, story: Story) -> World:
    """Make the world that a story begins with."""
    world = World(folder / "root", folder / "elsewhere" / "source")
    if story.is_folder:
        tiny.embedding_folder(world.source, 7)
    else:
        world = World(world.root, world.source.with_suffix(".safetensors"))
        tiny.embedding(world.source, 7)
    if story.has_picture:
        world.source.with_suffix(".preview.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))
    tiny.lora(folder / "elsewhere" / "precious.safetensors", 1)
    with ModelManager(world.settings) as manager:
        manager.installer.install_path(folder / "elsewhere" / "precious.safetensors")
        story.prepare(manager, world)
    return world


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder and its bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def holders(manager: ModelManager) -> list[tuple[Any, str]]:
    """Return where the two databases hold their connections."""
    store: Any = manager.records
    state: Any = manager.installer.library.state
    return [(store.db, "conn"), (state, "_connection")]


def run(world: World, story: Story, fault: Fault) -> int:
    """Do what the story does with a fault planted; return how many operations it took."""
    with ModelManager(world.settings) as manager:
        assert manager.installer.library.state.entries() == []
        with planted(fault, *holders(manager)):
            story.act(manager, world)
    return fault.count


def check_law(world: World, story: Story, before: dict[str, bytes], elsewhere: Path) -> None:
    """Start once more and check that everything is in order."""
    with ModelManager(world.settings) as manager:
        library = manager.installer.library
        assert library.state.entries() == []
        models = manager.records.all_models()
        owned: set[Path] = set()
        for model in models:
            rows = manager.records.files(model.key)
            assert rows, model
            paths = [file_path(row, world.settings.models_dir) for row in rows]
            assert sorted(p.stat().st_size for p in paths) == sorted(r.size for r in rows)
            owned |= set(paths)
        entries = manager.installer.trash()
        trashed = {path for entry in entries for path in entry.waiting}
    names = [model.name for model in models]
    assert names.count("precious") == 1
    assert names.count("source") + [e.name for e in entries].count("source") <= 1

    inside = {p for p in world.settings.models_dir.rglob("*") if p.is_file()}
    program = {p for p in inside if p.name == "manifest.json" and ".trash" in p.parts}
    pictures = {p for p in inside if p.parent == world.settings.previews_dir}
    assert {p.stem for p in pictures} <= {one.key for one in (*models, *entries)}
    assert all(len(p.read_bytes()) == 107 for p in pictures), "a picture is whole or not there"
    assert inside - program - pictures == {
        p for p in owned | trashed if p.is_relative_to(world.root)
    }
    assert not list(world.settings.staging_dir.glob("*"))

    now = tree(elsewhere)
    is_there = "source" in names
    for name, data in before.items():
        if name in now:
            assert now[name] == data
        else:
            gone_right = is_there if story.act is not delete_everywhere else not is_there
            assert story.takes_source, name
            assert gone_right, f"{name} is gone and the model is not where it should be"
    for name in now:
        assert name in before, f"{name} was left behind"
    if is_there:
        bytes_of = {p.name: p.read_bytes() for p in owned if p.exists()}
        wanted = "learned_embeds.safetensors" if story.is_folder else "source.safetensors"
        assert set(bytes_of[wanted][-100:]) == {7}


def each_point(tmp_path: Path, story: Story) -> tuple[World, int]:
    """Make the world once and count the operations of the story."""
    world = build(tmp_path / "template", story)
    count = Fault()
    scratch = copy_of(tmp_path, world, "count")
    run(scratch, story, count)
    assert count.count > 0
    return world, count.count


def copy_of(tmp_path: Path, world: World, name: str) -> World:
    """Put a fresh copy of the world where the original was, so that its paths stay true."""
    template, place = tmp_path / "template", tmp_path / "world"
    del name
    shutil.rmtree(place, ignore_errors=True)
    if not (tmp_path / "kept").exists():
        template.rename(tmp_path / "kept")
    shutil.rmtree(template, ignore_errors=True)
    shutil.copytree(tmp_path / "kept", template, symlinks=True)
    return world


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_kill_at_any_operation_loses_nothing(
    story: Story, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    world, points = each_point(tmp_path, story)
    record_property("kill_points", points)
    for point in range(1, points + 1):
        copy_of(tmp_path, world, "kill")
        before = tree(world.source.parent)
        status = in_child(partial(run, world, story, Fault(at=point)))
        assert status == KILLED, point
        check_law(world, story, before, world.source.parent)


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "lasting"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO], ids=["ENOSPC", "EIO"])
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_disk_that_fails_at_any_operation_loses_nothing(
    story: Story, number: int, lasting: bool, tmp_path: Path
) -> None:
    world, points = each_point(tmp_path, story)
    for point in range(1, points + 1):
        copy_of(tmp_path, world, "fail")
        before = tree(world.source.parent)
        with suppress(ModelKeepError):
            run(world, story, Fault(at=point, error=number, lasting=lasting))
        check_law(world, story, before, world.source.parent)
