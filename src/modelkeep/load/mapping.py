"""``map_content``: a part of a file in memory, whose pages all processes share.

The mapping is private: what is written to it is a copy, and the file never changes. All of it is
in memory on return, so that using a model waits for no disk.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os

from modelkeep.core.reading import LocalFile, unreadable
from modelkeep.load.content import PIECE_BYTES, Content, memory_error
from modelkeep.load.watch import LoadWatch

#: Since Linux 5.14: bring pages in, as reading each of them would.
_POPULATE_READ = 22
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
    size = os.fstat(file.fileno()).st_size
    if size < end:
        raise file.too_short(size, start, end - start)
    try:
        memory = mmap.mmap(file.fileno(), end - first, access=mmap.ACCESS_COPY, offset=first)
    except OSError as error:
        raise _plain(file, end, error) from error
    pages = _Pages(file, memory, first)
    # Reads ahead by larger steps. What it says of dropping pages ends with it.
    pages.advise(mmap.MADV_SEQUENTIAL)
    for offset in range(0, len(memory), PIECE_BYTES):
        count = min(PIECE_BYTES, len(memory) - offset)
        try:
            pages.bring_in(offset, count)
        except OSError as error:
            raise _plain(file, end, error) from error
        watch.advance(count - max(0, start - first - offset))
    pages.advise(mmap.MADV_NORMAL)
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
        self._advise = ctypes.CDLL(None, use_errno=True).madvise
        self._advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        self._can_populate = True

    def advise(self, advice: int) -> None:
        """Tell how all of it will be used; where it is not heeded, that does no harm."""
        self._advise(self._address, len(self._memory), advice)

    def bring_in(self, offset: int, count: int) -> None:
        """Wait until some pages are there.

        Raises:
            OSError: they cannot be read, or are beyond the end of the file.
            CorruptModelError: the same, where the kernel is old.
        """
        if self._can_populate:
            if not self._advise(self._address + offset, count, _POPULATE_READ):
                return
            number = ctypes.get_errno()
            if number not in _NOT_KNOWN:
                raise OSError(number, os.strerror(number))
            self._can_populate = False
        with memoryview(bytearray(count)) as piece:
            self._file.read_into(piece, self._first + offset)
        self._touch(offset, count)

    def _touch(self, offset: int, count: int) -> None:
        for place in range(offset, offset + count, mmap.PAGESIZE):
            self._memory[place]  # what is read just now waits for nothing
