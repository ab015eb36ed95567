"""What is stored of a job, and the port through which an engine reaches it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from modelkeep.jobs.states import JobState, Request


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job as it is stored.

    Attributes:
        id: Number of the job; jobs of all kinds are counted together.
        kind: What the job does; name of a ``JobKind``.
        source: What it works on, as text.
        status: Where it is.
        owner: The process that owns it; empty if any process may claim it.
        key: Key of the model it made, once that is known.
        details: Everything else that its kind has to know to begin it again, as JSON.
        error_type, error, hint: What went wrong, with the next step.
        created_at, beat_at, ended_at: Seconds since the epoch; ``beat_at`` is when its owner last
            wrote how it goes.
        request: The pending request, if any.
        speed: Bytes a second over the last seconds, of a job that runs.
    """

    id: int
    kind: str
    source: str
    status: JobState
    owner: str
    key: str | None
    details: str
    error_type: str | None
    error: str | None
    hint: str | None
    bytes: int
    total_bytes: int
    created_at: float
    beat_at: float
    ended_at: float | None
    request: Request | None
    speed: float | None = None


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job that is to be stored."""

    kind: str
    source: str
    details: str
    status: JobState = JobState.WAITING


@dataclass(frozen=True, slots=True)
class JobChange:
    """A change to a job; a final status with ``ended_at`` ends it.

    Attributes:
        details: As of ``JobRow``; None leaves them as they are.
    """

    status: JobState
    bytes: int = 0
    total_bytes: int = 0
    key: str | None = None
    error_type: str | None = None
    error: str | None = None
    hint: str | None = None
    ended_at: float | None = None
    speed: float | None = None
    details: str | None = None

    def columns(self) -> dict[str, str | float | None]:
        """Return what changes, by the names of ``JobRow``."""
        names = self.__slots__ if self.details is not None else self.__slots__[:-1]
        return {name: getattr(self, name) for name in names} | {"beat_at": time.time()}


class JobStore(Protocol):
    """Where jobs are stored, as one process sees them.

    Attributes:
        outlives: What is stored is there for other processes and later runs.
    """

    outlives: bool

    def add(self, job: NewJob, *, unowned: bool = False) -> int:
        """Store a job, which is ours unless ``unowned``; return its number."""

    def get(self, number: int) -> JobRow:
        """Return one job.

        Raises:
            UnknownJobIDException: there is none with this number.
        """

    def all(self, kind: str | None = None) -> list[JobRow]:
        """Return all jobs, or those of one kind, the oldest first."""

    def count_open(self) -> int:
        """Return how many jobs wait or run."""

    def unended(self, kind: str, source: str | None = None) -> list[JobRow]:
        """Return the jobs of a kind, and of a source if one is given, that have not ended."""

    def is_mine(self, row: JobRow) -> bool:
        """Tell whether a job belongs to this process."""

    def is_abandoned(self, row: JobRow) -> bool:
        """Tell whether no living process has a job."""

    def claim(self, row: JobRow, status: JobState) -> bool:
        """Make a job ours, to be begun again; of several processes that try, one gets it."""

    def beat(self, changes: Mapping[int, JobChange]) -> None:
        """Write how jobs of ours go, all at once; those that others have by now are left alone."""

    def finish(self, row: JobRow, change: JobChange) -> bool:
        """Change a job without an owner; tell whether it was still as in ``row``."""

    def request(self, number: int, wanted: Request) -> None:
        """Ask the process that has a job for something; the last counts, but cancel is final."""

    def requests(self) -> dict[int, Request]:
        """Return what is asked of our jobs that have not ended."""

    def fulfil(self, number: int, wanted: Request) -> None:
        """Cross out a request that was met, unless another one came meanwhile."""

    def release(self) -> None:
        """Release our unfinished jobs for other processes."""

    def remove(self, numbers: list[int]) -> int:
        """Remove jobs; return how many were there."""

    def close(self) -> None:
        """Let go of what was opened."""
