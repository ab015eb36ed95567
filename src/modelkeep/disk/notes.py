"""The notes of the journal, one class for each operation that changes the disk in several steps."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from modelkeep.core.names import shown
from modelkeep.core.plain import from_plain, to_plain
from modelkeep.disk import moves, paths
from modelkeep.disk.journal import Note
from modelkeep.disk.moves import Move
from modelkeep.errors import StorageError

#: Names of the folders of the program beside models that lie on another disk than ``models_dir``:
#: for staging in a registered root, for the trash at the top of a root or beside the model.
FOREIGN_STAGING = ".modelkeep-staging"
FOREIGN_TRASH = ".modelkeep-trash"
#: The copy of a note in the folder that its change works in, for when the journal is lost.
NOTE_FILE = ".modelkeep-note.json"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MovedFile:
    """A file that goes once its model is recorded elsewhere, if it is still the same.

    Attributes:
        path: Where it is.
        size, mtime_ns, inode: What it was when the install was planned.
    """

    path: Path
    size: int
    mtime_ns: int
    inode: int

    def remove(self) -> None:
        """Remove it, unless it has changed since."""
        try:
            there = self.path.lstat()
        except FileNotFoundError:
            return
        if (there.st_size, there.st_mtime_ns, there.st_ino) == (
            self.size,
            self.mtime_ns,
            self.inode,
        ):
            paths.remove_file(self.path)
        else:
            _log.warning("%s changed after it was installed and is kept", shown(self.path))


@dataclass(frozen=True, slots=True)
class _Staged(Note):
    """A model is put together in staging and goes from there to its place.

    Attributes:
        top: The folder of installed models that it goes to.
        fetched: The folder that its files were downloaded to; goes with the install.
        source_top: The file or folder that it is moved from.
    """

    source: str
    staging: Path
    top: Path
    fetched: Path | None = None
    source_top: Path | None = None
    sources: tuple[MovedFile, ...] = ()

    @property
    def staged_places(self) -> tuple[Path, ...]:
        """Where it comes from, and where it is put together."""
        found = [self.staging, self.fetched, self.source_top, *(f.path for f in self.sources)]
        return tuple(place for place in found if place is not None)

    @property
    def subject(self) -> str:
        """What is installed."""
        return self.source

    def finish(self) -> None:
        """Remove what a moved model was moved from, what it was downloaded to, and staging."""
        for file in self.sources:
            try:
                file.remove()
                if self.source_top is not None and self.source_top != file.path:
                    paths.remove_empty_folders(file.path.parent, self.source_top.parent)
            except StorageError as error:
                _log.warning(
                    "The model is installed, but its source could not be removed: %s", error
                )
        if self.fetched is not None:
            remove_work_folder(self.fetched)
        remove_work_folder(self.staging)


@dataclass(frozen=True, slots=True)
class Install(_Staged):
    """A model is put together in staging, published under its name, and recorded.

    Attributes:
        preview: The copy of its picture.
        move: From staging to its place, once that is chosen.
    """

    operation: ClassVar[str] = "install"

    preview: Path | None = None
    move: Move | None = None

    @property
    def places(self) -> tuple[Path, ...]:
        """Everything on the disk that settling may look at or change."""
        found = [self.preview, *((self.move.source, self.move.target) if self.move else ())]
        return (*self.staged_places, *(place for place in found if place is not None))

    @property
    def stage(self) -> str:
        """How far it came."""
        return "publishing" if self.move else "staging"

    def roll_back(self) -> None:
        """Leave nothing published and nothing staged; what was downloaded stays."""
        if self.move is not None:
            moves.undo([self.move])
            paths.remove_empty_folders(self.move.target.parent, self.top)
        if self.preview is not None:
            paths.remove_file(self.preview)
            paths.remove_empty_folders(self.preview.parent, self.top)
        remove_work_folder(self.staging)


@dataclass(frozen=True, slots=True)
class Reinstall(_Staged):
    """Files of a record that were missing or damaged come back from staging.

    The record is there before and afterwards, so the files decide: once all of them are in their
    places, they stay.

    Attributes:
        aside: The trash entry that takes what lay in their places.
        taken: What goes there.
        put: What comes from staging.
    """

    operation: ClassVar[str] = "reinstall"

    aside: Path | None = None
    taken: tuple[Move, ...] = ()
    put: tuple[Move, ...] = ()

    @property
    def places(self) -> tuple[Path, ...]:
        """Everything on the disk that settling may look at or change."""
        ends = [end for move in (*self.taken, *self.put) for end in (move.source, move.target)]
        aside = [self.aside] if self.aside is not None else []
        return (*self.staged_places, *aside, *ends)

    @property
    def stage(self) -> str:
        """How far it came."""
        return "publishing" if self.put else "staging"

    def is_done(self, *, is_recorded: bool) -> bool:
        """Tell whether all files are in their places."""
        del is_recorded
        return bool(self.put) and all(moves.is_done(move) for move in self.put)

    def settle(self, *, is_recorded: bool) -> None:
        """Finish it once all files are in their places; roll it back before."""
        del is_recorded
        self.roll_back()

    def roll_back(self) -> None:
        """Bring back what lay there before, unless everything new is there by now."""
        if self.is_done(is_recorded=True):
            self.finish()
            return
        moves.undo((*self.taken, *self.put))
        for move in self.put:
            paths.remove_empty_folders(move.target.parent, self.top)
        if self.aside is not None:
            remove_work_folder(self.aside)
        remove_work_folder(self.staging)


@dataclass(frozen=True, slots=True)
class _TrashMoves(Note):
    """Files of a model move between their places and a trash entry."""

    folder: Path
    top: Path
    moves: tuple[Move, ...] = ()

    @property
    def places(self) -> tuple[Path, ...]:
        """Everything on the disk that settling may look at or change."""
        ends = [end for move in self.moves for end in (move.source, move.target)]
        return (self.folder, self.top, *ends)

    @property
    def subject(self) -> str:
        """Where the model is, or was."""
        return str(self.top)

    def _remove_empty_folders(self, left: list[Path]) -> None:
        """Remove the folders of the model that became empty."""
        for path in left:
            if path != self.top:
                paths.remove_empty_folders(path.parent, self.top.parent)


@dataclass(frozen=True, slots=True)
class Removal(_TrashMoves):
    """The files of a model move to the trash, and its record is deleted."""

    operation: ClassVar[str] = "delete"

    @property
    def stage(self) -> str:
        """How far it came."""
        return "trashing"

    def settle(self, *, is_recorded: bool) -> None:
        """Roll back a removal whose record is still there; finish any other."""
        if is_recorded:
            self.roll_back()
        else:
            self.finish()

    def roll_back(self) -> None:
        """Move every file back to where it was; the trash entry goes."""
        moves.undo(self.moves)
        remove_work_folder(self.folder)

    def finish(self) -> None:
        """Remove the folders that became empty."""
        self._remove_empty_folders([move.source for move in self.moves])


@dataclass(frozen=True, slots=True)
class Restore(_TrashMoves):
    """The files of a model move back from the trash, and it is recorded again."""

    operation: ClassVar[str] = "restore"

    @property
    def stage(self) -> str:
        """How far it came."""
        return "restoring"

    def roll_back(self) -> None:
        """Move every file back to the trash."""
        moves.undo(self.moves)
        self._remove_empty_folders([move.target for move in self.moves])
        erase(self.folder)

    def finish(self) -> None:
        """Remove the trash entry, which is empty now."""
        remove_work_folder(self.folder)


@dataclass(frozen=True, slots=True)
class Purge(Note):
    """A trash entry is removed for good, with the copies of its picture.

    Attributes:
        pictures: Copies of pictures; they stay where the key is recorded again.
    """

    operation: ClassVar[str] = "purge"
    is_reversible: ClassVar[bool] = False

    folder: Path
    pictures: tuple[Path, ...] = ()

    @property
    def places(self) -> tuple[Path, ...]:
        """Everything on the disk that settling may look at or change."""
        return (self.folder, *self.pictures)

    @property
    def stage(self) -> str:
        """How far it came."""
        return "purging"

    @property
    def subject(self) -> str:
        """The trash entry."""
        return str(self.folder)

    def settle(self, *, is_recorded: bool) -> None:
        """Finish it in any case: part of it may be gone already."""
        for picture in () if is_recorded else self.pictures:
            paths.remove_file(picture)
            paths.remove_empty_folders(picture.parent, picture.parent.parent)
        self.finish()

    def roll_back(self) -> None:
        """Do nothing: what is purged does not come back."""

    def finish(self) -> None:
        """Remove the trash entry."""
        remove_work_folder(self.folder)


#: The notes by the name of their operation.
NOTES: dict[str, type[Note]] = {
    kind.operation: kind for kind in (Install, Reinstall, Removal, Restore, Purge)
}


def encode(note: Note) -> str:
    """Return a note as the text that the journal and note files have."""
    return json.dumps({"operation": note.operation, **to_plain(note)})


def decode(text: str | bytes) -> Note:
    """Return the note that ``encode`` wrote.

    Raises:
        ValueError: it is not a note.
    """
    data = json.loads(text)
    kind = NOTES.get(data.get("operation", "")) if isinstance(data, dict) else None
    if kind is None:
        raise ValueError("this is not a journal note")
    return from_plain(kind, data)


def leave(note: Note, folder: Path) -> None:
    """Write a copy of a note into the folder that its change works in."""
    paths.write_file(folder / NOTE_FILE, encode(note).encode())


def erase(folder: Path) -> None:
    """Remove the copy of a note from a folder, and unfinished copies."""
    for path in [folder / NOTE_FILE, *folder.glob(f".{NOTE_FILE}.*")]:
        paths.remove_file(path)


def left_in(folder: Path) -> Note | None:
    """Return the note that was left in a folder; None where there is none that can be read."""
    try:
        return decode((folder / NOTE_FILE).read_bytes())
    except (OSError, ValueError):
        return None


def remove_work_folder(folder: Path) -> None:
    """Remove a work folder, and the staging or trash folder of a root that it leaves empty."""
    if folder.exists():
        paths.remove_tree(folder, folder.parent)
    if folder.parent.name in {FOREIGN_TRASH, FOREIGN_STAGING} and folder.parent.exists():
        paths.remove_empty_folders(folder.parent, folder.parent.parent)
