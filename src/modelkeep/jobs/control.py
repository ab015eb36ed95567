"""``JobControl``: how a running job is asked to stop, and how it reports."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from modelkeep.errors import JobCancelledError

Wanted = Literal["run", "interrupt", "pause", "cancel"]
Report = Callable[[int, int], None]
_URGENCY: dict[Wanted, int] = {"run": 0, "interrupt": 1, "pause": 2, "cancel": 3}


def _ignore(*_: int) -> None:
    return None


class JobControl:
    """Stops one run of a job, from any thread. A run that was asked to stop does not go on.

    Args:
        report: Takes the bytes that are done and those of the whole job (0: not known).
        enter_stage: Called when the job enters a stage that listeners are notified of.
        save: Called when the details of the job have changed, to store them now.

    Attributes:
        wanted: What was asked for; ``interrupt`` is to end so that a later run can go on.
    """

    def __init__(
        self,
        report: Report = _ignore,
        enter_stage: Callable[[], None] = _ignore,
        save: Callable[[], None] = _ignore,
    ) -> None:
        self.wanted: Wanted = "run"
        self.report = report
        self.enter_stage = enter_stage
        self.save = save
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    @property
    def is_stopped(self) -> bool:
        """Whether the job is to stop."""
        return self.wanted != "run"

    @property
    def is_cancelled(self) -> bool:
        """Whether the job is to end for good."""
        return self.wanted == "cancel"

    def check(self) -> None:
        """Stop here if that was asked for.

        Raises:
            JobCancelledError: it was.
        """
        if self.is_stopped:
            raise JobCancelledError("The job was asked to stop")

    def sleep(self, seconds: float) -> None:
        """Wait, unless the job is to stop.

        Raises:
            JobCancelledError: it is.
        """
        stopped = threading.Event()
        with self.watched(stopped.set):
            if not self.is_stopped:
                stopped.wait(seconds)
        self.check()

    def interrupt(self) -> None:
        """Have the job end soon; a later run continues it."""
        self._want("interrupt")

    def pause(self) -> None:
        """Have the job end soon and keep what it has."""
        self._want("pause")

    def cancel(self) -> None:
        """Have the job end soon and take back what it has done."""
        self._want("cancel")

    @contextmanager
    def watched(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call ``listener`` when something is asked for meanwhile."""
        with self._lock:
            self._listeners.append(listener)
        try:
            yield
        finally:
            with self._lock:
                self._listeners.remove(listener)

    def _want(self, wanted: Wanted) -> None:
        with self._lock:
            if _URGENCY[wanted] > _URGENCY[self.wanted]:
                self.wanted = wanted
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()
