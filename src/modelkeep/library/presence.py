"""``Presence``: whether a root is online, or only the mount point of its disk exists."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modelkeep.core.commands import command
from modelkeep.core.names import path_to_text, shown, text_to_path
from modelkeep.core.roots import MODELS_ROOT, NO_ROOT, Roots, RootState
from modelkeep.jobs.seen_roots import SeenRoot, note_root, seen_roots
from modelkeep.jobs.state import StateDatabase
from modelkeep.records.listing import RecordFilter

if TYPE_CHECKING:
    from modelkeep.records.service import ModelRecordServiceBase

#: Entries of an empty file system.
_OF_THE_DISK = frozenset({"lost+found"})


@dataclass(frozen=True, slots=True)
class Presence:
    """Decides which roots are online. Nothing is written in them.

    Attributes:
        open_records: Returns the catalogue; of a root that is where it was it is not asked.
        registered: Returns the registered roots.
        models_dir: Folder of the root ``models``.
    """

    open_records: Callable[[], ModelRecordServiceBase]
    registered: Callable[[], Roots]
    state: StateDatabase
    models_dir: Path

    @property
    def records(self) -> ModelRecordServiceBase:
        """The catalogue, which knows what lies in the roots."""
        return self.open_records()

    def state_of(self, name: str) -> RootState:
        """Return the state of a root; one that is not registered is offline."""
        return RootState.OFFLINE if self.why_offline(name) else RootState.ONLINE

    def why_offline(self, name: str) -> str:
        """Return why a root counts as offline, as one sentence; empty when it is online.

        Its folder does not exist, or another one is at its path (which an unmounted or
        another disk leaves) with none of its models in it.
        """
        if name == NO_ROOT:
            return ""
        folder = self.folder_of(name)
        if folder is None:
            return self._why_unknown(name)
        try:
            identity, is_empty = look_at(folder, is_home=name == MODELS_ROOT)
        except OSError as error:
            if name == MODELS_ROOT and not self._holds_records(name):
                return ""  # it is made with the first install
            return f"Its folder {shown(folder)} is missing: {error.strerror}"
        if self._is_same(name, folder, identity, is_empty=is_empty):
            return ""
        return f"{shown(folder)} contains none of its models: its disk may not be mounted"

    def _is_same(self, name: str, folder: Path, identity: str, *, is_empty: bool) -> bool:
        """Return whether the folder at the path of a root is the root; store its identity if so."""
        before = seen_roots(self.state).get(name)
        known = before.identity if before and before.path == path_to_text(folder) else ""
        if identity == known and not (is_empty and folder.is_mount()):
            return True
        if not is_empty and self._sees_a_model(name):
            note_root(self.state, name, SeenRoot(path_to_text(folder), identity))
            return True
        # A folder that was never seen with models and holds something may be anything.
        return not self._holds_records(name) or not (known or is_empty)

    def note_seen(self, name: str) -> None:
        """Store the identity of a root in which a model was just seen."""
        folder = self.folder_of(name)
        if folder is None:
            return
        identity, _ = look_at(folder, is_home=True)
        seen = SeenRoot(path_to_text(folder), identity)
        if seen_roots(self.state).get(name) != seen:
            note_root(self.state, name, seen)

    def is_another(self, name: str) -> bool:
        """Return whether an empty folder is at the path of a root seen before: an unmounted disk.

        Of a root without records that is no reason to call it offline.
        """
        folder, before = self.folder_of(name), seen_roots(self.state).get(name)
        if folder is None or before is None or before.path != path_to_text(folder):
            return False
        try:
            identity, is_empty = look_at(folder, is_home=name == MODELS_ROOT)
        except OSError:
            return bool(before.identity)
        return is_empty and before.identity not in {"", identity}

    def folder_of(self, name: str) -> Path | None:
        """Return the folder of a root, or None when it is not registered."""
        if name == MODELS_ROOT:
            return self.models_dir
        root = self.registered().named.get(name)
        return root.path if root else None

    def hint_for(self, name: str) -> str:
        """Return how to bring an offline root back online."""
        if self.folder_of(name) is not None:
            return f"Mount its disk or, if it moved, run: modelkeep root move {name} NEWDIR"
        before = seen_roots(self.state).get(name)
        folder = text_to_path(before.path) if before else "DIR"
        return f"Register it again: {command('root', 'add', name, folder)}"

    def _why_unknown(self, name: str) -> str:
        before = seen_roots(self.state).get(name)
        was = f"; it was {shown(before.path)}" if before else ""
        return f"No root is registered as {name}{was}"

    def _sees_a_model(self, name: str) -> bool:
        roots = self.registered()
        places = (
            roots.locate(config.root, config.path, self.models_dir)
            for config in self.records.each(RecordFilter(roots=(name,)))
        )
        return any(place is not None and os.path.lexists(place) for place in places)

    def _holds_records(self, name: str) -> bool:
        return bool(self.records.page(RecordFilter(roots=(name,)), limit=1).items)


def look_at(folder: Path, *, is_home: bool = False) -> tuple[str, bool]:
    """Return the identity of a folder, and whether it is empty.

    Args:
        folder: The folder.
        is_home: It is ``models_dir``: what the program keeps in there shows that it is there.

    Raises:
        OSError: it is not there, is no folder or may not be read.
    """
    there = folder.stat()
    if not stat.S_ISDIR(there.st_mode):
        raise NotADirectoryError(20, "it is not a folder")
    with os.scandir(folder) as entries:
        names = {entry.name for entry in entries} - _OF_THE_DISK
    own = names if is_home else {name for name in names if not name.startswith(".")}
    return f"{there.st_dev}:{there.st_ino}:{os.statvfs(folder).f_fsid}", not own
