"""``Content``: bytes of a file in memory, of which tensors are views."""

from __future__ import annotations

import errno
import mmap
import os
from contextlib import suppress
from dataclasses import dataclass

from modelkeep.core import limits

#: Bytes that are brought in between two looks at whether anybody still wants them.
PIECE_BYTES = 8 * limits.MIB
#: The size of a large page of memory, on most computers.
_LARGE_PAGE = 2 * limits.MIB


@dataclass(frozen=True, slots=True)
class Content:
    """Some bytes of a file. They stay for as long as anything holds ``memory``.

    Attributes:
        memory: What has the bytes; writing to it never changes the file.
        start: Byte of the file at which it begins.
        is_mapped: Its pages are those of the file until they are written to.
    """

    memory: mmap.mmap
    start: int
    is_mapped: bool = False

    @property
    def bytes(self) -> int:
        """How many bytes it takes."""
        return len(self.memory)

    def index(self, offset: int) -> int:
        """Return where in ``memory`` a byte of the file is."""
        return offset - self.start


def new_memory(count: int) -> mmap.mmap:
    """Return so many bytes of memory of this process alone, all zero.

    Unlike memory of ``malloc``, it goes back to the system as soon as nothing holds it.

    Raises:
        MemoryError: there is not so much.
    """
    try:
        memory = mmap.mmap(-1, max(count, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError as error:
        raise memory_error(error) from error
    if hasattr(mmap, "MADV_HUGEPAGE") and count >= _LARGE_PAGE:
        # Most of the time of a first write goes into finding pages: large ones are fewer.
        with suppress(OSError):  # the kernel was built without them
            memory.madvise(mmap.MADV_HUGEPAGE)
    return memory


def memory_error(error: OSError) -> Exception:
    """Return the error of Python for memory that is not there; others as they are."""
    return MemoryError(os.strerror(errno.ENOMEM)) if error.errno == errno.ENOMEM else error
