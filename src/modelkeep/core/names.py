"""Names: paths that stay inside, file names that every system takes, paths and sizes as text."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote_to_bytes

from modelkeep.core import limits
from modelkeep.core.reading import printable
from modelkeep.errors import SourceNotFoundError, UnsafePathError

_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
#: What Windows forbids, control characters, and those that turn the direction of text around.
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\u200e\u200f\u202a-\u202e\u2066-\u2069]')
_FILE_URI = "file://"
_UNITS = ("B", "KB", "MB", "GB", "TB")
_UNIT_STEP = 1000


def safe_relpath(text: str) -> PurePosixPath:
    """Return ``text`` as a relative path that cannot leave the folder it is joined to.

    Raises:
        UnsafePathError: it is empty, absolute, climbs, or has a NUL, a backslash or a drive.
    """
    parts = text.split("/")
    bad = (
        not text
        or "\x00" in text
        or "\\" in text
        or re.match(r"[A-Za-z]:", text) is not None
        or any(part in {"", ".", ".."} for part in parts)
    )
    if bad:
        raise UnsafePathError(
            f"{text!r} is not a path inside its folder",
            hint="Use a relative path of plain names separated by /.",
        )
    return PurePosixPath(text)


def safe_join(root: Path, text: str) -> Path:
    """Join ``text`` to ``root``; see ``safe_relpath`` for what is refused."""
    return root / safe_relpath(text)


def safe_name(text: str) -> str:
    """Return a file name like ``text`` that every file system and shell can take.

    Undecodable bytes and characters that Windows forbids become ``_``; a name of more than 255
    bytes is shortened and gets a hash, so that two long names stay two.
    """
    decoded = os.fsencode(text).decode("utf-8", "replace").replace("\ufffd", "_")
    name = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", decoded)).strip().rstrip(". ")
    if not name or name in {".", ".."}:
        name = "model"
    if _RESERVED.fullmatch(name) or name.startswith("."):
        name = f"_{name}"
    # Room for a suffix such as "-12" stays below the limit.
    room = limits.NAME_BYTES - 8
    if len(name.encode()) <= room:
        return name
    stem, suffix = _split(name)
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    room -= len(suffix.encode()) + len(mark) + 1
    return f"{stem.encode()[:room].decode('utf-8', 'ignore')}-{mark}{suffix}"


def unique_name(name: str, is_taken: Callable[[str], bool]) -> str:
    """Return ``name``, or the first of ``name-2``, ``name-3`` ... that is not taken."""
    if not is_taken(name):
        return name
    stem, suffix = _split(name)
    number = 2
    while is_taken(candidate := f"{stem}-{number}{suffix}"):
        number += 1
    return candidate


def fold(name: str) -> str:
    """Return what two names share that a file system may take for one."""
    return unicodedata.normalize("NFC", name).casefold()


def taken_in(folder: Path) -> Callable[[str], bool]:
    """Return a test whether a name is taken in ``folder``, whatever its case and accents."""
    try:
        present = {fold(os.fsencode(p.name).decode("utf-8", "replace")) for p in folder.iterdir()}
    except (FileNotFoundError, NotADirectoryError):
        present = set()
    return lambda name: fold(name) in present


def _split(name: str) -> tuple[str, str]:
    suffix = PurePosixPath(name).suffix
    if 1 < len(suffix.encode()) <= 16:  # noqa: PLR2004 - longer ones are no suffixes
        return name[: -len(suffix)], suffix
    return name, ""


def path_to_text(path: Path) -> str:
    """Return a path as text for a record: itself, or a ``file:`` URI when it is not UTF-8."""
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:
        return _FILE_URI + quote(os.fsencode(path))
    return os.fspath(path)


def text_to_path(text: str) -> Path:
    """Return the path that ``path_to_text`` wrote."""
    if text.startswith(_FILE_URI):
        return Path(os.fsdecode(unquote_to_bytes(text.removeprefix(_FILE_URI))))
    return Path(text)


def is_inside(path: Path, folder: Path) -> bool:
    """Tell whether ``path`` lies below ``folder``, by components and without following links."""
    absolute = os.path.normpath(path.absolute())  # resolve() would follow links
    top = os.fspath(folder)
    return absolute != top and absolute.startswith(top if top.endswith(os.sep) else top + os.sep)


def refuse_climbing(path: Path, whose: str) -> None:
    """Refuse a path with ``..`` in it, which could leave its folder.

    Args:
        path: As a record or a manifest has it, joined to its folder or not.
        whose: What the path was said of, for the message.

    Raises:
        UnsafePathError: it climbs.
    """
    if ".." in path.parts:
        raise UnsafePathError(
            f"{whose} is recorded at {printable(path)}, a path outside its folder",
            hint="No file is touched there. Remove the record: modelkeep remove --keep-files MODEL",
        )


def names_folder(path: Path | str) -> bool:
    """Tell whether a path can only be that of a folder, as ``new/`` can."""
    return isinstance(path, str) and path.rpartition(os.sep)[2] in {"", ".", ".."}


def full_path(path: Path | str) -> Path:
    """Return a path of a user as an absolute one without ``~`` and ``..``; links stay.

    Raises:
        SourceNotFoundError: it holds a NUL, which no path does.
    """
    if "\0" in os.fspath(path):
        raise SourceNotFoundError(
            f"{os.fspath(path)!r} does not exist: no path holds a NUL", hint="Check the path."
        )
    try:
        absolute = Path(path).expanduser().absolute()
    except RuntimeError:  # nobody is called that: it is an ordinary name
        absolute = Path(path).absolute()
    parts = absolute.parts
    if ".." not in parts:
        return absolute
    climbs = len(parts) - parts[::-1].index("..")
    return real_path(Path(*parts[:climbs])).joinpath(*parts[climbs:])


def real_path(path: Path) -> Path:
    """Return where a path leads, all links followed; one that leads nowhere stays as it is."""
    return Path(os.path.realpath(path))  # resolve() raises where links go round in circles


def shown(path: Path | str) -> str:
    """Return a path for messages, with home as ``~``."""
    text = printable(path)
    home = os.path.expanduser("~")  # noqa: PTH111 - text in, text out
    return "~" + text[len(home) :] if home != "/" and text.startswith(home + "/") else text


def size_text(size: float | None) -> str:
    """Return a number of bytes as people say it."""
    if size is None:
        return "-"
    for unit in _UNITS[:-1]:
        if size < _UNIT_STEP:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= _UNIT_STEP
    return f"{size:.1f} {_UNITS[-1]}"


def counted(number: int, word: str) -> str:
    """Return a number and what is counted: ``1 model``, ``2,000 models``."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
