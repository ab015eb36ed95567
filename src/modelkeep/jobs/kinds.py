"""Job kinds: what an engine must know to store, run and report a job.

A new kind is one class in one file: most derive from ``SimpleKind`` and give a name, a frozen
dataclass of details, and ``run``. An engine takes the kinds that it runs when it is made; a
``JobPlugin`` makes one for each program that finds it.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from modelkeep.core.reading import printable
from modelkeep.errors import JobError, ModelKeepError, UsageError, hint_of
from modelkeep.jobs.control import JobControl
from modelkeep.jobs.states import JobState

if TYPE_CHECKING:
    from modelkeep.jobs.job_events import JobEvent
    from modelkeep.jobs.rows import JobRow


class AnyJob(Protocol):
    """What every job has, of whatever kind.

    Attributes:
        id: Its number; set when it is stored.
        bytes, total_bytes: Progress; a total of 0 is not known.
        exception: What went wrong.
    """

    id: int
    bytes: int
    total_bytes: int
    exception: BaseException | None


J = TypeVar("J", bound=AnyJob)
D = TypeVar("D")


class AtStop(Enum):
    """What happens to a job when its engine stops.

    ``FINISH`` lets it end, or cancels it if it has not started. ``PAUSE`` leaves it to the next
    run as one that waits. ``INTERRUPT`` ends it with an error that a later run knows.
    """

    FINISH = auto()
    PAUSE = auto()
    INTERRUPT = auto()


@dataclass(frozen=True, slots=True)
class Pool:
    """Jobs that share a number of threads.

    Attributes:
        name: Of the pool.
        size: Jobs that run at the same time.
    """

    name: str
    size: int = 1


class JobKind(ABC, Generic[J]):
    """Stores and runs jobs of one kind.

    Attributes:
        name: What the list of jobs calls it.
    """

    name: ClassVar[str]

    # -- what is stored

    @abstractmethod
    def source_of(self, job: J) -> str:
        """Return what a job works on, as it may be shown."""

    @abstractmethod
    def encode(self, job: J) -> str:
        """Return the details of a job as JSON, without secrets."""

    @abstractmethod
    def decode(self, row: JobRow) -> J:
        """Return the job that a row describes.

        Raises:
            ModelKeepError: it cannot be begun again; says why.
        """

    def is_stored(self, job: J) -> bool:
        """Tell whether other processes and later runs know a job."""
        del job
        return True

    def key_of(self, job: J) -> str | None:
        """Return the key of the model that a job made."""
        del job
        return None

    def error_of(self, job: J) -> tuple[str | None, str | None, str | None]:
        """Return the type, the text and the hint of what went wrong."""
        error = job.exception
        if error is None:
            return None, None, None
        return type(error).__name__, printable(str(error)), printable(hint_of(error)) or None

    # -- how it runs

    @abstractmethod
    def run(self, job: J, control: JobControl) -> None:
        """Do the work of a job in this thread.

        Args:
            job: The job.
            control: Says when to stop, and takes reports.

        Raises:
            JobCancelledError: it was asked to stop.
            JobPausedError: it continues when resumed.
            Exception: it failed.
        """

    def pool_of(self, job: J) -> Pool:
        """Return the pool whose threads run a job."""
        del job
        return Pool(self.name)

    def priority_of(self, job: J) -> int:
        """Return the priority of a job: lower ones run first; of equals, the older."""
        del job
        return 10

    def attach(self, job: J, cancel: Callable[[], None]) -> None:
        """Take what cancels the job from now on, for jobs that can be asked that themselves."""

    def show(self, job: J, state: JobState) -> None:
        """Update the state of the job; called under the lock."""

    def begin(self, job: J, sequence: int) -> None:
        """Note in the job that it is the ``sequence``-th that its engine runs."""

    def enter_stage(self, job: J) -> None:
        """Note that the job has entered the stage that listeners are notified of."""

    def stop(self, job: J, control: JobControl) -> None:
        """Have a running job end for good."""
        del job
        control.cancel()

    def state_after(self, job: J, error: BaseException) -> JobState:
        """Return what becomes of a job that failed: it can also be paused."""
        del job, error
        return JobState.ERROR

    def discard(self, job: J) -> None:
        """Take back what a job has done that is cancelled and does not run."""

    def at_stop(self, job: J) -> AtStop:
        """Return what becomes of a job whose engine is stopped."""
        del job
        return AtStop.PAUSE

    def interruption(self, job: J) -> ModelKeepError:
        """Return the error of a job that was interrupted."""
        return JobError(
            f"The {self.name} of {self.source_of(job)} was interrupted",
            hint=f"Restart it with: modelkeep retry {job.id}",
        )

    # -- who listens

    def has_listeners(self, job: J) -> bool:
        """Tell whether a job has listeners."""
        del job
        return False

    def notify(self, job: J, event: JobEvent) -> None:
        """Tell listeners and buses; whatever they raise is logged, not passed on."""

    # -- jobs of earlier runs and of other processes

    def find_same(self, job: J, rows: Iterable[JobRow]) -> JobRow | None:
        """Return the row of an unfinished job with the same request, to continue it."""
        del job, rows
        return None

    def inherit(self, job: J, row: JobRow) -> None:
        """Take over what a job that asked for the same has done so far."""

    def why_held(self, job: J) -> ModelKeepError | None:
        """Return what keeps a job of an earlier run from going on, if anything does."""
        del job
        return None

    def may_take(self, row: JobRow) -> bool:
        """Tell whether the owner of a job does without it, though it lives."""
        del row
        return False

    def was_interrupted(self, row: JobRow) -> bool:
        """Tell whether a job that has ended was interrupted and is to be continued."""
        del row
        return False

    def restore(self, row: JobRow, known: J | None) -> J:
        """Return the job to begin again for a row."""
        return self.decode(row) if known is None else known

    def change(self, job: J, changes: Mapping[str, Any]) -> None:
        """Apply changes for another attempt.

        Raises:
            UsageError: nothing can be changed in jobs of this kind.
        """
        if changes:
            raise UsageError(
                f"The job {job.id} is a {self.name}; {' and '.join(changes)} cannot be used with "
                "it",
                hint=f"Restart it unchanged: modelkeep retry {job.id}",
            )

    def discard_stored(self, row: JobRow) -> None:
        """Take back what a job of a dead process has done that is cancelled."""

    def forget(self, rows: Sequence[JobRow]) -> None:
        """Take back what is kept for jobs that were removed from the list."""


@dataclass(frozen=True, slots=True)
class JobPlugin:
    """A kind that is found by its name.

    Attributes:
        name: That of the kind.
        make: Makes the kind for a ``ModelManager``, whose services its jobs use.
    """

    name: str
    make: Callable[[Any], JobKind[Any]]


@dataclass(eq=False)
class Job(Generic[D]):
    """A job of a simple kind.

    Attributes:
        state: Where it is.
        id, bytes, total_bytes, exception: As of every job.
    """

    details: D
    source: str = ""
    state: JobState = JobState.IDLE
    id: int = -1
    bytes: int = 0
    total_bytes: int = 0
    exception: BaseException | None = None


class SimpleKind(JobKind[Job[D]]):
    """A kind whose jobs have a frozen dataclass of plain values as details."""

    details: ClassVar[type[Any]]

    def source_of(self, job: Job[D]) -> str:
        """Return the source that the job was given."""
        return printable(job.source)

    def encode(self, job: Job[D]) -> str:
        """Return the fields of the details."""
        return json.dumps(asdict(job.details))  # type: ignore[call-overload]

    def decode(self, row: JobRow) -> Job[D]:
        """Return a job with the details that were stored."""
        job = Job(self.details(**json.loads(row.details)), row.source)
        job.bytes, job.total_bytes = row.bytes, row.total_bytes
        return job

    def show(self, job: Job[D], state: JobState) -> None:
        """Set the state of the job."""
        job.state = state
