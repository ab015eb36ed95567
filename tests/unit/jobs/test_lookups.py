from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelkeep.jobs.lookups import Lookup, Lookups
from modelkeep.jobs.state import StateDatabase


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDatabase]:
    opened = StateDatabase(tmp_path / "state.db")
    yield opened
    opened.close()


def test_a_verdict_holds_while_file_and_rules_do(state: StateDatabase, tmp_path: Path) -> None:
    lookups = Lookups(state)
    lookups.put(Lookup(tmp_path / "a", "1", "rules", "good"))
    lookups.flush()
    assert lookups.get(tmp_path / "a", "1", "rules") == "good"
    assert lookups.get(tmp_path / "a", "2", "rules") is None
    assert lookups.get(tmp_path / "a", "1", "others") is None
    lookups.put(Lookup(tmp_path / "a", "2", "rules", "better"))
    lookups.flush()
    assert lookups.get(tmp_path / "a", "1", "rules") is None
    assert lookups.get(tmp_path / "a", "2", "rules") == "better"


def test_what_waits_is_written_in_time(state: StateDatabase, tmp_path: Path) -> None:
    lookups = Lookups(state)
    for number in range(501):
        lookups.put(Lookup(tmp_path / str(number), "1", "rules", ""))
    assert lookups.get(tmp_path / "0", "1", "rules") == ""
    assert lookups.get(tmp_path / "500", "1", "rules") is None
    lookups.flush()
    assert lookups.get(tmp_path / "500", "1", "rules") == ""


def test_only_what_is_gone_below_the_folder_is_forgotten(
    state: StateDatabase, tmp_path: Path
) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/in/\xff\xfe"))
    inside = [tmp_path / "in" / f"{number}" for number in range(1200)]
    beside = [tmp_path / "in-2" / "x", tmp_path / "in0", tmp_path / "i"]
    lookups = Lookups(state)
    for path in (*inside, *beside, odd):
        lookups.put(Lookup(path, "1", "rules", "v"))
    lookups.flush()
    (tmp_path / "in").mkdir()
    inside[7].touch()
    odd.touch()
    assert lookups.drop_vanished(tmp_path / "in") == 1199
    assert lookups.get(inside[8], "1", "rules") is None
    for path in (inside[7], *beside, odd):
        assert lookups.get(path, "1", "rules") == "v"
