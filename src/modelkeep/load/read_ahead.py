"""``ReadAhead``: a file that the system reads ahead of us, as far as we want it and no further."""

from __future__ import annotations

import os
from pathlib import Path

from modelkeep.core import limits
from modelkeep.core.reading import LocalFile

#: So far the system may read ahead by itself, where a disk is set to much.
_FAR = 64 * limits.MIB
_CAN_ADVISE = hasattr(os, "posix_fadvise")


class ReadAhead(LocalFile):
    """A file that is read from its front to a place inside it.

    Args:
        path: The file.
        end: Behind the last byte that is wanted.

    Raises:
        SourceError: it cannot be read.
    """

    def __init__(self, path: Path, end: int) -> None:
        super().__init__(path)
        self._end = end
        self._is_near = not _CAN_ADVISE

    def read_into(self, target: memoryview, offset: int) -> None:
        """Fill memory from a place in the file; see ``LocalFile``."""
        if not self._is_near and offset + len(target) > self._end - _FAR:
            self._is_near = True
            os.posix_fadvise(self.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
            os.posix_fadvise(self.fileno(), offset, self._end - offset, os.POSIX_FADV_WILLNEED)
        super().read_into(target, offset)
