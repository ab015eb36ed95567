"""Which processes hold a database, according to the file locks of the system."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")
#: Fields of a line of ``proc_locks(5)``: number, class, kind, access, process, file, first, last.
_FIELDS = 8


def holders(path: Path) -> list[str]:
    """Return the processes that hold a database, as ``process 12 (python)``; sorted.

    Those that may write come alone; where there are none, those that read are named.

    Args:
        path: The database; a write-ahead log beside it is looked at too.

    Returns:
        Empty where the system does not tell.
    """
    found = _locks(path)
    return [_name_of(process) for process in sorted(found["WRITE"] or found["READ"])]


def writers(path: Path) -> list[str]:
    """Return the processes that keep others from writing a database now, as ``holders`` does."""
    return [_name_of(process) for process in sorted(_locks(path)["WRITE"])]


def _locks(path: Path) -> dict[str, set[int]]:
    """Return the processes with a lock on a database or the index of its log, by kind of lock."""
    found: dict[str, set[int]] = {"WRITE": set(), "READ": set()}
    files = {
        place for suffix in ("", "-shm") if (place := _place(path.with_name(path.name + suffix)))
    }
    try:
        lines = (_PROC / "locks").read_text().splitlines()
    except OSError:  # no /proc here: nothing is known
        return found
    for line in lines:
        fields = line.split()
        if len(fields) == _FIELDS and fields[5] in files and fields[3] in found:
            found[fields[3]].add(int(fields[4]))
    return found


def _place(path: Path) -> str:
    """Return a file as ``proc_locks(5)`` names it."""
    try:
        there = path.stat()
    except OSError:
        return ""
    return f"{os.major(there.st_dev):02x}:{os.minor(there.st_dev):02x}:{there.st_ino}"


def _name_of(process: int) -> str:
    if process == os.getpid():
        return f"process {process} (this one)"
    try:
        command = (_PROC / str(process) / "comm").read_text().strip()
    except OSError:  # it is gone, or hidden from us
        return f"process {process}"
    return f"process {process} ({command})"
