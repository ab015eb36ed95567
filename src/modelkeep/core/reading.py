"""``ReadAt``: bytes by offset from any storage, and its implementation for local files."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

from modelkeep.errors import CorruptModelError, SourceNotFoundError, UnreadableSourceError

#: Control characters, and those that turn the direction of text around.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@runtime_checkable
class ReadAt(Protocol):
    """Something with a size whose bytes can be read at any offset.

    A local file, a remote one by ranges and a part inside an archive look alike through it.
    """

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    @property
    def size(self) -> int:
        """Its length in bytes."""
        ...

    def read_at(self, offset: int, count: int) -> bytes:
        """Return exactly ``count`` bytes from ``offset``.

        Raises:
            CorruptModelError: fewer bytes are there.
        """
        ...


class LocalFile:
    """A regular file on a local disk, opened for reading only.

    Devices, pipes and sockets are refused before a byte is read. Counts what it reads.

    Raises:
        SourceNotFoundError: nothing lies at ``path``.
        UnreadableSourceError: it may not be read or is not a regular file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bytes_read = 0
        self._fd = open_regular(path)
        self._size = os.fstat(self._fd).st_size

    @property
    def name(self) -> str:
        """The path, as messages show it."""
        return printable(self.path)

    @property
    def size(self) -> int:
        """Length in bytes when it was opened."""
        return self._size

    def read_at(self, offset: int, count: int) -> bytes:
        """Return exactly ``count`` bytes from ``offset``; see ``ReadAt``."""
        pieces: list[bytes] = []
        position, missing = offset, count
        while missing:
            try:
                piece = os.pread(self._fd, missing, position)
            except OSError as error:
                raise unreadable(self.path, error) from error
            if not piece:
                raise self.too_short(position, offset, count)
            self.bytes_read += len(piece)
            if len(piece) == count:
                return piece
            pieces.append(piece)
            position += len(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def read_into(self, target: memoryview, offset: int) -> None:
        """Fill a buffer of bytes with those from ``offset``.

        Raises:
            CorruptModelError: fewer bytes are there.
            UnreadableSourceError: the disk refuses.
        """
        done = 0
        while done < len(target):
            try:
                got = os.preadv(self._fd, [target[done:]], offset + done)
            except OSError as error:
                raise unreadable(self.path, error) from error
            if not got:
                raise self.too_short(offset + done, offset, len(target))
            self.bytes_read += got
            done += got

    def too_short(self, end: int, offset: int, count: int) -> CorruptModelError:
        """Return the error that says where the file ends, and what was expected."""
        return CorruptModelError(
            f"{self.name} ends at byte {end:,}; it should go on to byte {offset + count:,}",
            hint="The file is truncated. Download it again from its source.",
        )

    def fileno(self) -> int:
        """Return the descriptor, which is for reading only."""
        return self._fd

    def close(self) -> None:
        """Close the file; reading is over."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def decoded(path: Path | str) -> str:
    """Return a path as text for JSON: bytes that are no text are spelled out."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def printable(path: Path | str) -> str:
    """Return a path as text that can be printed on one line, whatever bytes it has."""
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], decoded(path))


def unreadable(path: Path, error: OSError) -> SourceNotFoundError | UnreadableSourceError:
    """Say as an error of ours why ``path`` cannot be read."""
    name = printable(path)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return SourceNotFoundError(
            f"{name} does not exist", hint="Check the path. Nothing was changed."
        )
    if isinstance(error, PermissionError):
        return UnreadableSourceError(
            f"{name} cannot be read by this user",
            hint=f"Grant read access, for example: chmod u+r {name}",
        )
    return UnreadableSourceError(
        f"{name} cannot be read: {error.strerror or error}",
        hint="Check the path and the disk. Nothing was changed.",
    )


def open_regular(path: Path) -> int:
    """Open a regular file for reading and return its descriptor.

    Never waits on a pipe and never reads a device.

    Raises:
        SourceNotFoundError: nothing lies at ``path``.
        UnreadableSourceError: it may not be read or is not a regular file.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise unreadable(path, error) from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise UnreadableSourceError(
            f"{printable(path)} is neither a file nor a folder",
            hint="Pass a model file or a model folder.",
        )
    return fd
