"""Rights: the program can write where it must, and only its user can read its secrets."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding, Repair, Severity
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.core.names import shown
from modelkeep.core.reading import printable
from modelkeep.disk import paths
from modelkeep.sources.tokens import SiteTokens

_FOLDER_MODE = 0o700
_FILE_MODE = 0o600
_OTHERS = 0o077


def _models_dir(library: LibraryState) -> Iterator[Finding]:
    """``models_dir`` is a folder that this user may write in."""
    folder = library.settings.models_dir
    if folder.exists() and not folder.is_dir():
        yield Finding(
            "models_dir",
            printable(folder),
            f"{shown(folder)} is not a folder",
            "Move it elsewhere, or set models_dir to another folder.",
            Severity.ERROR,
        )
    elif not paths.is_writable(folder):
        yield Finding(
            "models_dir",
            printable(folder),
            f"{shown(folder)} is not writable by this user, so nothing can be installed",
            "Check the owner of the folder and whether the disk is mounted read-only.",
            Severity.ERROR,
        )


def _secrets(library: LibraryState) -> Iterator[Finding]:
    """Folders of tokens and the files in them are for their owner alone."""
    for folder in (library.settings.root / "secrets", SiteTokens(library.settings).folder):
        yield from _open_to_others(folder)


def _open_to_others(folder: Path) -> Iterator[Finding]:
    if not folder.is_dir() or folder.is_symlink():
        return
    places = [folder, *sorted(p for p in _entries(folder) if not p.is_symlink())]
    for path in places:
        try:
            mode = stat.S_IMODE(path.lstat().st_mode)
        except FileNotFoundError:  # a draft that was just finished
            continue
        if mode & _OTHERS:
            wanted = _FOLDER_MODE if path.is_dir() else _FILE_MODE
            yield Finding(
                "secrets_open",
                printable(path),
                f"{shown(path)} can be read or changed by other users (mode {mode:04o})",
                f"Restrict it: chmod {wanted:03o} {shown(path)}",
                repair=_close(path, wanted),
            )


def _tokens(library: LibraryState) -> Iterator[Finding]:
    """The tokens of this user are not in the root, which others may share."""
    tokens = SiteTokens(library.settings)
    for name in tokens.kept_in_root():
        path = library.settings.root / "secrets" / name
        yield Finding(
            "token_in_root",
            printable(path),
            f"Your token for {name} is in {shown(path)}; tokens belong to one user, a root may"
            " belong to several",
            f"doctor --fix moves it to {shown(tokens.folder)}.",
            repair=_take_out(name),
        )


def _take_out(name: str) -> Repair:
    return lambda tools: SiteTokens(tools.settings).take_out_of_root(name)


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # somebody else's folder: others do not read it either
        return []


def _close(path: Path, mode: int) -> Repair:
    return lambda _tools: paths.set_mode(path, mode)


def _find(library: LibraryState) -> Iterator[Finding]:
    yield from _models_dir(library)
    yield from _secrets(library)
    yield from _tokens(library)


CHECK = Check("rights", position=10, find=_find)
