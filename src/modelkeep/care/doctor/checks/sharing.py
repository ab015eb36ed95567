"""Sharing: this user, and the group that a library is shared with, can change its files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding, Repair, Severity
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.core.lookonly import beside
from modelkeep.core.names import shown
from modelkeep.core.reading import printable
from modelkeep.disk import access, paths
from modelkeep.settings import Settings
from modelkeep.sources.last_search import LAST_SEARCH

_GROUP_FILE, _GROUP_FOLDER = 0o060, 0o070 | stat.S_ISGID


def _find(library: LibraryState) -> Iterator[Finding]:
    """Databases and settings can be written; what is in a folder of a group is the group's."""
    databases = {library.catalogue, library.settings.state_path}
    files = [file for path in sorted(databases) for file in (path, *beside(path))]
    there = [file for file in (*files, library.settings.settings_path) if file.exists()]
    closed = {file.parent for file in there if not paths.is_writable(file.parent)}
    closed |= {f for f in there if f.parent not in closed and _is_readonly(f)}
    for path in sorted(closed):
        yield _not_writable(path)
    for top in _tops(library.settings, there):
        if _is_shared(top):
            group = top.stat().st_gid
            for path in _needed_by_all(top, library.settings.models_dir):
                if _is_closed(path, group):
                    yield _not_shared(path, group)


def _is_readonly(file: Path) -> bool:
    """Tell whether a file cannot be written by this user, or by its owner where that is another."""
    return not access.is_changeable(file) or not file.stat().st_mode & stat.S_IWUSR


def _tops(settings: Settings, files: list[Path]) -> list[Path]:
    """Return the folders that a library is in, none of them in another one."""
    found = {settings.root, settings.models_dir, *(file.parent for file in files)}
    return sorted(f for f in found if f.is_dir() and not found & set(f.parents))


def _needed_by_all(top: Path, models: Path) -> Iterator[Path]:
    """Give the folders below one, and the files in it that every user writes: not the models."""
    for folder, folders, files in os.walk(top):
        here = Path(folder)
        folders[:] = [name for name in folders if here / name != top / "secrets"]
        yield from (here / name for name in folders)
        if here != models and models not in here.parents:
            yield from (here / name for name in files if not name.startswith(LAST_SEARCH))


def _is_shared(folder: Path) -> bool:
    """Tell whether a folder was given to a group: its members may write, and files are theirs."""
    there = folder.stat()
    return bool(there.st_mode & stat.S_IWGRP and there.st_mode & stat.S_ISGID)


def _is_closed(path: Path, group: int) -> bool:
    """Tell whether a group cannot use a file or folder as it should."""
    try:
        there = path.lstat()
    except OSError:  # it is gone, or closed to this user too
        return False
    if stat.S_ISLNK(there.st_mode):
        return False
    wanted = _GROUP_FOLDER if stat.S_ISDIR(there.st_mode) else _GROUP_FILE
    return there.st_gid != group or there.st_mode & wanted != wanted


def _not_writable(path: Path) -> Finding:
    there = path.stat()
    is_for_owner = not there.st_mode & stat.S_IWUSR and there.st_uid == os.geteuid()
    reason, hint = access.why_not_changeable(path)
    reason = reason or f"it is read-only for its owner (mode {stat.S_IMODE(there.st_mode):04o})"
    return Finding(
        "not_writable",
        printable(path),
        f"{shown(path)} cannot be changed: {reason}",
        "doctor --fix allows it." if is_for_owner else hint,
        Severity.ERROR,
        repair=_allow(path) if is_for_owner else None,
    )


def _allow(path: Path) -> Repair:
    def allow(_tools: object) -> None:
        there = path.stat().st_mode
        more = stat.S_IRWXU if stat.S_ISDIR(there) else stat.S_IRUSR | stat.S_IWUSR
        paths.set_mode(path, stat.S_IMODE(there) | more)

    return allow


def _not_shared(path: Path, group: int) -> Finding:
    there = path.lstat()
    owner = access.user_name(there.st_uid)
    is_own = there.st_uid == os.geteuid()
    return Finding(
        "not_shared",
        printable(path),
        f"{shown(path)} is not shared with the group of the library: it belongs to {owner} (mode"
        f" {stat.S_IMODE(there.st_mode):04o})",
        "doctor --fix shares it. A umask of 002 keeps new files shared."
        if is_own
        else f"{owner} can share it with: modelkeep doctor --fix",
        repair=_share(path, group) if is_own else None,
    )


def _share(path: Path, group: int) -> Repair:
    def share(_tools: object) -> None:
        there = path.lstat()
        paths.set_group(path, group)
        wanted = _GROUP_FOLDER if stat.S_ISDIR(there.st_mode) else _GROUP_FILE
        paths.set_mode(path, stat.S_IMODE(there.st_mode) | wanted)

    return share


CHECK = Check("sharing", position=15, find=_find)
