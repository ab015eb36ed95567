"""``JobState`` and ``Request``: the state of a job, and what a process requests of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class JobState(StrEnum):
    """Where a job is. A job that is ``idle`` was stored and is not to be started yet."""

    IDLE = "idle"
    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    ERROR = "error"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """The job does not continue unless it is retried."""
        return self in FINAL

    @property
    def is_held(self) -> bool:
        """The job continues once it is resumed."""
        return self in HELD

    @property
    def is_open(self) -> bool:
        """The job waits or runs and will end without further action."""
        return self in OPEN

    def may_become(self, other: JobState) -> bool:
        """Tell whether a job may go from this state to another."""
        return other in _NEXT[self]


FINAL = frozenset({JobState.COMPLETED, JobState.ERROR, JobState.CANCELLED})
HELD = frozenset({JobState.IDLE, JobState.PAUSED})
OPEN = frozenset({JobState.WAITING, JobState.RUNNING})
FAILED = frozenset({JobState.ERROR, JobState.CANCELLED})

_NEXT: Mapping[JobState, frozenset[JobState]] = {
    JobState.IDLE: frozenset({JobState.WAITING, JobState.PAUSED, JobState.CANCELLED}),
    # A job that was not started ends in an error when its process ends and cannot leave it behind.
    JobState.WAITING: frozenset(
        {JobState.RUNNING, JobState.PAUSED, JobState.CANCELLED, JobState.ERROR}
    ),
    JobState.RUNNING: FINAL | {JobState.PAUSED},
    JobState.PAUSED: frozenset({JobState.WAITING, JobState.CANCELLED}),
    JobState.COMPLETED: frozenset(),
    JobState.ERROR: frozenset({JobState.WAITING}),
    JobState.CANCELLED: frozenset({JobState.WAITING}),
}


class Request(StrEnum):
    """What to do with a job that has not ended."""

    RUN = "run"
    PAUSE = "pause"
    CANCEL = "cancel"
