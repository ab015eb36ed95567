"""Crash loops: a story is cut off, or its disk fails, at every operation; then the law is checked.

The law: after the next start a model is wholly there or wholly absent, the user's files are as
they were, nothing is orphaned, and the catalogue can be read. What was cut off can be done again,
and comes to the end that it would have come to.
"""

from __future__ import annotations

import errno
import gc
import importlib.metadata
import logging
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ruamel.yaml import YAML

from faults.crash import KILLED, Fault, in_child
from faults.crash_stories import ABOUT_FILES, STORIES
from faults.crash_world import Scene, Story, World, run, tree
from modelkeep.app.manager import ModelManager
from modelkeep.disk.drafts import DRAFT
from modelkeep.errors import ModelKeepError, UnknownMetadataException
from modelkeep.library.record_paths import file_path
from modelkeep.library.trash import TrashEntry
from modelkeep.records.dialects.sqlite import SqliteDatabase
from modelkeep.records.sql.service import ModelRecordServiceSQL
from support.rounds import LENGTH

#: Bytes that must be free in a file system in memory.
_ROOM = 1 << 28


class Loop:
    """One story in one world, which is made anew for each fault.

    Args:
        name: Of the story.
        folder: Where its worlds are made; empty.
        is_yaml: The catalogue is a YAML file.

    Attributes:
        points: How many operations the story takes.
        kill_points: Those before which a kill leaves something new; see ``Fault``.
    """

    def __init__(self, name: str, folder: Path, *, is_yaml: bool) -> None:
        self._story = next(s for s in (*STORIES, *ABOUT_FILES) if s.name == name)
        self._scene = Scene(folder, self._story, is_yaml=is_yaml)
        self._world = self._scene.world
        before = self._scene.begin()
        self._names = _names(self._world)
        undisturbed = run(self._world, self._story, Fault())
        self.points, self.kill_points = undisturbed.count, undisturbed.kill_points
        with ModelManager(self._world.settings()) as manager:
            check_law(manager, self._world, self._story, before, self._names)
            self._end = description(manager)

    def kill(self, at: int) -> None:
        """Cut the story off at an operation and check the law."""
        before = self._scene.begin()
        status = in_child(partial(run, self._world, self._story, Fault(at=at)))
        assert status == KILLED, f"the program was to be killed, and ended with {status}"
        check_catalogue_file(self._world)
        with ModelManager(self._world.settings()) as manager:
            check_law(manager, self._world, self._story, before, self._names)
            with suppress(ModelKeepError):
                self._story.act(manager, self._world)
            end = description(manager)
        assert end == self._end, f"done again it came to\n{end}, and undisturbed to\n{self._end}"

    def fail(self, at: int, error: int, *, lasting: bool) -> None:
        """Let the disk fail at an operation and check the law."""
        before = self._scene.begin()
        with suppress(ModelKeepError):
            run(self._world, self._story, Fault(at=at, error=error, lasting=lasting))
        check_catalogue_file(self._world)
        with ModelManager(self._world.settings()) as manager:
            check_law(manager, self._world, self._story, before, self._names)


def kills(name: str, *, is_yaml: bool) -> int:
    """Cut a story off at each of its kill points; return how many these are."""
    with _place() as folder:
        loop = Loop(name, folder, is_yaml=is_yaml)
        for point in _some(loop.kill_points, is_yaml=is_yaml, first=0):
            with _noted(f"{name}: killed at operation {point} of {loop.points}"):
                loop.kill(point)
    return len(loop.kill_points)


