"""``map_content``: a part of a file in memory, whose pages all processes share.

The mapping is private: what is written to it is a copy, and the file never changes. All of it is
in memory on return, so that using a model waits for no disk.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os

from modelkeep.core import limits
from modelkeep.core.reading import LocalFile, unreadable
from modelkeep.load.content import PIECE_BYTES, Content, memory_error, new_memory
from modelkeep.load.watch import LoadWatch

#: Since Linux 5.14: bring pages in, as reading each of them would.
_POPULATE_READ = 22
#: One page of so many bytes is looked at; they come from the disk, and go, in larger parts.
_SAMPLE_BYTES = 256 * limits.KIB
_NOT_KNOWN = frozenset({errno.EINVAL, errno.ENOSYS})


def map_content(file: LocalFile, start: int, end: int, watch: LoadWatch) -> Content:
    """Map bytes of a file, and wait piece by piece until they are in memory.

    Args:
        file: Where they are.
        start: The first byte.
        end: Behind the last byte.
        watch: Gets the progress, and stops it.

    Raises:
        LoadCancelledError: nobody waits any more.
        CorruptModelError: the file ends before.
        UnreadableSourceError: the disk refuses.
        MemoryError: there is not enough memory.
    """
    watch.check()
    first = start - start % mmap.ALLOCATIONGRANULARITY
    try:
        memory = mmap.mmap(file.fileno(), end - first, access=mmap.ACCESS_COPY, offset=first)
    except ValueError as error:  # it reaches beyond the end of the file
        raise file.too_short(os.fstat(file.fileno()).st_size, start, end - start) from error
    except OSError as error:
        raise _plain(file, end, error) from error
    pages = _Pages(file, memory, first)
    for offset in range(0, len(memory), PIECE_BYTES):
        count = min(PIECE_BYTES, len(memory) - offset)
        try:
            pages.bring_in(offset, count)
        except OSError as error:
            raise _plain(file, end, error) from error
        watch.advance(count - max(0, start - first - offset))
    memory.madvise(mmap.MADV_NORMAL)
    return Content(memory, first, is_mapped=True)


def _plain(file: LocalFile, end: int, error: OSError) -> Exception:
    """Say why bytes before ``end`` cannot be brought in."""
    size = os.fstat(file.fileno()).st_size
    if error.errno == errno.EFAULT and size < end:
        return file.too_short(size, 0, end)
    if error.errno == errno.EFAULT:  # the disk failed; for a page there is no other answer
        error = OSError(errno.EIO, os.strerror(errno.EIO))
    return memory_error(error) if error.errno == errno.ENOMEM else unreadable(file.path, error)


class _Pages:
    """The pages of a mapping. While they are waited for, other threads run on.

    ``mmap.madvise`` holds the lock of the interpreter; functions called through ``ctypes`` do not.
    """

    def __init__(self, file: LocalFile, memory: mmap.mmap, first: int) -> None:
        self._file = file
        self._memory = memory
        self._first = first
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        system = ctypes.CDLL(None, use_errno=True)
        system.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        system.mincore.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p)
        self._system = system
        self._is_on_disk = False
        self._scratch = new_memory(PIECE_BYTES)
        memory.madvise(mmap.MADV_RANDOM)  # or pages behind the end would be read ahead

    def bring_in(self, offset: int, count: int) -> None:
        """Wait until some pages are there.

        Raises:
            OSError: they cannot be read, or are beyond the end of the file.
            CorruptModelError: the file ends before.
        """
        is_there = not self._is_on_disk and self._are_cached(offset, count)
        if is_there and self._populate(offset, count):
            return
        # Reading has the system read far ahead. It goes on doing so only while we go on reading:
        # what it has read ahead looks as if it had been in memory before.
        self._is_on_disk = True
        with memoryview(self._scratch) as scratch, scratch[:count] as piece:
            self._file.read_into(piece, self._first + offset)
        if not self._populate(offset, count):
            _ = self._memory[offset : offset + count : mmap.PAGESIZE]

    def _are_cached(self, offset: int, count: int) -> bool:
        """Tell whether the system has the pages in memory, as far as some of them show it."""
        state = ctypes.create_string_buffer(1)
        for place in range(offset, offset + count, _SAMPLE_BYTES):
            if self._system.mincore(self._address + place, 1, state) or state.raw != b"\1":
                return False
        return True

    def _populate(self, offset: int, count: int) -> bool:
        """Give this process pages that the system has; False where it is too old for that."""
        if not self._system.madvise(self._address + offset, count, _POPULATE_READ):
            return True
        number = ctypes.get_errno()
        if number not in _NOT_KNOWN:
            raise OSError(number, os.strerror(number))
        return False
