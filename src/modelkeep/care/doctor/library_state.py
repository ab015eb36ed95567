"""``LibraryState``: the parts of a library, each opened read-only and on its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from modelkeep.care.doctor.tree import ModelsTree
from modelkeep.core.configs import AnyModelConfig
from modelkeep.core.lookonly import copy_for_looking
from modelkeep.core.names import shown, text_to_path
from modelkeep.core.roots import NO_ROOT
from modelkeep.disk.journal import JournalEntry
from modelkeep.disk.notes import FOREIGN_TRASH
from modelkeep.errors import ModelKeepError
from modelkeep.jobs.catalogues import noted_catalogues
from modelkeep.jobs.owner import is_held
from modelkeep.jobs.state import StateDatabase
from modelkeep.library.condition import ModelCondition, survey
from modelkeep.library.presence import Presence
from modelkeep.library.trash import Trash
from modelkeep.records.listing import RecordFilter
from modelkeep.records.locations import catalogue_file
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.settings import Settings

if TYPE_CHECKING:
    from modelkeep.records.dialects.sqlite_health import Health

_SQLITE = ".db"
_LOOKED_AT = (
    "catalogue",
    "records",
    "models",
    "state",
    "entries",
    "trash",
    "forgotten_trash",
    "presence",
    "tree",
    "health",
    "conditions",
)


@dataclass
class LibraryState:
    """A library that may be damaged.

    Attributes:
        folders_in_use: Returns the folders that jobs of a state file download into.
    """

    settings: Settings
    folders_in_use: Callable[[StateDatabase], set[Path]]
    _closers: list[Callable[[], None]] = field(default_factory=list)

    @cached_property
    def catalogue(self) -> Path:
        """The file of the catalogue.

        Where the settings choose one that is not there yet, that is the one used before, which the
        next command converts.
        """
        chosen = catalogue_file(self.settings)
        if chosen.exists():
            return chosen
        noted = noted_catalogues(self.state, self.settings.root) if self.state is not None else []
        there = {path for path in (self.settings.db_path, *noted) if path.is_file()}
        return there.pop() if len(there) == 1 else chosen

    @property
    def is_sqlite(self) -> bool:
        """The catalogue is a SQLite file."""
        return self.catalogue.suffix.lower() == _SQLITE

    @cached_property
    def records(self) -> ModelRecordServiceBase | None:
        """The catalogue; None when it is not there or cannot be opened."""
        if not self.catalogue.is_file():
            return None
        try:
            opened = self._copied() if self.is_sqlite else self._read()
        except ModelKeepError:
            return None
        opened.roots = self.settings.named_roots()
        return opened

    def _copied(self) -> ModelRecordServiceBase:
        """Open a copy of the SQLite catalogue in memory, brought up to date there."""
        from modelkeep.records.dialects.sqlite_errors import translated  # noqa: PLC0415 - heavy
        from modelkeep.records.sql.service import ModelRecordServiceSQL  # noqa: PLC0415 - heavy

        with translated(shown(self.catalogue)):
            connection = copy_for_looking(self.catalogue)
        self._closers.append(connection.close)
        return ModelRecordServiceSQL.from_connection(connection, threading.RLock())

    def _read(self) -> ModelRecordServiceBase:
        opened = ModelRecordServiceBase.from_db_file(self.catalogue)
        self._closers.append(opened.close)
        return opened

    @cached_property
    def health(self) -> Health | ModelKeepError:
        """What is wrong with the file of a SQLite catalogue, or why it cannot be examined."""
        from modelkeep.records.dialects.sqlite_health import examine  # noqa: PLC0415 - heavy

        try:
            found = examine(self.catalogue)
            # Another process may have written while the file was read: that looks like damage.
            return examine(self.catalogue) if found.damage else found
        except ModelKeepError as error:
            return error

    @cached_property
    def conditions(self) -> dict[str, ModelCondition]:
        """The models whose files are not as they were recorded, by key."""
        if self.presence is None or self.models is None:
            return {}
        return survey(self.presence)

    @cached_property
    def models(self) -> dict[str, AnyModelConfig] | None:
        """All records by key; None when they cannot be read."""
        if self.records is None:
            return None
        try:
            return {config.key: config for config in self.records.each(RecordFilter())}
        except ModelKeepError:
            return None

    @cached_property
    def state(self) -> StateDatabase | None:
        """A copy of the journal; None when the state file cannot be read."""
        try:
            opened = StateDatabase.for_looking(self.settings.state_path)
        except ModelKeepError:
            return None
        self._closers.append(opened.close)
        return opened

    @cached_property
    def entries(self) -> list[JournalEntry]:
        """What the journal holds; nothing when it cannot be read."""
        try:
            return self.state.journal.entries() if self.state else []
        except ModelKeepError:
            return []

    @property
    def work_folders(self) -> set[Path]:
        """The staging folders and trash entries that the journal names."""
        return {place for entry in self.entries for place in entry.note.places}

    @property
    def download_folders(self) -> set[Path]:
        """The folders that jobs download into which go on, or may be begun again."""
        return self.folders_in_use(self.state) if self.state is not None else set()

    @cached_property
    def trash(self) -> Trash:
        """The trash folders, those that were forgotten among them."""
        roots = self.settings.named_roots()
        places = [*self._trash_places, *self.forgotten_trash]
        return Trash(self.settings.trash_dir, places, roots)

    @property
    def _trash_places(self) -> list[Path]:
        try:
            places = self.state.trash_places() if self.state else []
        except ModelKeepError:
            places = []
        return [text_to_path(place) for place in places]

    @cached_property
    def forgotten_trash(self) -> list[Path]:
        """Trash folders beside models in no root that the state file does not name."""
        tops = [Path(m.path) for m in (self.models or {}).values() if m.root == NO_ROOT]
        near = {folder / FOREIGN_TRASH for top in tops for folder in (top, top.parent)}
        return sorted(place for place in near - set(self._trash_places) if place.is_dir())

    @cached_property
    def presence(self) -> Presence | None:
        """Decides which roots are online; None when the catalogue cannot be read."""
        records = self.records
        if records is None:
            return None
        state = self.state or StateDatabase.for_looking(self.settings.state_path / "none")
        return Presence(lambda: records, lambda: records.roots, state, self.settings.models_dir)

    @cached_property
    def tree(self) -> ModelsTree:
        """The contents of ``models_dir``."""
        return ModelsTree.of(self.settings.models_dir)

    # -- who is at work

    @property
    def living(self) -> set[str]:
        """Names of the processes that use this root now."""
        locks = self.settings.state_path.parent / "owners"
        try:
            found = list(locks.glob("*.lock"))
        except OSError:
            return set()
        return {lock.stem for lock in found if is_held(lock)}

    def forget(self) -> None:
        """Close what was opened; everything is read anew from now on."""
        for close in self._closers:
            close()
        self._closers.clear()
        for name in _LOOKED_AT:
            self.__dict__.pop(name, None)


def files_in(folder: Path) -> list[Path]:
    """Return the files of a folder, sorted; none where it cannot be listed."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_file())
    except OSError:
        return []
