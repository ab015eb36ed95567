"""The jobs of a download queue: request, progress and result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import total_ordering
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import AliasChoices, AnyHttpUrl, BaseModel, ConfigDict, Field, PrivateAttr

from modelkeep.errors import HttpStatusError
from modelkeep.http.request import HttpRequest
from modelkeep.http.urls import redacted
from modelkeep.jobs.job_properties import JobProperties

DownloadEventHandler = Callable[[Any], None]
"""Takes a job whenever its status changes and about every 1 % of its bytes."""


class DownloadJobStatus(StrEnum):
    """Where a job is.

    ``enqueued`` and ``waiting`` are one state; a job that was made but not started is ``idle``.
    """

    IDLE = "idle"
    ENQUEUED = "enqueued"
    WAITING = "enqueued"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    ERROR = "error"
    CANCELLED = "cancelled"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return cls("enqueued") if value == "waiting" else None


@dataclass(frozen=True, slots=True)
class StoredWithout:
    """What a job of an earlier run lacks, since secrets are not stored.

    Attributes:
        link: Its link held more than is stored of it.
        digest: Tells the link that it had from others; empty when it lacks nothing.
    """

    token: bool = False
    link: bool = False
    digest: str = ""


NOTHING = StoredWithout()


@total_ordering
class DownloadJobBase(JobProperties, BaseModel):
    """Something that a queue does in the background.

    The queue alone changes a job; what somebody asks of it goes through the queue's methods or
    ``cancel``.

    Attributes:
        id: Number of the job in its queue; -1 before it is submitted.
        priority: Lower ones run first; of equals, the older.
        source: Where the bytes come from.
        dest: What was asked for: a folder, or the file; also ``destination``.
        is_folder: ``dest`` is a folder, made when it is not there.
        status: Where the job is.
        event_handlers: Called with the job on every change, before those of the queue.
        preserve_partial_downloads: Keep what has arrived when the job ends in an error. Pausing,
            and being cut off, always keep it.
        bytes, total_bytes: Progress; a total of 0 is not known.
        resumed_bytes: Those of ``bytes`` that were there when its last turn began.
        started_at, ended_at: When it began and ended, seconds since the epoch.
        job_sequence: The how-manieth job it was that its queue began.
        connections: That bring its bytes now.
        note: What its user should know of how it is fetched; may be empty.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, populate_by_name=True)

    id: int = -1
    priority: int = 10
    source: Any
    dest: Path = Field(validation_alias=AliasChoices("dest", "destination"))
    is_folder: bool = False
    status: DownloadJobStatus = DownloadJobStatus.IDLE
    event_handlers: list[DownloadEventHandler] = Field(default_factory=list)
    preserve_partial_downloads: bool = False
    download_path: Path | None = None
    bytes: int = 0
    total_bytes: int = 0
    resumed_bytes: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    job_sequence: int | None = None
    exception: BaseException | None = None
    connections: int = 0
    note: str = ""
    _on_cancel: Callable[[], None] | None = PrivateAttr(default=None)
    _callbacks: dict[str, DownloadEventHandler] = PrivateAttr(default_factory=dict)

    _lacks: StoredWithout = PrivateAttr(default_factory=lambda: NOTHING)

    #: Other processes and later runs know the job.
    IS_STORED: ClassVar[bool] = True
    CALLBACKS: ClassVar[tuple[str, ...]] = (
        "on_start", "on_progress", "on_complete", "on_cancelled", "on_error",
    )  # fmt: skip

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __lt__(self, other: DownloadJobBase) -> bool:
        return (self.priority, self.id) < (other.priority, other.id)

    # -- who listens

    def add_event_handler(self, handler: DownloadEventHandler) -> None:
        """Call ``handler(job)`` on every change from now on."""
        self.event_handlers.append(handler)

    def clear_event_handlers(self) -> None:
        """Take off all handlers of this job; those of the queue stay."""
        self.event_handlers.clear()

    def set_callbacks(
        self,
        on_start: DownloadEventHandler | None = None,
        on_progress: DownloadEventHandler | None = None,
        on_complete: DownloadEventHandler | None = None,
        on_cancelled: DownloadEventHandler | None = None,
        on_error: DownloadEventHandler | None = None,
    ) -> None:
        """Set what is called with the job at one kind of change each; None is nothing."""
        given = (on_start, on_progress, on_complete, on_cancelled, on_error)
        self._callbacks = {
            name: call for name, call in zip(self.CALLBACKS, given, strict=True) if call
        }

    @property
    def is_going_on(self) -> bool:
        """It will end without further action in this process."""
        return self.waiting or self.running or (self.paused and self.exception is None)

    @property
    def callbacks(self) -> dict[str, DownloadEventHandler]:
        """The callbacks that are set, by their names."""
        return self._callbacks

    # -- asking it to stop

    def cancel(self) -> None:
        """Ask the job to stop for good; it ends within two seconds."""
        if self._on_cancel is not None:
            self._on_cancel()
        elif not self.in_terminal_state:
            self.status = DownloadJobStatus.CANCELLED

    def on_cancel(self, on_cancel: Callable[[], None]) -> None:
        """Have a queue do what ``cancel`` asks for."""
        self._on_cancel = on_cancel

    # -- what an earlier run knew

    @property
    def lacks(self) -> StoredWithout:
        """What an earlier run knew of this job and did not store."""
        return self._lacks

    def was_stored_without(self, lacks: StoredWithout) -> None:
        """Note that the job is of an earlier run, and what was not stored of it."""
        self._lacks = lacks

    # -- other names and views

    @property
    def destination(self) -> Path:
        """The specification's name for ``dest``."""
        return self.dest

    @property
    def job_started(self) -> str | None:
        """When it began, as ISO 8601 in UTC."""
        return _iso(self.started_at)

    @property
    def job_ended(self) -> str | None:
        """When it ended, as ISO 8601 in UTC."""
        return _iso(self.ended_at)

    @property
    def error_type(self) -> str | None:
        """Name of the exception's class; of a refusal by HTTP ``HTTPError(reason)``."""
        if isinstance(self.exception, HttpStatusError):
            return f"HTTPError({self.exception.reason})"
        return type(self.exception).__name__ if self.exception else None


