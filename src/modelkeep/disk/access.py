"""Who may change what on the disk, and why this user may not."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from modelkeep.core.names import shown


def nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    return there


def is_changeable(path: Path) -> bool:
    """Tell whether this user may change a file, and make files beside it as databases do."""
    is_open = not os.path.lexists(path) or os.access(path, os.W_OK)
    return is_open and os.access(nearest(path.parent), os.W_OK | os.X_OK)


def gives_its_group(folder: Path) -> bool:
    """Tell whether a file that this user makes in a folder has the group of the folder."""
    there = folder.stat()
    return bool(there.st_mode & stat.S_ISGID) or there.st_gid == os.getegid()


def why_not_changeable(path: Path) -> tuple[str, str]:
    """Return why this user may not change a file, and what can be done about it.

    The reason is empty where nothing speaks against it.
    """
    folder = nearest(path.parent)
    try:
        place = next((p for p in (path, folder) if p.exists() and not os.access(p, os.W_OK)), None)
        if place is None:
            return "", "Check the owner of the folder and whether the disk is mounted read-only."
        there, is_readonly = place.stat(), os.statvfs(place).f_flag & os.ST_RDONLY
    except OSError as error:
        return error.strerror or str(error), "Check the owner of the folders above it."
    if is_readonly:
        return "its disk is mounted read-only", "Mount it for writing or choose another folder."
    owner = user_name(there.st_uid)
    what = "it" if place == path else f"the folder {shown(place)}"
    reason = f"{what} belongs to {owner} (mode {stat.S_IMODE(there.st_mode):04o})"
    if there.st_uid == os.geteuid():
        return reason, f"Allow it: chmod u+rwX {shown(place)}"
    if there.st_gid in {os.getegid(), *os.getgroups()}:
        return reason, f"To share it with the group, {owner} can run: chmod g+rwX {shown(place)}"
    return reason, f"Ask {owner} to share it with a group that you are in."


def user_name(number: int) -> str:
    """Return the name of a user, or the number where it has none."""
    import pwd  # noqa: PLC0415 - for messages alone

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
