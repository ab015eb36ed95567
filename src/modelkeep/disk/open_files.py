"""Files that are written out of order while they are open, and get their name at the end.

Beside ``paths`` the only module that changes the user's disk, and as careful: nothing here
overwrites what has a name already.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from modelkeep.core import limits
from modelkeep.core.names import shown
from modelkeep.disk.paths import changing, fsync, storage_error
from modelkeep.errors import DuplicateModelException

_NO_NAMELESS = {errno.EOPNOTSUPP, errno.ENOTSUP, errno.EISDIR, errno.EINVAL}
_NO_RESERVING = {errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL, errno.EPERM}
#: Bytes that a file system takes in this time when it only notes down which blocks they are.
_FIRST_BYTES = 16 << 20
_QUICK_SECONDS = 0.0008


def open_nameless(folder: Path, mode: int = 0o666) -> int | None:
    """Open a new file that has no name yet, and is gone if it never gets one.

    Args:
        folder: Where it may be named later; exists.
        mode: Who may do what with it, before the mask of the process.

    Returns:
        A descriptor for reading and writing, or None where the file system has no such files.

    Raises:
        StorageError: the folder may not be written, or no space is left.
    """
    if not _can_name():
        return None
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, mode)
    except OSError as error:
        if error.errno in _NO_NAMELESS and folder.is_dir():
            return None
        raise storage_error(error, folder) from error


@cache
def _can_name() -> bool:
    return os.path.isdir("/proc/self/fd")


def name_file(fd: int, path: Path, *, durable: bool = True) -> None:
    """Give a nameless file its name; a durable name lasts as the synced bytes of the file do.

    Raises:
        DuplicateModelException: the name is taken.
    """
    with changing(path):
        try:
            # Only with a folder's descriptor does Python follow the link to the open file.
            os.link(f"/proc/self/fd/{fd}", path, src_dir_fd=fd, follow_symlinks=True)
        except FileExistsError as error:
            raise _taken(path) from error
    if durable:
        fsync(path.parent)


def open_new(path: Path) -> int:
    """Make a file that is new and open it for reading and writing.

    Raises:
        DuplicateModelException: the name is taken.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with changing(path):
        try:
            return os.open(path, flags, 0o666)
        except FileExistsError as error:
            raise _taken(path) from error


def _taken(path: Path) -> DuplicateModelException:
    return DuplicateModelException(f"{shown(path)} already exists", hint="Choose another name.")


def open_own(path: Path) -> int | None:
    """Open a file of the program for reading and writing; None when it is not there."""
    with changing(path):
        try:
            return os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None


def keep_others_out(fd: int) -> bool:
    """Lock an open file until it is closed; False if another process has locked it.

    File systems without locks let everybody in.
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        return error.errno in {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
    return True


def let_others_in(fd: int) -> None:
    """Give back the lock of an open file."""
    with suppress(OSError):
        fcntl.flock(fd, fcntl.LOCK_UN)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep others out of what is done meanwhile with the names in a folder; waits for them.

    Where the file system knows no locks, or the folder is not there, nobody is kept out.
    """
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        with suppress(OSError):
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def take_space(fd: int, size: int, path: Path) -> None:
    """Give a file its length and, where the file system can do so quickly, the blocks for it.

    Raises:
        NoSpaceError: they are not there.
    """
    with changing(path):
        begun = time.monotonic()
        can_reserve = _reserve(fd, 0, min(size, _FIRST_BYTES))
        # Memory file systems fill every page: that is slower than to write the file as it comes.
        is_quick = time.monotonic() - begun < _QUICK_SECONDS
        if not (can_reserve and is_quick and _reserve(fd, 0, size)):
            os.ftruncate(fd, size)


def _reserve(fd: int, start: int, size: int) -> bool:
    """Take blocks by ``fallocate(2)``; the library's own way out would write zeros for hours."""
    import ctypes  # noqa: PLC0415 - only large downloads need it

    library = ctypes.CDLL(None, use_errno=True)
    call = getattr(library, "fallocate", None)
    if call is None or size <= 0:
        return False
    call.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_longlong, ctypes.c_longlong)
    while call(fd, 0, start, size):
        number = ctypes.get_errno()
        if number in _NO_RESERVING:
            return False
        if number != errno.EINTR:
            raise OSError(number, os.strerror(number))
    return True


def write_at(fd: int, data: memoryview, position: int, path: Path) -> None:
    """Write all of ``data`` from a position of the file on."""
    with changing(path):
        done = 0
        while done < len(data):
            done += os.pwrite(fd, data[done : done + limits.WRITE_BYTES], position + done)


def begin_to_sync(fd: int, position: int, count: int) -> None:
    """Have the system begin to bring bytes to the disk, without waiting for it.

    Linux does so for pages that a program says it no longer needs; those that are not written yet
    stay in memory.
    """
    with suppress(OSError, AttributeError):
        os.posix_fadvise(fd, position, count, os.POSIX_FADV_DONTNEED)


def cut(fd: int, size: int, path: Path) -> None:
    """Give a file this length."""
    with changing(path):
        os.ftruncate(fd, size)


def sync_data(fd: int, path: Path) -> None:
    """Force the bytes of an open file, and what is needed to read them, to the disk."""
    with changing(path):
        os.fdatasync(fd)


def read_at(fd: int, buffer: memoryview, position: int, path: Path) -> int:
    """Read bytes from a position of an open file on into ``buffer``; return how many came."""
    with changing(path):
        return os.preadv(fd, [buffer], position)


def close(fd: int) -> None:
    """Close an open file; what locks it held are gone."""
    os.close(fd)


def sync(fd: int, path: Path) -> None:
    """Force an open file to the disk, its length and times as well."""
    with changing(path):
        os.fsync(fd)
