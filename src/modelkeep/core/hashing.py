"""Hashes of model files: the imohash sample, and full hashes by streaming.

``original_hash`` and ``current_hash`` are imohash samples (https://github.com/kalafut/py-imohash):
size and three samples of 16 KiB. They only sort out candidates; whatever decides compares full
hashes.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol, Self

from modelkeep.core import limits
from modelkeep.core.reading import open_regular, unreadable
from modelkeep.errors import JobCancelledError

#: Called with the number of bytes just done; raises to stop the work.
Progress = Callable[[int], None]


#: The length of the header stands in so many bytes before it.
_LENGTH_BYTES = 8


class Hasher(Protocol):
    """A hash that takes bytes piece by piece."""

    def update(self, data: bytes | memoryview, /) -> object:
        """Take the next bytes."""
        ...

    def hexdigest(self) -> str:
        """Return the hash so far in hex."""
        ...


@dataclass(frozen=True, slots=True)
class FullHashes:
    """Full hashes of one file, those that were asked for."""

    sha256: str | None = None
    blake3: str | None = None


def no_progress(count: int) -> None:
    """Take a progress report and do nothing."""


def stop_when(is_cancelled: Callable[[], bool], progress: Progress = no_progress) -> Progress:
    """Return a progress function that raises ``JobCancelledError`` once it should stop."""

    def report(count: int) -> None:
        progress(count)
        if is_cancelled():
            raise JobCancelledError("The job was cancelled", hint="Start it again at any time.")

    return report


def only_stopping(progress: Progress) -> Progress:
    """Return ``progress`` for work that does not count: it can stop it all the same."""
    return lambda _count: progress(0)


def new_blake3(*, parallel: bool = True) -> Hasher:
    """Return a BLAKE3 hash; a parallel one uses all the processors there are.

    The threads of the library do not survive a fork, and a child that waited for them would wait
    for ever: it hashes with one.
    """
    from blake3 import blake3  # noqa: PLC0415 - an extension that few commands need

    is_at_home = parallel and _home_of_threads() == os.getpid()
    return blake3(max_threads=blake3.AUTO if is_at_home else 1)


@cache
def _home_of_threads() -> int:
    """Return the process that was the first to hash in parallel."""
    return os.getpid()


class BackgroundHasher:
    """BLAKE3 in its own thread, one piece behind the reader.

    A piece given to ``update`` must not change before the next call, so two buffers do.
    """

    def __init__(self) -> None:
        # One processor hashes faster than the disk takes the bytes; the other one copies.
        self._hasher = new_blake3(parallel=False)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="modelkeep-hash")
        self._pending: Future[object] | None = None

    def update(self, data: bytes | memoryview) -> None:
        """Wait for the piece before this one, then begin to hash this one."""
        self._settle()
        self._pending = self._thread.submit(self._hasher.update, data)

    def hexdigest(self) -> str:
        """Return the hash of all pieces so far, in hex."""
        self._settle()
        return self._hasher.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def _settle(self) -> None:
        if self._pending is not None:
            self._pending.result()
            self._pending = None


def hash_file(
    path: Path,
    algorithms: Iterable[str] = ("blake3",),
    progress: Progress = no_progress,
    *,
    parallel: bool = True,
) -> FullHashes:
    """Return the full hashes of a file, reading it once in pieces.

    Args:
        path: The file; links are followed.
        algorithms: Any of ``sha256`` and ``blake3``.
        progress: Told of every piece.
        parallel: Compute BLAKE3 with all processors.

    Raises:
        SourceNotFoundError, UnreadableSourceError: it cannot be read.
    """
    wanted = set(algorithms)
    hashers: dict[str, Hasher] = {}
    if "blake3" in wanted:
        hashers["blake3"] = new_blake3(parallel=parallel)
    if "sha256" in wanted:
        hashers["sha256"] = hashlib.sha256()
    fd = open_regular(path)
    try:
        for piece, _ in pieces_of(path, fd, os.fstat(fd).st_size):
            for hasher in hashers.values():
                hasher.update(piece)
            progress(len(piece))
    finally:
        os.close(fd)
    return FullHashes(**{name: hasher.hexdigest() for name, hasher in hashers.items()})


def hash_tensors(path: Path, progress: Progress = no_progress) -> str | None:
    """Return the SHA-256 of the tensors of a safetensors file, as some programs note it.

    It stays the same while only the header is changed. None where the file is of another format.

    Args:
        path: The file; links are followed.
        progress: Told of every piece.

    Raises:
        SourceNotFoundError, UnreadableSourceError: it cannot be read.
    """
    whole = hashlib.sha256()
    fd = open_regular(path)
    try:
        size, head = os.fstat(fd).st_size, os.pread(fd, _LENGTH_BYTES + 1, 0)
        left = _LENGTH_BYTES + int.from_bytes(head[:_LENGTH_BYTES], "little")
        if head[_LENGTH_BYTES:] != b"{" or left > size:
            return None
        for piece, _ in pieces_of(path, fd, size):
            whole.update(piece[left:])
            left = max(0, left - len(piece))
            progress(len(piece))
    finally:
        os.close(fd)
    return whole.hexdigest()


def pieces_of(path: Path, fd: int, size: int) -> Iterator[tuple[memoryview, bool]]:
    """Yield a file piece by piece, each with whether it is part of a hole.

    Holes are not read. A piece stays as it is until the next but one is asked for. The file ends
    early when it became shorter.

    Args:
        path: What messages call it.
        fd: The file, open for reading.
        size: Its length in bytes.
    """
    with suppress(OSError):  # only advice
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
    buffers = [memoryview(bytearray(min(limits.PIECE_BYTES, size))) for _ in range(2)]
    zeros = memoryview(bytes(min(limits.PIECE_BYTES, size)))
    position = 0
    for start, end in _extents(fd, size):
        while position < start:
            piece = zeros[: start - position]
            position += len(piece)
            yield piece, True
        while position < end:
            buffers.reverse()
            try:
                count = os.preadv(fd, [buffers[0][: end - position]], position)
            except OSError as error:
                raise unreadable(path, error) from error
            if not count:
                return
            position += count
            yield buffers[0][:count], False


def _extents(fd: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of a file that hold data, then an empty one at its end."""
    position = 0
    while position < size:
        try:
            start = os.lseek(fd, position, os.SEEK_DATA)
            end = os.lseek(fd, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:  # only a hole is left
                break
            start, end = position, size
        yield start, end
        position = end
    yield size, size


def sample_hash(path: Path, files: Iterable[str] | None = None) -> str:
    """Return the imohash sample of a file, or one over all files of a folder (32 hex).

    Args:
        path: File or folder.
        files: For a folder: the relative paths that count.

    Raises:
        SourceNotFoundError, UnreadableSourceError: it cannot be read.
    """
    if files is None:
        return _sample(path)
    whole = hashlib.blake2b(digest_size=16)
    for name in sorted(files):
        whole.update(os.fsencode(name) + b"\0" + _sample(path / name).encode() + b"\n")
    return whole.hexdigest()


def _sample(path: Path) -> str:
    from imohash import hashfileobject  # noqa: PLC0415 - an extension that few commands need

    fd = open_regular(path)
    with os.fdopen(fd, "rb") as file:
        try:
            return str(hashfileobject(file, hexdigest=True))
        except OSError as error:
            raise unreadable(path, error) from error
