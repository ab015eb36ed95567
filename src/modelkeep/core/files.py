"""``ModelFile``: one file that a record owns, with its known hashes."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model.

    Attributes:
        path: Relative to the root, or absolute when ``root`` is empty.
        size: Bytes.
        mtime_ns: Time of the last change, nanoseconds since the epoch.
        inode: Number of the file on its disk.
        root: Name of the root that ``path`` is relative to, or empty.
        sha256: Full hash, 64 hex characters, or None when not computed.
        blake3: Full hash, 64 hex characters, or None when not computed.
        hashed_at: When the hashes were computed, seconds since the epoch.

    A hash is valid while size, mtime and inode hold.
    """

    path: str
    size: int
    mtime_ns: int
    inode: int
    root: str = ""
    sha256: str | None = None
    blake3: str | None = None
    hashed_at: float | None = None

    def is_unchanged(self, now: os.stat_result) -> bool:
        """Tell whether size, mtime and inode are still those of this row."""
        return (self.size, self.mtime_ns, self.inode) == (now.st_size, now.st_mtime_ns, now.st_ino)
