"""The bytes that removing files frees: those of a file go with its last name."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable
from pathlib import Path


def freed_bytes(names: Iterable[Path]) -> int:
    """Return the bytes that a disk has more when these names are gone.

    A file with several names counts once, and only if all of them are among these. A link frees
    nothing: what it leads to stays. Holes of a file take no room. Blocks that files share
    (reflinks) cannot be seen, and count.
    """
    found: dict[tuple[int, int], os.stat_result] = {}
    going: Counter[tuple[int, int]] = Counter()
    for path in dict.fromkeys(names):
        try:
            there = path.lstat()
        except OSError:
            continue
        if stat.S_ISREG(there.st_mode):
            file = (there.st_dev, there.st_ino)
            found[file] = there
            going[file] += 1
    return sum(
        min(there.st_size, there.st_blocks * 512)
        for file, there in found.items()
        if going[file] >= there.st_nlink
    )
