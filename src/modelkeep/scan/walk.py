"""``FolderWalk``: walks folders for candidates, visiting each file and folder once."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from modelkeep.core.names import shown
from modelkeep.core.reading import unreadable
from modelkeep.scan.report import ScanSummary
from modelkeep.scan.signs import is_model_folder
from modelkeep.sources.layouts.layout import Place
from modelkeep.sources.layouts.unfinished import is_unfinished, weight_suffix

#: Folders of programs. Those that begin with a dot are left out too.
PROGRAM_FOLDERS = frozenset({"__pycache__", "blobs", "node_modules", "venv", "site-packages"})
#: Entries of one folder between two looks whether to stop.
_CHECK_EVERY = 1000

#: Suffixes whose meaning is remembered; some folders number their files by suffix.
_SUFFIXES_KEPT = 1000

NO_WEIGHTS = "not a weight file"
UNFINISHED = "unfinished download"
PROGRAM_FOLDER = "program folder"
SYSTEM_FOLDER = "system folder"
#: What the system shows of itself as files: there are many, and none holds a model.
_SYSTEM = ("/dev", "/proc", "/sys")
_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file or folder that may be a model.

    Attributes:
        path: Where it is; absolute.
        is_folder: It is a folder with the signs of one model.
        status: What ``stat`` says of it, links followed.
        place: Where it was looked for.
        siblings: Names of all that is beside it.
    """

    path: Path
    is_folder: bool
    status: os.stat_result
    place: Place
    siblings: frozenset[str]


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was skipped and is reported.

    Attributes:
        path: Where it is.
        reason: Why, in words that many share, so that they can be counted.
        detail: The same as a sentence about this one.
        same_as: Where the walk meets the same file or folder under another name.
        is_failure: It could not be looked at, though it may be a model.
        size: Bytes, where it is a file.
    """

    path: Path
    reason: str
    detail: str
    same_as: Path | None = None
    is_failure: bool = False
    size: int | None = None


@dataclass(slots=True)
class _Folder:
    """The entries of one folder, by what is done with them."""

    names: set[str] = field(default_factory=set)
    folders: list[os.DirEntry[str]] = field(default_factory=list)
    files: list[os.DirEntry[str]] = field(default_factory=list)
    links: list[os.DirEntry[str]] = field(default_factory=list)
    odd: list[os.DirEntry[str]] = field(default_factory=list)


class _Waiting(NamedTuple):
    """A folder to enter: whether a link led there, and what is beside it where that is known."""

    path: Path
    is_linked: bool
    siblings: frozenset[str] | None


class FolderWalk:
    """Goes through places, folder by folder, sorted by name; files before folders.

    What it remembers are the folders it has been in, and the files that have several names.

    Args:
        places: Where to look: folders, or single files.
        summary: Counts what is seen, and what is passed by in silence.
        check: Called often; raises to stop.
    """

    def __init__(
        self,
        places: Iterable[Place],
        summary: ScanSummary,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._summary = summary
        # What is looked through by a recursive place is done; the reverse would leave folders out.
        self._places = sorted(places, key=lambda place: not place.recursive)
        self._real = [(Path(os.path.realpath(place.path)), place) for place in self._places]
        self._tops = {place.path for place in self._places}
        self._check = check
        self._visited: set[tuple[int, int]] = set()
        self._shared: dict[tuple[int, int], Path] = {}
        self._suffixes: dict[str, bool] = {}
        self._system = {Path(top).stat().st_dev for top in _SYSTEM if os.path.ismount(top)}

    def __iter__(self) -> Iterator[Candidate | Skipped]:
        """Go through all places."""
        for place in self._places:
            yield from self._through(place)

    def _through(self, place: Place) -> Iterator[Candidate | Skipped]:
        waiting = [_Waiting(place.path, False, None)]  # noqa: FBT003 - a field
        while waiting:
            path, is_linked, beside = waiting.pop()
            self._check()
            try:
                there = path.stat()
                siblings = frozenset(_listed(path.parent)) if beside is None else beside
                if stat.S_ISREG(there.st_mode):
                    yield from self._file(path, there, siblings, place, is_linked=False)
                    continue
                if there.st_dev in self._system:
                    yield Skipped(path, SYSTEM_FOLDER, f"{shown(path)} is not a folder of files")
                    continue
                here = (there.st_dev, there.st_ino)
                if here in self._visited:
                    if path not in self._tops:  # places may lie in each other
                        yield _again(path)
                    continue
                self._visited.add(here)
                found = self._list(path)
            except OSError as error:
                if not (path == place.path and isinstance(error, FileNotFoundError)):
                    yield _failed(path, error)
                continue
            self._summary.folders += 1
            weights = [e.name for e in (*found.files, *found.links) if weight_suffix(e.name)]
            if is_model_folder(path, found.names, weights):
                yield Candidate(path, True, there, place, siblings)  # noqa: FBT003 - a field
                continue
            yield from self._files(found, place, is_linked=is_linked)
            if place.recursive:
                yield from self._folders(path, found, place, waiting, is_linked=is_linked)

    def _list(self, path: Path) -> _Folder:
        found = _Folder()
        with os.scandir(path) as entries:
            for entry in entries:
                found.names.add(entry.name)
                if not len(found.names) % _CHECK_EVERY:
                    self._check()
                if entry.is_symlink():
                    found.links.append(entry)
                elif entry.is_dir():
                    found.folders.append(entry)
                elif not entry.is_file():
                    found.odd.append(entry)
                else:
                    self._summary.files += 1
                    if self._may_matter(entry.name):
                        found.files.append(entry)
                    else:
                        self._summary.skipped[NO_WEIGHTS] += 1
        return found

    def _may_matter(self, name: str) -> bool:
        """Tell whether a name is one of weights or of a download; asked once for each suffix."""
        suffix = name[name.rfind(".") :] if "." in name else ""
        if (known := self._suffixes.get(suffix)) is None:
            known = bool(weight_suffix(f"x{suffix}")) or is_unfinished(f"x{suffix}", ())
            if len(self._suffixes) < _SUFFIXES_KEPT:
                self._suffixes[suffix] = known
        return known

    def _files(
        self, found: _Folder, place: Place, *, is_linked: bool
    ) -> Iterator[Candidate | Skipped]:
        siblings = frozenset(found.names)
        folders = []
        for entry in sorted((*found.files, *found.odd, *found.links), key=_name):
            here, is_link = Path(entry.path), entry.is_symlink()
            try:
                there = entry.stat()
            except OSError as error:
                yield _broken(here, error) if is_link else _failed(here, error)
                continue
            if stat.S_ISDIR(there.st_mode):
                folders.append(entry)
                continue
            self._summary.files += is_link
            yield from self._file(here, there, siblings, place, is_linked=is_linked or is_link)
        found.links = folders

    def _file(
        self,
        path: Path,
        there: os.stat_result,
        siblings: frozenset[str],
        place: Place,
        *,
        is_linked: bool,
    ) -> Iterator[Candidate | Skipped]:
        for holds, kind in _KINDS:
            if holds(there.st_mode):
                yield Skipped(path, kind, f"{shown(path)} is {kind}")
                return
        # The finder decides about weights: a recorded file is known, whatever lies beside it.
        if not weight_suffix(path.name) and _is_download(path.name, siblings):
            detail = f"{shown(path)} is an unfinished download"
            yield Skipped(path, UNFINISHED, detail, size=there.st_size)
            return
        if not weight_suffix(path.name):
            self._summary.skipped[NO_WEIGHTS] += 1
            return
        if path.name.startswith("."):
            self._summary.skipped["hidden file"] += 1
            return
        first = self._first_name(path, there, is_linked=is_linked)
        if first is not None:
            detail = f"{shown(path)} is another name of {shown(first)}"
            yield Skipped(path, "another name of a file", detail, first, size=there.st_size)
            return
        yield Candidate(path, False, there, place, siblings)  # noqa: FBT003 - a field

    def _first_name(self, path: Path, there: os.stat_result, *, is_linked: bool) -> Path | None:
        """Return the name under which the walk has met this file, or will meet it."""
        if there.st_nlink == 1 and not is_linked:
            return None
        if is_linked:
            real = Path(os.path.realpath(path))
            if real != path and self._covers(real.parent):
                return real
        first = self._shared.setdefault((there.st_dev, there.st_ino), path)
        return first if first != path else None

    def _folders(
        self,
        path: Path,
        found: _Folder,
        place: Place,
        waiting: list[_Waiting],
        *,
        is_linked: bool,
    ) -> Iterator[Skipped]:
        """Put the folders to enter on ``waiting``, the first on top."""
        inside: list[_Waiting] = []
        siblings = frozenset(found.names)
        for entry in sorted((*found.folders, *found.links), key=_name):
            here = Path(entry.path)
            if _is_left_out(entry.name, place):
                self._summary.skipped[PROGRAM_FOLDER] += 1
            elif entry.is_symlink():
                real = Path(os.path.realpath(here))
                if real == path or real in Path(os.path.realpath(path)).parents:
                    detail = f"{shown(here)} leads back to a parent folder"
                    yield Skipped(here, "circular link", detail, real)
                elif self._covers(real):
                    detail = f"{shown(here)} leads to {shown(real)}, which is scanned itself"
                    yield Skipped(here, "link to a scanned folder", detail, real)
                else:
                    inside.append(_Waiting(here, True, siblings))  # noqa: FBT003 - a field
            else:
                inside.append(_Waiting(here, is_linked, siblings))
        waiting.extend(reversed(inside))

    def _covers(self, real: Path) -> bool:
        """Tell whether the walk comes by a folder, given by its real path, anyway."""
        for top, place in self._real:
            if real == top:
                return True
            if place.recursive and top in real.parents:
                parts = real.relative_to(top).parts
                if not any(_is_left_out(part, place) for part in parts):
                    return True
        return False


def _is_download(name: str, siblings: frozenset[str]) -> bool:
    """Tell whether a file is a model on its way, and neither anybody's ``.tmp`` nor aria2's own."""
    if not is_unfinished(name, siblings):
        return False
    stem, _, suffix = name.rpartition(".")
    if suffix.lower() == "aria2":
        return stem not in siblings
    return suffix.lower() != "tmp" or bool(weight_suffix(stem))


def _is_left_out(name: str, place: Place) -> bool:
    return name.startswith(".") or name in PROGRAM_FOLDERS or name in place.skip


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _listed(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return []  # what is beside a model is only asked for what it says


def _again(path: Path) -> Skipped:
    return Skipped(path, "folder seen already", f"{shown(path)} was scanned under another name")


def _failed(path: Path, error: OSError) -> Skipped:
    return Skipped(path, "cannot be read", str(unreadable(path, error)), is_failure=True)


def _broken(path: Path, error: OSError) -> Skipped:
    if error.errno == errno.ELOOP:
        return Skipped(path, "circular link", f"{shown(path)} is a circular link")
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return Skipped(path, "link to nothing", f"{shown(path)} is a broken link")
    return _failed(path, error)
