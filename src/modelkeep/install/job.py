"""``ModelInstallJob``: one model on its way into the library."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, SupportsIndex, overload

from modelkeep.core.configs import ModelConfigBase
from modelkeep.errors import HttpStatusError
from modelkeep.jobs.job_properties import JobProperties
from modelkeep.library.destination import LinkMode
from modelkeep.sources.local import LocalModelSource
from modelkeep.sources.site import RemoteModel
from modelkeep.sources.string_like import StringLikeSource


class InstallStatus(StrEnum):
    """Where an install job is."""

    WAITING = "waiting"
    DOWNLOADING = "downloading"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    ERROR = "error"
    CANCELLED = "cancelled"


@dataclass(eq=False, repr=False)
class ModelInstallJob(JobProperties):
    """One install: request, progress and result.

    Attributes:
        source: Where the model comes from.
        pinned: The same with the revision or version that was found; None before that, and for
            local sources.
        remote: What its site said of it; None before it was asked.
        fetched: Where its files come to; None for local sources, and before that is known.
        to: Name of the root that they go into; ``models_dir`` when None.
        status: Where the job is.
        same_as: Key of a model that was there before with the same bytes, if that was found.
        is_repaired: The record was there before, and its files are right again.
        bytes, total_bytes: Progress of the copy or the download.
        source_metadata: The metadata that its site gave; None for local sources.
        download_parts: Downloads of a remote source; empty for local ones.
        is_settled: The job has ended and all listeners were notified.
        fetch_folder: The folder that its files come to; None as above.
        staging: The folder in which downloads have their folders.
    """

    id: int
    source: StringLikeSource
    config_in: dict[str, Any] = field(default_factory=dict)
    link: LinkMode | None = None
    to: str | None = None
    status: InstallStatus = InstallStatus.WAITING
    config_out: ModelConfigBase | None = None
    same_as: str | None = None
    is_repaired: bool = False
    bytes: int = 0
    total_bytes: int = 0
    source_metadata: Any = None
    download_parts: set[Any] = field(default_factory=set)
    exception: BaseException | None = None
    is_begun: bool = False
    is_settled: bool = False
    pinned: StringLikeSource | None = None
    remote: RemoteModel | None = None
    fetched: Path | None = None
    fetch_folder: Path | None = None
    staging: Path = Path("/nonexistent")
    _cancel: Callable[[], None] | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        return f"ModelInstallJob({self.id}, {str(self.source)!r}, {self.status})"

    @property
    def is_local(self) -> bool:
        """The model is on this disk already."""
        return isinstance(self.source, LocalModelSource)

    @property
    def inplace(self) -> bool:
        """The caller asked to record the model where it is."""
        return isinstance(self.source, LocalModelSource) and bool(self.source.inplace)

    @property
    def local_path(self) -> Path:
        """Where the model's files are before they are installed.

        Of a remote source whose own folder is not chosen yet, the folder that it will be in.
        """
        if isinstance(self.source, LocalModelSource):
            return Path(self.source.path).expanduser().absolute()
        return self.fetched or self.fetch_folder or self.staging

    def cancel(self) -> None:
        """Ask the job to stop; it ends within one piece of the copy."""
        if self._cancel is not None:
            self._cancel()
        elif not self.in_terminal_state:
            self.status = InstallStatus.CANCELLED

    def on_cancel(self, cancel: Callable[[], None]) -> None:
        """Have ``cancel`` called when the job is asked to stop."""
        self._cancel = cancel

    def set_error(self, error: BaseException) -> None:
        """Record what went wrong and end the job."""
        self.exception = error
        self.status = InstallStatus.ERROR

    @property
    def error_type(self) -> str | None:
        """Name of the exception's class; of a refusal by HTTP ``HTTPError``."""
        if isinstance(self.exception, HttpStatusError):
            return "HTTPError"
        return type(self.exception).__name__ if self.exception else None

    @property
    def downloading(self) -> bool:
        """Files are being fetched."""
        return self.status is InstallStatus.DOWNLOADING


class JobList(list[ModelInstallJob]):
    """Jobs as a list that can also be indexed by source: ``jobs[source]``."""

    def __init__(self, jobs: Iterable[ModelInstallJob] = ()) -> None:
        super().__init__(jobs)

    @overload
    def __getitem__(self, index: SupportsIndex) -> ModelInstallJob: ...
    @overload
    def __getitem__(self, index: slice) -> list[ModelInstallJob]: ...
    @overload
    def __getitem__(self, index: str | Path | StringLikeSource) -> ModelInstallJob: ...
    def __getitem__(
        self, index: SupportsIndex | slice | str | Path | StringLikeSource
    ) -> ModelInstallJob | list[ModelInstallJob]:
        """Return the job at a place, or the latest one of a source.

        Raises:
            KeyError: no job has this source.
        """
        if isinstance(index, slice | SupportsIndex):
            return super().__getitem__(index)
        for job in reversed(self):
            if job.source == index:
                return job
        raise KeyError(index)
