"""Reading ahead goes on while a file is read, and ends where what is wanted ends."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modelkeep.load.mapping import map_content
from modelkeep.load.read_ahead import ReadAhead
from modelkeep.load.watch import LoadWatch

MIB = 1 << 20


def test_the_system_reads_far_ahead_until_the_end_is_near(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(300 * MIB)
        file.seek(190 * MIB)
        file.write(b"near")
    told: list[tuple[int, int, int]] = []
    monkeypatch.setattr(os, "posix_fadvise", lambda _, *advice: told.append(advice))
    piece = memoryview(bytearray(4))
    with ReadAhead(path, 200 * MIB) as file:
        file.read_into(piece, 0)
        assert told == []
        for offset in (190 * MIB, 191 * MIB):
            file.read_into(piece, offset)
        assert told == [
            (0, 0, os.POSIX_FADV_RANDOM),
            (190 * MIB, 10 * MIB, os.POSIX_FADV_WILLNEED),
        ]
        file.read_into(piece, 190 * MIB)
    assert bytes(piece) == b"near"


def test_a_file_that_was_not_in_memory_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    with path.open("wb") as file:
        file.seek(8 * MIB)  # nothing was written there, so the system has it on the disk alone
        file.write(b"\1" * 16 * MIB)
    with ReadAhead(path, 24 * MIB) as read:
        content = map_content(read, 0, 24 * MIB, LoadWatch())
        assert read.bytes_read == 24 * MIB
    assert content.memory[8 * MIB - 1 : 8 * MIB + 1] == b"\0\1"
