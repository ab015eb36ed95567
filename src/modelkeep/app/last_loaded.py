"""``LastLoaded``: notes in the catalogue when models were loaded, without holding up a load."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

from modelkeep.errors import ModelKeepError

_log = logging.getLogger(__name__)

#: Seconds between two notes about one model.
PAUSE = 60.0


class LoadTimes:
    """When models were loaded, and which of these times are due to be written.

    Args:
        pause: Seconds between two notes about one model.
    """

    def __init__(self, pause: float = PAUSE) -> None:
        self._pause = pause
        self._waiting: dict[str, float] = {}
        self._written: dict[str, float] = {}

    def note(self, key: str, when: float) -> bool:
        """Note that a model was loaded; return whether no time of it was waiting yet."""
        is_first = key not in self._waiting
        self._waiting[key] = when
        return is_first

    def take_due(self, now: float) -> dict[str, float]:
        """Return the times that are due now; they count as written."""
        due = {key: when for key, when in self._waiting.items() if self._due_at(key) <= now}
        for key in due:
            del self._waiting[key]
            self._written[key] = now
        return due

    def take_all(self) -> dict[str, float]:
        """Return all times that are not written yet."""
        found, self._waiting = self._waiting, {}
        return found

    def next_due(self) -> float | None:
        """Return when the next time is due; None where none is waiting."""
        return min(map(self._due_at, self._waiting), default=None)

    def _due_at(self, key: str) -> float:
        return self._written.get(key, -self._pause) + self._pause


class LastLoaded:
    """Writes in the background when models were loaded.

    Args:
        write: Notes times in the catalogue, by key; seconds since the epoch.
    """

    def __init__(self, write: Callable[[Mapping[str, float]], None]) -> None:
        self._write = write
        self._times = LoadTimes()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def note(self, key: str) -> None:
        """Note that a model was loaded now."""
        with self._changed:
            if self._is_closed:
                return
            if self._times.note(key, time.time()):
                self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="modelkeep-last-loaded", daemon=True
                )
                self._thread.start()

    def close(self) -> None:
        """Write what is left, and end."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._is_something_due():
                    self._changed.wait(self._patience())
                is_last = self._is_closed
                due = self._times.take_all() if is_last else self._times.take_due(time.monotonic())
            if due:
                self._put_down(due)
            if is_last:
                return

    def _is_something_due(self) -> bool:
        due = self._times.next_due()
        return self._is_closed or (due is not None and due <= time.monotonic())

    def _patience(self) -> float | None:
        due = self._times.next_due()
        return None if due is None else max(due - time.monotonic(), 0)

    def _put_down(self, times: Mapping[str, float]) -> None:
        try:
            self._write(times)
        except ModelKeepError as error:  # a load is worth more than the note about it
            _log.warning("When models were loaded could not be noted: %s", error)