def failures(name: str, *, is_yaml: bool) -> int:
    """Let the disk fail at each operation of a story; return how many these are.

    It fails once and lastingly, one of the two because it is full; which one changes from
    operation to operation. In ``make test`` each operation has one of the two.
    """
    with _place() as folder:
        loop = Loop(name, folder, is_yaml=is_yaml)
        for point in _some(range(1, loop.points + 1), is_yaml=is_yaml, first=1):
            for lasting in (False, True) if LENGTH > 1 else (point // 2 % 2 == 0,):
                number = errno.EIO if lasting is bool(point % 2) else errno.ENOSPC
                how = f"{errno.errorcode[number]}, {'lasting' if lasting else 'once'}"
                with _noted(f"{name}: {how}, at operation {point} of {loop.points}"):
                    loop.fail(point, number, lasting=lasting)
    return loop.points


def _some(points: Sequence[int], *, is_yaml: bool, first: int) -> Sequence[int]:
    """Return the operations that are tried: all of them, but of YAML in ``make test`` every other.

    The disk fails at those at which the program is not killed. A catalogue of YAML differs from one
    of SQL where records are written alone.
    """
    return points[first::2] if is_yaml and LENGTH <= 1 else points


def become_lean() -> None:
    """Make a process quick to fork and to start the program in, and quiet."""
    logging.disable(logging.CRITICAL)
    vars(importlib.metadata)["distributions"] = list  # no plug-ins are looked for
    gc.collect()
    gc.freeze()


@contextmanager
def _place() -> Iterator[Path]:
    """Give a folder in memory, where there is room: what is forced to the disk is no matter."""
    memory = Path("/dev/shm")
    is_there = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM
    with TemporaryDirectory(prefix="modelkeep-", dir=memory if is_there else None) as folder:
        yield Path(folder)


@contextmanager
def _noted(text: str) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        error.add_note(text)
        raise


# -- the law


def check_catalogue_file(world: World) -> None:
    """Look at a YAML catalogue as it was left: it and its copy are whole."""
    if not world.is_yaml:
        return
    path = world.settings().conf_path
    for file in (path, path.with_name(f"{path.name}.bak")):
        text = file.read_text(encoding="utf-8")
        assert text.endswith("\n"), file
        assert "precious" in _names_in_yaml(text), file


@lru_cache
def _names_in_yaml(text: str) -> set[str]:
    found = YAML(typ="safe", pure=True).load(text)
    return {model["name"] for model in found["models"].values()}


def check_law(
    manager: ModelManager,
    world: World,
    story: Story,
    before: dict[str, bytes],
    names_before: Counter[str],
) -> None:
    """Check after a start that everything is in order."""
    assert manager.installer.library.state.journal.entries() == [], "something is left undone"
    owned = _check_models(manager, {world.elsewhere / name: before[name] for name in before})
    _check_folders(manager, owned, manager.installer.trash())
    _check_database(manager)
    now = _names_in(manager)
    assert now["precious"] == 1
    assert set(now.values()) == {1}, now
    if not story.forgets:
        assert names_before.keys() <= now.keys(), f"of {names_before} are left {now}"
    _check_source(world, story, before, set(now))


def _check_models(manager: ModelManager, before: dict[Path, bytes]) -> set[Path]:
    """Check that models are whole; return the paths of their files."""
    owned: set[Path] = set()
    contents = set(before.values())
    library = manager.installer.library
    for model in manager.records.all_models():
        rows = manager.records.files(model.key)
        assert rows, model
        paths = [file_path(row, manager.settings.models_dir, library.roots) for row in rows]
        owned |= set(paths)
        gone = [path for path in paths if not path.exists()]
        if gone:  # only the user may have done that
            assert gone == paths, f"some files of {model.name} are gone: {gone}"
            assert not any(library.is_ours(path) or path in before for path in gone), gone
            continue
        assert sorted(p.stat().st_size for p in paths) == sorted(r.size for r in rows)
        assert all(path.read_bytes() in contents for path in paths), paths
    return owned


def _check_folders(manager: ModelManager, owned: set[Path], entries: list[TrashEntry]) -> None:
    """Check that the library holds what it should and nothing else."""
    settings = manager.settings
    models = [model.key for model in manager.records.all_models()]
    trashed = {path for entry in entries for path in entry.waiting}
    inside = {p for p in settings.models_dir.rglob("*") if p.is_file()}
    program = {p for p in inside if p.name == "manifest.json" and ".trash" in p.parts}
    pictures = {p for p in inside if p.parent == settings.previews_dir}
    assert {p.stem for p in pictures} <= {*models, *(entry.key for entry in entries)}
    assert all(len(p.read_bytes()) == 107 for p in pictures), "a picture is whole or not there"
    wanted = {p for p in owned | trashed if p.is_relative_to(settings.models_dir)}
    assert inside - program - pictures == wanted
    assert not list(settings.staging_dir.glob("*"))
    rack = settings.root.parent / "rack"  # a root that something is installed into
    there = {p for p in rack.rglob("*") if p.is_file()}
    assert there == {p for p in owned if p.is_relative_to(rack)}
    assert not list(rack.glob(".*")), "staging was left behind in a root"
    drafts = [p for p in settings.root.rglob("*") if DRAFT.fullmatch(p.name)]
    assert not drafts, f"drafts were left behind: {drafts}"


def _check_database(manager: ModelManager) -> None:
    store = manager.records
    if isinstance(store, ModelRecordServiceSQL) and isinstance(store.db, SqliteDatabase):
        assert store.db.integrity_errors() == []


def _check_source(world: World, story: Story, before: dict[str, bytes], names: set[str]) -> None:
    now = tree(world.elsewhere)
    for name, data in before.items():
        if name in now:
            assert now[name] == data, name
        else:
            assert story.takes_source, name
            assert "source" in names, f"{name} is gone and the model is not where it should be"
    assert now.keys() <= before.keys(), f"left behind: {now.keys() - before.keys()}"


def _names(world: World) -> Counter[str]:
    with ModelManager(world.settings()) as manager:
        return _names_in(manager)


def _names_in(manager: ModelManager) -> Counter[str]:
    """Count the models in the library and in the trash by name."""
    models = [model.name for model in manager.records.all_models()]
    return Counter([*models, *(entry.name for entry in manager.installer.trash())])


def description(manager: ModelManager) -> list[Any]:
    """Return what is in a library, but for what differs each time it is done."""
    store = manager.records
    found: list[Any] = []
    for model in store.all_models():
        files = [(f.root, f.path, f.size, f.blake3, f.sha256) for f in store.files(model.key)]
        tags = sorted(store.metadata_store.tags(model.key).all)
        config = model.to_json() | {"key": "", "preview": bool(model.preview)}
        try:
            told = store.get_metadata(model.key).model_dump_json()
        except UnknownMetadataException:
            told = ""
        found.append((model.name, config, files, tags, told))
    found += [(e.name, e.origins, e.size, e.tags) for e in manager.installer.trash()]
    return sorted(found, key=repr)
