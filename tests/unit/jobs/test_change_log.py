"""The log of changes keeps the newest."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from modelkeep.jobs.change_log import ChangeLog, WrittenChange
from modelkeep.jobs.state import StateDatabase


def test_the_newest_changes_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelkeep.jobs.change_log.LOGGED_CHANGES", 5)
    with closing(StateDatabase(tmp_path / "state.db")) as state:
        log = ChangeLog(state)
        assert log.newest(10) == []
        for number in range(8):
            path = f"/{number}\ud800" + "x" * 10_000
            log.add(WrittenChange("me", "::1", "do", "POST", path, 200, "id"))
        found = log.newest(10)
        assert [one.change.path[:2] for one in found] == ["/7", "/6", "/5", "/4", "/3"]
        assert {len(one.change.path) for one in found} == {500}
        assert [one.id for one in log.newest(1, before=found[0].id)] == [found[1].id]
