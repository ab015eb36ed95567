"""``StreamHash``: the hashes of a file while it arrives."""

from __future__ import annotations

import hashlib
import os
import queue
import threading
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from modelkeep.core.hashing import Hasher, new_blake3
from modelkeep.core.reading import open_regular
from modelkeep.errors import UsageError

#: Reads bytes of the file: a buffer, a position, and how many came.
Read = Callable[[memoryview, int], int]

_BLOCK_BYTES = 1 << 20
_POLL_SECONDS = 0.02
#: Blocks in memory that may wait to be hashed.
_QUEUE_BLOCKS = 4
#: Hashes that sites publish, and the algorithm of each.
_ALGORITHMS = {
    "sha256": "sha256",
    "autov2": "sha256",
    "blake3": "blake3",
    "sha1": "sha1",
    "md5": "md5",
    "crc32": "crc32",
}
_AUTOV2_CHARACTERS = 10
_DIGITS = {
    "sha256": 64,
    "blake3": 64,
    "sha1": 40,
    "md5": 32,
    "crc32": 8,
    "autov2": _AUTOV2_CHARACTERS,
}


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes | memoryview, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def hexdigest(self) -> str:
        return f"{self._value:08x}"


def _new(algorithm: str) -> Hasher:
    if algorithm == "crc32":
        return _Crc32()
    if algorithm == "blake3":
        return new_blake3(parallel=False)
    return hashlib.new(algorithm, usedforsecurity=False)


def computable(names: Iterable[str]) -> tuple[str, ...]:
    """Return those of these names of hashes that can be computed here."""
    return tuple(name for name in names if name.lower() in _ALGORITHMS)


def checked_hashes(hashes: Mapping[str, str]) -> dict[str, str]:
    """Return hashes that a person gave, in small letters and without the algorithm before them.

    Raises:
        UsageError: one can match no file, or is of an algorithm that is not known here.
    """
    checked = {}
    for name, value in hashes.items():
        digits = _DIGITS.get(name.lower())
        plain = value.strip().lower().removeprefix(f"{name.lower()}:")
        if digits is None:
            raise UsageError(
                f"{name} is not a known hash", hint=f"Use one of: {', '.join(_DIGITS)}."
            )
        if len(plain) != digits or set(plain) - set("0123456789abcdef"):
            raise UsageError(
                f"{value!r} is not a {name}: it has to be {digits} hexadecimal digits",
                hint="Copy the whole hash from the page of the file.",
            )
        checked[name] = plain
    return checked


def first_difference(
    expected: Mapping[str, str], found: Mapping[str, str]
) -> tuple[str, str, str] | None:
    """Compare hashes.

    Returns:
        The name, the expected and the found value of the first one that differs, or None.
    """
    for name, value in expected.items():
        if name in found and found[name] != value.strip().lower():
            return name, value.strip().lower(), found[name]
    return None


def hashes_of(
    path: Path, names: Iterable[str], cancelled: Callable[[], bool]
) -> dict[str, str] | None:
    """Return hashes of an existing file in hex by name, or None when cancelled.

    Raises:
        SourceNotFoundError, UnreadableSourceError: it cannot be read.
    """
    fd = open_regular(path)
    try:
        hasher = StreamHash(names, lambda buffer, at: os.preadv(fd, [buffer], at), lambda: 0)
        return hasher.finish(os.fstat(fd).st_size, cancelled)
    finally:
        os.close(fd)


class StreamHash:
    """Hashes a file from its start on as it arrives, in a thread of its own.

    Args:
        names: Which hashes, such as ``sha256``; unknown ones are left out.
        ready: Returns how many bytes are there from the start on without a gap.
    """

    def __init__(self, names: Iterable[str], read: Read, ready: Callable[[], int]) -> None:
        self._names = computable(names)
        self._read = read
        self._ready = ready
        self._hashers = {name: _new(name) for name in {_ALGORITHMS[n.lower()] for n in self._names}}
        self._position = 0
        self._next = 0
        self._lock = threading.Lock()
        self._offered: queue.Queue[tuple[memoryview, int]] = queue.Queue(_QUEUE_BLOCKS)
        self._spare: queue.SimpleQueue[memoryview] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._error: Exception | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; without it all is hashed at the end."""
        if self._hashers:
            self._thread = threading.Thread(target=self._run, name="modelkeep-hash", daemon=True)
            self._thread.start()

    def offer(self, buffer: memoryview, count: int, position: int) -> memoryview:
        """Hash bytes from memory that were just written, if they are the next ones.

        Waits while the hash is behind: the file is not done before it.

        Args:
            buffer: Begins with the bytes; belongs to the hash once it is taken.
            count: How many.
            position: Where in the file they are.

        Returns:
            The buffer to continue with, the same one or another.
        """
        if self._thread is None:
            return buffer
        with self._lock:
            if position != self._next:
                return buffer
            self._next += count
        while not self._stopped.is_set():
            try:
                self._offered.put((buffer, count), timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            try:
                return self._spare.get_nowait()
            except queue.Empty:
                return memoryview(bytearray(len(buffer)))
        return buffer

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def finish(self, total: int, cancelled: Callable[[], bool]) -> dict[str, str] | None:
        """Hash the rest.

        Args:
            total: Bytes of the file, which are all there.
            cancelled: Asked between pieces.

        Returns:
            The hashes in hex by name, or None when it was cancelled.

        Raises:
            StorageError: the file cannot be read.
        """
        self.stop()
        if self._error is not None:
            raise self._error
        if self._hashers:
            buffer = memoryview(bytearray(min(_BLOCK_BYTES, total)))
            while self._position < total:
                if cancelled() or not self._take(buffer, min(self._position + _BLOCK_BYTES, total)):
                    return None
        values = {name: hasher.hexdigest() for name, hasher in self._hashers.items()}
        return {name: _value(name.lower(), values) for name in self._names}

    def _run(self) -> None:
        own = memoryview(bytearray(_BLOCK_BYTES))
        try:
            while not self._stopped.is_set():
                try:
                    buffer, count = self._offered.get(timeout=_POLL_SECONDS)
                except queue.Empty:
                    while self._is_behind() and not self._stopped.is_set():
                        self._take(own, self._position + _BLOCK_BYTES)
                else:
                    self._hash(buffer[:count])
                    self._spare.put(buffer)
        except Exception as error:  # noqa: BLE001 - raised again where the hash is asked for
            self._error = error
            self._stopped.set()

    def _is_behind(self) -> bool:
        """Claim the next bytes to be read from the file, when nobody offered them."""
        with self._lock:
            if self._next != self._position or self._ready() - self._position < _BLOCK_BYTES:
                return False
            self._next += _BLOCK_BYTES
            return True

    def _take(self, buffer: memoryview, end: int) -> int:
        """Read and hash up to ``end``; return how many bytes there were."""
        taken = 0
        while self._position < end:
            count = self._read(buffer[: end - self._position], self._position)
            if not count:
                break
            self._hash(buffer[:count])
            taken += count
        return taken

    def _hash(self, data: memoryview) -> None:
        for hasher in self._hashers.values():
            hasher.update(data)
        self._position += len(data)


def _value(name: str, values: Mapping[str, str]) -> str:
    value = values[_ALGORITHMS[name]]
    return value[:_AUTOV2_CHARACTERS] if name == "autov2" else value