class DownloadJobPath(DownloadJobBase):
    """Moves a local file or folder in the background."""

    source: Path

    if TYPE_CHECKING:  # texts are taken as well, which type checkers without pydantic do not know

        def __init__(self, **fields: Any) -> None: ...


class DownloadJobRemoteSource(DownloadJobBase):
    """Fetches something from another machine.

    Attributes:
        source: A link, or what a subclass of the queue makes one of.
        access_token: Sent to the host of the source, and to no other; never in its JSON.
        hashes: What the bytes must be, by algorithm: ``{"sha256": "..."}``.
        size: Bytes that the source is said to have; None when that is not known.
        public_only: It came over HTTP: see ``HttpRequest``.
        content_type: What the server called it.
        is_verified: A hash of the bytes that arrived was compared.
    """

    source: str
    access_token: str | None = Field(default=None, repr=False, exclude=True)
    hashes: dict[str, str] = Field(default_factory=dict)
    size: int | None = None
    public_only: bool = Field(default=False, repr=False, exclude=True)
    content_type: str | None = None
    is_verified: bool = False

    if TYPE_CHECKING:  # texts are taken as well, which type checkers without pydantic do not know

        def __init__(self, **fields: Any) -> None: ...

    @property
    def request(self) -> HttpRequest | None:
        """How to request it, if more than the link is known; else None."""
        return None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={self.id}, source={redacted(str(self.source))!r})"

    def __str__(self) -> str:  # pydantic's own shows every field, a signed link too
        return repr(self)


class DownloadJobURL(DownloadJobRemoteSource):
    """Fetches a link, which is checked when the job is made."""

    source: AnyHttpUrl  # type: ignore[assignment]  # as the specification has it

    if TYPE_CHECKING:  # texts are taken as well, which type checkers without pydantic do not know

        def __init__(self, **fields: Any) -> None: ...


#: The code's one class of jobs.
DownloadJob = DownloadJobURL


def kind_for(source: str | Path | AnyHttpUrl) -> type[DownloadJobBase]:
    """Return the class of jobs that fits a source."""
    if isinstance(source, AnyHttpUrl):
        return DownloadJobURL
    if isinstance(source, Path):
        return DownloadJobPath
    if source.lower().startswith(("http://", "https://")):
        return DownloadJobURL
    return DownloadJobPath if Path(source).exists() else DownloadJobRemoteSource


def _iso(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat()
