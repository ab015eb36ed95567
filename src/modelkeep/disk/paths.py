"""Changes on the user's disk. No other module makes any.

What the disk refuses is a ``StorageError``. Nothing here overwrites: a target that exists is
refused. What a crash can leave between two steps is a second name of the same bytes or an empty
folder, and ``moves`` knows how to go on from both.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from modelkeep.core import limits
from modelkeep.core.hashing import (
    BackgroundHasher,
    FullHashes,
    Progress,
    hash_file,
    no_progress,
    pieces_of,
)
from modelkeep.core.names import shown
from modelkeep.core.reading import open_regular
from modelkeep.disk.access import nearest, why_not_changeable
from modelkeep.errors import (
    DuplicateModelException,
    NoSpaceError,
    NotWritableError,
    SourceChangedError,
    StorageError,
)

#: Linux: make a file share the blocks of another (``ioctl_ficlone(2)``).
_FICLONE = 0x40049409
_NO_LINKS = {errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV}
_NO_REFLINK = _NO_LINKS | {errno.EINVAL, errno.ENOTTY, errno.EBADF, errno.ETXTBSY}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def storage_error(error: OSError, path: Path) -> StorageError:
    """Return the ``StorageError`` for an ``OSError`` at ``path``."""
    if error.errno in _FULL:
        return NoSpaceError(
            f"No space left to write {shown(path)}",
            hint="Free some space, for example with: modelkeep trash empty",
        )
    if error.errno in _READ_ONLY:
        reason, hint = why_not_changeable(path)
        return NotWritableError(
            f"{shown(path)} cannot be changed: {reason or error.strerror}", hint=hint
        )
    return StorageError(
        f"{shown(path)}: {error.strerror or error}", hint="Check the disk, then try again."
    )


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """Raise what the disk refuses as a ``StorageError`` about ``path``."""
    try:
        yield
    except OSError as error:
        raise storage_error(error, path) from error


def free_space(path: Path) -> int:
    """Return the bytes that this user may still write on the disk of ``path``.

    ``path`` need not exist yet: the nearest folder that does decides.
    """
    there = nearest(path)
    with changing(there):
        room = os.statvfs(there)
    return room.f_bavail * room.f_frsize


def same_filesystem(one: Path, other: Path) -> bool:
    """Tell whether a rename can go from one path to the other (both exist)."""
    return one.lstat().st_dev == other.lstat().st_dev


def fsync(path: Path) -> None:
    """Force a file or a folder to the disk."""
    with changing(path):
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        except OSError as error:
            if error.errno not in {errno.EINVAL, errno.EROFS}:  # folders of some file systems
                raise
        finally:
            os.close(fd)


def make_folder(path: Path) -> None:
    """Make a folder and what is missing above it, durably."""
    if path.is_dir():
        return
    make_folder(path.parent)
    with changing(path), suppress(FileExistsError):
        os.mkdir(path)
    if not path.is_dir():
        raise NotWritableError(
            f"{shown(path)} is in the way: it is not a folder",
            hint="Move it elsewhere, then try again.",
        )
    fsync(path.parent)


def make_own_folder(path: Path) -> None:
    """Make a folder that holds files of the program; one behind a link is not taken for it.

    Raises:
        NotWritableError: a link or something else is in the way.
    """
    if path.is_symlink():
        raise NotWritableError(
            f"{shown(path)} is a link, where modelkeep needs a folder of its own",
            hint="Remove the link, then try again.",
        )
    make_folder(path)


def sync_folders(folder: Path) -> None:
    """Force every folder below ``folder`` and itself to the disk; files are synced when written."""
    for below in sorted(p for p in folder.rglob("*") if p.is_dir() and not p.is_symlink()):
        fsync(below)
    fsync(folder)


def copy_file(source: Path, target: Path, progress: Progress = no_progress) -> str:
    """Copy a file and return the BLAKE3 hash of what was read (64 hex).

    The copy is synced to the disk, holes stay holes, and a source that changes meanwhile is
    noticed.

    Raises:
        SourceChangedError: the source changed while it was read.
        StorageError: the disk refused, or ``target`` exists.
    """
    reader = open_regular(source)
    try:
        before = os.fstat(reader)
        with changing(target):
            writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            with changing(target):
                digest = _copy_pieces((source, reader), writer, before.st_size, progress)
                os.fsync(writer)
        finally:
            os.close(writer)
        after = os.fstat(reader)
    finally:
        os.close(reader)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise SourceChangedError(
            f"{shown(source)} changed while it was being copied",
            hint="Wait until the program writing it is done, then try again.",
        )
    return digest


def _copy_pieces(read_from: tuple[Path, int], writer: int, size: int, progress: Progress) -> str:
    source, reader = read_from
    position = 0
    with BackgroundHasher() as hasher:
        for piece, is_hole in pieces_of(source, reader, size):
            hasher.update(piece)
            if not is_hole:
                _write_all(writer, piece, position)
            position += len(piece)
            progress(len(piece))
        os.ftruncate(writer, position)
        if position != size:
            raise SourceChangedError(
                f"{shown(source)} shrank while it was being copied",
                hint="Wait until the program writing it is done, then try again.",
            )
        return hasher.hexdigest()


def _write_all(fd: int, piece: memoryview, position: int) -> None:
    done = 0
    while done < len(piece):
        done += os.pwrite(fd, piece[done : done + limits.WRITE_BYTES], position + done)


def allocated_bytes(path: Path) -> int:
    """Return what a copy of this file needs on the disk: its length without its holes."""
    there = path.stat()
    return min(there.st_size, there.st_blocks * 512)


def verify_copy(target: Path, blake3: str, progress: Progress = no_progress) -> None:
    """Read a copy back and compare its hash.

    Raises:
        StorageError: other bytes came back than were written.
    """
    found: FullHashes = hash_file(target, ("blake3",), progress)
    if found.blake3 != blake3:
        raise StorageError(
            f"{shown(target)} does not hold the bytes that were written (BLAKE3 {found.blake3}, "
            f"expected {blake3})",
            hint="The disk or its memory may be failing. Check it before you store models there.",
        )


def reflink_file(source: Path, target: Path) -> bool:
    """Make ``target`` share the blocks of ``source``; False where the file system cannot."""
    reader = open_regular(source)
    try:
        with changing(target):
            writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            try:
                fcntl.ioctl(writer, _FICLONE, reader)
                os.fsync(writer)
            except OSError as error:
                os.unlink(target)
                if error.errno in _NO_REFLINK:
                    return False
                raise
            finally:
                os.close(writer)
    finally:
        os.close(reader)
    return True


def hardlink_file(source: Path, target: Path) -> bool:
    """Give the file behind ``source`` a second name; False where that cannot be done."""
    with changing(target):
        try:
            os.link(os.path.realpath(source), target)
        except OSError as error:
            if error.errno in _NO_LINKS:
                return False
            raise
    return True


def publish(staged: Path, target: Path) -> None:
    """Give a staged file or folder its final name, at once and without overwriting.

    A file is linked under its new name and loses the old one; where there are no hard links, the
    name is reserved first. A folder is renamed over an empty folder made to reserve the name.

    Raises:
        DuplicateModelException: the name is taken.
    """
    make_folder(target.parent)
    with changing(target):
        try:
            if stat.S_ISDIR(staged.lstat().st_mode):
                os.mkdir(target)
                os.rename(staged, target)
            else:
                _publish_file(staged, target)
        except FileExistsError as error:
            raise DuplicateModelException(
                f"{shown(target)} already exists", hint="Choose another name."
            ) from error
    fsync(target.parent)
    fsync(staged.parent)


def _publish_file(staged: Path, target: Path) -> None:
    try:
        os.link(staged, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        os.rename(staged, target)
        return
    os.unlink(staged)


def remove_file(path: Path) -> None:
    """Remove one name of a file; a link goes, what it points to stays. Missing is fine."""
    with changing(path), suppress(FileNotFoundError):
        os.unlink(path)


def remove_empty_folders(folder: Path, stop: Path) -> None:
    """Remove ``folder`` and the folders above it while they are empty; ``stop`` stays."""
    here = folder
    while here != stop and stop in here.parents:
        try:
            os.rmdir(here)
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
                return
            raise storage_error(error, here) from error
        here = here.parent


def remove_tree(folder: Path, within: Path) -> None:
    """Remove a folder of the program (staging, an emptied trash entry) with all it holds.

    Never follows a link. ``folder`` has to lie directly in ``within``, which stays.

    Raises:
        StorageError: it lies elsewhere, or the disk refused.
    """
    if folder.parent != within:
        raise StorageError(f"{shown(folder)} is not in {shown(within)}")
    with changing(folder):
        if folder.is_symlink() or not folder.is_dir():
            remove_file(folder)
            return
        _remove_below(folder)


def _remove_below(folder: Path) -> None:
    for entry in sorted(os.scandir(folder), key=lambda e: e.name):
        if entry.is_dir(follow_symlinks=False):
            _remove_below(Path(entry.path))
        else:
            os.unlink(entry.path)
    os.rmdir(folder)


def write_file(path: Path, data: bytes, mode: int = 0o666, *, durable: bool = True) -> None:
    """Write a small file of the program atomically, replacing the one before.

    One that is not ``durable`` is safe from the end of the process, not from that of the machine.

    Args:
        path: Its name.
        data: All of its contents.
        mode: Who may do what with it, before the mask of the process.
        durable: Force it to the disk.
    """
    make_folder(path.parent)
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    with changing(path):
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        try:
            try:
                _write_all(fd, memoryview(data), 0)
                if durable:
                    os.fsync(fd)
            finally:
                os.close(fd)
            os.rename(draft, path)
        except OSError:  # half a file would keep a full disk full
            with suppress(OSError):
                os.unlink(draft)
            raise
    if durable:
        fsync(path.parent)


def make_file(path: Path, mode: int = 0o666) -> None:
    """Make an empty file that is new, for another library to write.

    Raises:
        StorageError: the name is taken, or the disk refused.
    """
    with changing(path):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode))


def make_shared_file(path: Path) -> None:
    """Make an empty file for another library, where it is not there, as its folder is shared.

    It gets the group of its folder, and the rights that the mask of the process leaves. No
    descriptor is opened: closing it would drop the locks of another thread (``fcntl(2)``). Where
    the disk refuses, as some do that know no such call, the library makes the file or says why.
    """
    with suppress(OSError):
        os.mknod(path, stat.S_IFREG | 0o666)
        follow_group((path,), path.parent)


def follow_group(files: Iterable[Path], leader: Path) -> None:
    """Give files of this user the group of a file or folder, where that can be done."""
    for file in files:
        with suppress(OSError, StorageError):
            if file.lstat().st_uid == os.geteuid():
                set_group(file, leader.stat().st_gid)


def set_group(path: Path, group: int) -> None:
    """Give a file or folder of the program to a group; no link is followed."""
    with changing(path):
        if path.lstat().st_gid != group:
            os.chown(path, -1, group, follow_symlinks=False)


def replace_file(draft: Path, path: Path) -> None:
    """Put a finished and synced file of the program in the place of another one, at once."""
    with changing(path):
        os.rename(draft, path)
    fsync(path.parent)


def set_mode(path: Path, mode: int) -> None:
    """Set who may read and change a file or folder of the program; no link is followed."""
    with changing(path):
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.fchmod(fd, mode)
        finally:
            os.close(fd)


def is_writable(folder: Path) -> bool:
    """Tell whether files can be made in ``folder``, or in the nearest one above that exists."""
    return os.access(nearest(folder), os.W_OK | os.X_OK)
