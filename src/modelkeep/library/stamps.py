"""What a file or folder looks like, as a text that is another one once it has changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from modelkeep.core import walk
from modelkeep.errors import ModelKeepError

#: Names of files in a folder, with what ``stat`` says of each.
Statuses = Sequence[tuple[str, os.stat_result]]


def stamp_now(path: Path) -> str:
    """Return what a file or folder looks like now; empty when it cannot be seen."""
    try:
        there = path.stat()
        return folder_stamp(statuses_of(path)) if path.is_dir() else file_stamp(there)
    except (ModelKeepError, OSError):
        return ""


def statuses_of(folder: Path) -> Statuses:
    """Return the files of a model folder.

    Raises:
        ModelKeepError, OSError: it cannot be listed.
    """
    return [(file.path, (folder / file.path).stat()) for file in walk.list_files(folder)]


def file_stamp(there: os.stat_result) -> str:
    """Return the stamp of a file."""
    return f"{there.st_size} {there.st_mtime_ns} {there.st_ino}"


def folder_stamp(statuses: Statuses) -> str:
    """Return the stamp of a folder with these files."""
    whole = hashlib.blake2b(digest_size=16)
    for name, there in statuses:
        whole.update(os.fsencode(name) + f"\0{file_stamp(there)}\n".encode())
    return whole.hexdigest()
