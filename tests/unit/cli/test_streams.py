"""The standard streams while a command runs."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from modelkeep.cli.streams import guarded_streams


@pytest.mark.parametrize("how", ["line_buffering", "write_through"])
def test_messages_are_written_at_once(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "log"
    with place.open("wb", buffering=0) as raw:
        stream = io.TextIOWrapper(
            io.BufferedWriter(raw),
            line_buffering=how == "line_buffering",
            write_through=how == "write_through",
        )
        monkeypatch.setattr(sys, "stderr", stream)
        with guarded_streams():
            sys.stderr.write("a message\n")
            assert place.read_text() == "a message\n"
