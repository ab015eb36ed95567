"""Drafts that a process left when it was cut off."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from modelkeep.disk.drafts import drop_drafts, is_left

#: A process that has ended, and one that lives as long as any other.
_DEAD, _ALIVE = 2**22 + 7, 1


@pytest.fixture
def taken() -> list[str]:
    return []


@contextmanager
def alone(taken: list[str]) -> Iterator[None]:
    taken.append("begun")
    yield
    taken.append("ended")


def test_what_dead_processes_left_of_a_file_goes(tmp_path: Path, taken: list[str]) -> None:
    left = [f".m.yaml.{_DEAD}.new", f".m.yaml.bak.{_DEAD}.new", f".m.yaml.{os.getpid()}.new"]
    kept = [
        "m.yaml",
        f".m.yaml.{_ALIVE}.new",
        f".other.yaml.{_DEAD}.new",
        f"m.yaml.{_DEAD}.new",
        ".m.yaml.new",
    ]
    for name in (*left, *kept):
        (tmp_path / name).touch()
    drop_drafts((tmp_path / "m.yaml", tmp_path / "m.yaml.bak"), lambda: alone(taken))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)
    assert taken == ["begun", "ended"]


def test_writers_are_not_kept_out_for_nothing(tmp_path: Path, taken: list[str]) -> None:
    drop_drafts((tmp_path / "nowhere" / "m.yaml",), lambda: alone(taken))
    (tmp_path / f".m.yaml.{_ALIVE}.new").touch()
    drop_drafts((tmp_path / "m.yaml",), lambda: alone(taken))
    assert taken == []


@pytest.mark.parametrize("number", ["0" * 30 + "7" * 30, "1"])
def test_a_number_that_may_be_a_process_is_left_alone(number: str) -> None:
    assert not is_left(f".m.yaml.{number}.new")
