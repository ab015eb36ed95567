"""What crash loops work on: a library with files beside it, and stories of what is done to it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faults.crash import Fault, planted
from modelkeep.app.manager import ModelManager
from modelkeep.settings import Settings
from support import tiny


@dataclass(frozen=True)
class World:
    """A library with a model in it that nothing may harm, and files of the user beside it.

    Attributes:
        folder: Holds all of it.
        is_yaml: The catalogue is a YAML file.
    """

    folder: Path
    is_yaml: bool

    @property
    def elsewhere(self) -> Path:
        """The user's own files."""
        return self.folder / "elsewhere"

    @property
    def source(self) -> Path:
        """The model that most stories are about."""
        file = self.elsewhere / "source.safetensors"
        return file if file.exists() else file.with_suffix("")

    @property
    def shelf(self) -> Path:
        """A folder of models that stories about several are about."""
        return self.elsewhere / "shelf"

    def settings(self) -> Settings:
        """Read the settings as a start of the program does."""
        store: Any = None if self.is_yaml else "auto"
        return Settings(root=self.folder / "root", model_config_db=store)


#: Does something to a library.
Act = Callable[[ModelManager, World], object]


def nothing(manager: ModelManager, world: World) -> None:
    """Do nothing."""
    del manager, world


def file(world: World) -> None:
    """Put a model of one file beside the library."""
    tiny.embedding(world.elsewhere / "source.safetensors", 7)


@dataclass(frozen=True)
class Story:
    """Something that is done to a library.

    Attributes:
        name: What its test is called.
        act: Does it. Done again, it changes nothing or is refused.
        prepare: Done before, undisturbed.
        lay: Puts the files of the user there.
        by_hand: What the user does with them between the two.
        takes_source: Files of the user go once the record says so.
        forgets: What was in the library may be gone for good afterwards.
    """

    name: str
    act: Act
    prepare: Act = nothing
    lay: Callable[[World], None] = file
    by_hand: Callable[[World], None] | None = None
    takes_source: bool = False
    forgets: bool = False


def build(folder: Path, story: Story, *, is_yaml: bool) -> World:
    """Make the world that a story begins with."""
    world = World(folder, is_yaml)
    story.lay(world)
    precious = tiny.lora(world.elsewhere / "precious.safetensors", 1)
    with ModelManager(world.settings()) as manager:
        manager.installer.install_path(precious)
        story.prepare(manager, world)
    if story.by_hand:
        story.by_hand(world)
    return world


def run(world: World, story: Story, fault: Fault) -> Fault:
    """Do what the story does with a fault planted; return the fault, with what it counted."""
    with ModelManager(world.settings()) as manager:
        state: Any = manager.installer.library.state
        holders = [(state, "_connection")]
        if not world.is_yaml:
            store: Any = manager.records
            holders.append((store.db, "conn"))
        assert state.journal.entries() == []
        with planted(fault, *holders):
            story.act(manager, world)
    return fault


class Scene:
    """The world that a story begins with, which can be had anew.

    It is always at the same place: records of models in place have absolute paths.

    Args:
        folder: Where it is made; empty.
        story: What begins there.
        is_yaml: The catalogue is a YAML file.

    Attributes:
        world: The world.
    """

    def __init__(self, folder: Path, story: Story, *, is_yaml: bool) -> None:
        self._kept = folder / "kept"
        self.world = build(folder / "world", story, is_yaml=is_yaml)
        self.world.folder.rename(self._kept)

    def begin(self) -> dict[str, bytes]:
        """Put the world there as it was made; return the user's files."""
        shutil.rmtree(self.world.folder, ignore_errors=True)
        shutil.copytree(self._kept, self.world.folder, symlinks=True)
        return tree(self.world.elsewhere)


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder and its bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
