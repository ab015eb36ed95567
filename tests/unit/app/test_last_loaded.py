"""When models were loaded is written in the background, and not too often."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from modelkeep.app.last_loaded import PAUSE, LastLoaded, LoadTimes
from modelkeep.errors import DatabaseLockedError


def test_a_model_is_noted_at_once_and_then_once_in_a_while() -> None:
    times = LoadTimes()
    assert times.next_due() is None
    times.note("a", 1.0)
    assert times.take_due(100.0) == {"a": 1.0}
    times.note("a", 2.0)
    times.note("a", 3.0)
    times.note("b", 4.0)
    assert times.take_due(101.0) == {"b": 4.0}
    assert times.next_due() == 100.0 + PAUSE
    assert times.take_due(100.0 + PAUSE) == {"a": 3.0}
    times.note("b", 5.0)
    assert times.take_all() == {"b": 5.0}
    assert times.next_due() is None


def test_what_is_left_is_written_at_the_end() -> None:
    written: list[str] = []
    first = threading.Event()

    def write(times: Mapping[str, float]) -> None:
        written.extend(times)
        first.set()

    last = LastLoaded(write)
    last.note("a")
    assert first.wait(20)
    last.note("a")
    last.close()
    last.note("a")
    assert written == ["a", "a"]


def test_a_catalogue_that_cannot_be_written_stops_nothing() -> None:
    tried = threading.Semaphore(0)

    def write(times: Mapping[str, float]) -> None:
        del times
        tried.release()
        raise DatabaseLockedError("locked", hint="Wait.")

    last = LastLoaded(write)
    for key in ("a", "b"):
        last.note(key)
        assert tried.acquire(timeout=20)
    last.close()
