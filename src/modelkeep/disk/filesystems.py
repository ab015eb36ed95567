"""Whether a rename works: only within one mount, which may be less than a file system."""

from __future__ import annotations

import os
from pathlib import Path

from modelkeep.disk.paths import same_filesystem


def can_rename(one: Path, other: Path) -> bool:
    """Tell whether a rename can go from the folder of one path to that of the other.

    Of one file system that is mounted in two places (the volumes of a container are), a file
    cannot be renamed from one to the other.
    """
    return same_filesystem(one, other) and _mount_of(one) == _mount_of(other)


def _mount_of(path: Path) -> str:
    """Return the id of the mount that a path is in; empty where the system does not report it."""
    fd = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        facts = Path(f"/proc/self/fdinfo/{fd}").read_text(encoding="ascii")
    except OSError:  # no /proc here: the file system alone has to do
        return ""
    finally:
        os.close(fd)
    return next((line for line in facts.splitlines() if line.startswith("mnt_id:")), "")
