"""Hashes of a file while it arrives: from memory, from the file, or at its end."""

from __future__ import annotations

import hashlib
import random
import threading
import zlib
from pathlib import Path

import pytest
from blake3 import blake3

from modelkeep.download.stream_hash import StreamHash, computable, first_difference, hashes_of

DATA = random.Random(1).randbytes((5 << 20) + 17)
SHA256 = hashlib.sha256(DATA).hexdigest()
EXPECTED = {
    "sha256": SHA256,
    "AutoV2": SHA256[:10],
    "blake3": blake3(DATA).hexdigest(),
    "sha1": hashlib.sha1(DATA, usedforsecurity=False).hexdigest(),
    "md5": hashlib.md5(DATA, usedforsecurity=False).hexdigest(),
    "crc32": f"{zlib.crc32(DATA):08x}",
}


def _read(buffer: memoryview, position: int) -> int:
    data = DATA[position : position + len(buffer)]
    buffer[: len(data)] = data
    return len(data)


def _never() -> bool:
    return False


def test_all_at_the_end() -> None:
    stream = StreamHash([*EXPECTED, "imohash"], _read, lambda: 0)
    assert stream.finish(len(DATA), _never) == EXPECTED


@pytest.mark.parametrize("seed", range(4))
def test_pieces_from_memory_and_from_the_file_in_any_mixture(seed: int) -> None:
    dice = random.Random(seed)
    ready = 0
    stream = StreamHash(["sha256"], _read, lambda: ready)
    stream.start()
    position, buffer = 0, memoryview(bytearray(1 << 20))
    while position < len(DATA):
        count = min(dice.randrange(1, 1 << 20), len(DATA) - position)
        buffer[:count] = DATA[position : position + count]
        if dice.random() < 0.7:
            buffer = stream.offer(buffer, count, position)
        position += count
        ready = position
    assert stream.finish(len(DATA), _never) == {"sha256": SHA256}
    assert "modelkeep-hash" not in {thread.name for thread in threading.enumerate()}


def test_a_buffer_that_was_taken_is_not_given_back_before_it_is_hashed() -> None:
    stream = StreamHash(["sha256"], _read, lambda: 0)
    stream.start()
    buffer = memoryview(bytearray(DATA[: 1 << 16]))
    other = stream.offer(buffer, len(buffer), 0)
    other[:] = bytes(len(other))
    assert other is not buffer
    assert stream.offer(other, len(other), 5) is other
    assert stream.finish(len(DATA), _never) == {"sha256": SHA256}


def test_it_can_be_cancelled() -> None:
    assert StreamHash(["sha256"], _read, lambda: 0).finish(len(DATA), lambda: True) is None


def test_an_error_of_the_file_is_raised_where_the_hash_is_asked_for() -> None:
    def broken(buffer: memoryview, position: int) -> int:
        raise OSError(f"{len(buffer)} bytes at {position}")

    stream = StreamHash(["sha256"], broken, lambda: len(DATA))
    stream.start()
    with pytest.raises(OSError, match="bytes at 0"):
        stream.finish(len(DATA), _never)


def test_a_file_on_the_disk(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(DATA)
    assert hashes_of(tmp_path / "m", EXPECTED, _never) == EXPECTED


def test_hashes_are_compared_whatever_their_case() -> None:
    assert first_difference({"sha256": SHA256.upper() + " "}, {"sha256": SHA256}) is None
    assert first_difference({"imohash": "x"}, {}) is None
    assert first_difference({"md5": "AA"}, {"md5": "bb"}) == ("md5", "aa", "bb")
    assert computable(["SHA256", "imohash"]) == ("SHA256",)
