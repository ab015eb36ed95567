"""Download jobs as programs of the specification know them, of every process on a root."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelkeep.app.reach import writable
from modelkeep.core.names import full_path, names_folder, path_to_text
from modelkeep.core.reading import printable
from modelkeep.download.details import DownloadDetails
from modelkeep.download.job import DownloadJobStatus
from modelkeep.errors import UnknownJobIDException, UsageError
from modelkeep.jobs.states import JobState, Request

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.download.job import DownloadJobBase
    from modelkeep.jobs.rows import JobRow

_KIND = "download"
#: Programs of the specification's time read this word.
_WORDS = {DownloadJobStatus.ENQUEUED.value: "waiting"}


@dataclass(frozen=True, slots=True)
class DownloadJobView:
    """One download.

    Attributes:
        source: Where the bytes come from, as it may be shown.
        dest: The folder or file that was asked for.
        path: The file, once that is known.
        status: Where it is.
        started_at, ended_at: Seconds since the epoch.
        error_type, error, hint: What went wrong, with the next step.
    """

    id: int
    source: str
    dest: Path
    path: Path | None
    priority: int
    status: str
    bytes: int
    total_bytes: int
    started_at: float | None = None
    ended_at: float | None = None
    content_type: str | None = None
    error_type: str | None = None
    error: str | None = None
    hint: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as the specification's routes give it; no secrets."""
        return {
            "id": self.id,
            "priority": self.priority,
            "source": self.source,
            "dest": printable(path_to_text(self.dest)),
            "status": _WORDS.get(self.status, self.status),
            "download_path": printable(path_to_text(self.path)) if self.path else None,
            "job_started": _iso(self.started_at),
            "job_ended": _iso(self.ended_at),
            "content_type": self.content_type,
            "bytes": self.bytes,
            "total_bytes": self.total_bytes,
            "error_type": self.error_type,
            "error": self.error,
            "hint": self.hint or "",
        }


def begin_download(
    manager: ModelManager,
    source: str,
    dest: str,
    *,
    priority: int = 10,
    token: str | None = None,
) -> DownloadJobView:
    """Begin a download and return its job.

    Args:
        manager: Of the library.
        source: A link.
        dest: A folder, or the file that it makes; see ``writable``.
        priority: Lower ones run first.
        token: Sent to the host of the link.

    Raises:
        UsageError: the source is not a link.
        UnsafePathError: requests cannot write there.
    """
    if not source.lower().startswith(("http://", "https://")):
        raise UsageError(
            f"{printable(source)} is not a link", hint="Links start with https:// or http://"
        )
    place = os.fspath(writable(manager, dest))
    if names_folder(dest):
        place += os.sep
    job = manager.downloads.download(source, place, priority, token, public_only=True)
    return live_download(manager, job)


def download_jobs(manager: ModelManager) -> list[DownloadJobView]:
    """Return the downloads of every process and the parts of installs of this one."""
    return [
        *(_view(manager, row) for row in manager.jobs.rows(_KIND)),
        *(live_download(manager, part) for part in _parts(manager)),
    ]


def download_job(manager: ModelManager, number: int) -> DownloadJobView:
    """Return one download.

    Raises:
        UnknownJobIDException: there is none with this number.
    """
    part = _part(manager, number)
    return live_download(manager, part) if part else _view(manager, _row(manager, number))


def cancel_download(manager: ModelManager, number: int) -> None:
    """Stop a download for good; one that has ended stays as it is.

    Raises:
        UnknownJobIDException: there is none with this number.
    """
    if part := _part(manager, number):
        manager.downloads.cancel_job(part)
    elif _row(manager, number).ended_at is None:
        manager.jobs.cancel(number)


def cancel_downloads(manager: ModelManager) -> None:
    """Stop all downloads of every process, and the parts of installs of this one."""
    for row in manager.jobs.rows(_KIND):
        if row.ended_at is None:
            with suppress(UnknownJobIDException, UsageError):  # it has ended meanwhile
                manager.jobs.cancel(row.id)
    for part in _parts(manager):
        if not part.in_terminal_state:
            manager.downloads.cancel_job(part)


def pause_download(manager: ModelManager, number: int) -> DownloadJobView:
    """Hold a download until it is started again.

    Raises:
        UnknownJobIDException: there is none with this number.
        UsageError: it has ended.
    """
    if part := _part(manager, number):
        manager.downloads.pause_job(part)
        return live_download(manager, part)
    _row(manager, number)
    manager.jobs.pause(number)
    manager.jobs.wait_for(number, Request.PAUSE)
    return download_job(manager, number)


def start_download(manager: ModelManager, number: int) -> DownloadJobView:
    """Start a download that is paused or was not started; one that failed begins again.

    Raises:
        UnknownJobIDException: there is none with this number.
        UsageError: there is nothing to start.
    """
    if part := _part(manager, number):
        manager.downloads.start_job(part)
        return live_download(manager, part)
    row = _row(manager, number)
    if row.status in {JobState.ERROR, JobState.CANCELLED}:
        manager.jobs.retry(number)
    elif manager.jobs.resume(number) is None:
        manager.jobs.wait_for(number, Request.RUN)
    return download_job(manager, number)


def prune_downloads(manager: ModelManager) -> int:
    """Forget the downloads of every process that have ended; return how many were stored."""
    return manager.jobs.prune(_KIND)


def live_download(manager: ModelManager, job: DownloadJobBase) -> DownloadJobView:
    """Return a download that this process has."""
    kind = manager.downloads.engine.kinds[_KIND]
    error_type, error, hint = kind.error_of(job)
    return DownloadJobView(
        id=job.id,
        source=kind.source_of(job),
        dest=full_path(job.dest),
        path=job.download_path,
        priority=job.priority,
        status=job.status.value,
        bytes=job.bytes,
        total_bytes=job.total_bytes,
        started_at=job.started_at,
        ended_at=job.ended_at,
        content_type=getattr(job, "content_type", None),
        error_type=error_type,
        error=error,
        hint=hint,
    )


def _view(manager: ModelManager, row: JobRow) -> DownloadJobView:
    engine = manager.downloads.engine
    if engine.store.is_mine(row) and engine.has(row.id):
        return live_download(manager, engine.job(row.id))
    details = DownloadDetails.decode(row.details)
    return DownloadJobView(
        id=row.id,
        source=row.source,
        dest=details.dest,
        path=details.file,
        priority=details.priority,
        status=row.status.value,
        bytes=row.bytes,
        total_bytes=row.total_bytes,
        started_at=details.started_at,
        ended_at=row.ended_at,
        error_type=row.error_type,
        error=row.error,
        hint=row.hint,
    )


def _row(manager: ModelManager, number: int) -> JobRow:
    row = manager.jobs.row(number)
    if row.kind != _KIND:
        raise UnknownJobIDException(
            f"No download {number}", hint="List the jobs with: modelkeep jobs"
        )
    return row


def _parts(manager: ModelManager) -> list[DownloadJobBase]:
    return [job for job in manager.downloads.list_jobs() if not job.IS_STORED]


def _part(manager: ModelManager, number: int) -> DownloadJobBase | None:
    return next((part for part in _parts(manager) if part.id == number), None)


def _iso(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat()
