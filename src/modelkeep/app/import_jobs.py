"""Install jobs as programs of the specification know them, of every process on a root."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelkeep.app.download_jobs import DownloadJobView, live_download
from modelkeep.app.reach import check_record_paths
from modelkeep.app.requested import requested_source
from modelkeep.core import limits
from modelkeep.core.names import path_to_text
from modelkeep.core.reading import decoded
from modelkeep.errors import UnknownInstallJobException, UnknownModelException
from modelkeep.install.details import LACKS_LINK, PUBLIC_ONLY, InstallDetails
from modelkeep.install.job import InstallStatus
from modelkeep.jobs.states import JobState, Request

if TYPE_CHECKING:
    from pathlib import Path

    from modelkeep.app.manager import ModelManager
    from modelkeep.install.job import ModelInstallJob
    from modelkeep.jobs.rows import JobRow
    from modelkeep.sources.string_like import StringLikeSource

_KIND = "install"


@dataclass(frozen=True, slots=True)
class ImportView:
    """One install job.

    Attributes:
        row: As it is stored.
        job: The job itself, where this process has it.
        record: The model that it made, as plain values.
        parts: The downloads of its files, where this process has them.
        staging: The folder in which downloads have their folders.
    """

    row: JobRow
    job: ModelInstallJob | None
    record: Mapping[str, Any] | None
    parts: tuple[DownloadJobView, ...]
    staging: Path

    def to_json(self) -> dict[str, Any]:
        """Return it as the specification's routes give it, with what went wrong; no secrets."""
        row, job = self.row, self.job
        details = InstallDetails.decode(row.details)
        place = job.local_path if job else details.path or details.fetch or self.staging
        metadata = getattr(job, "source_metadata", None)
        return {
            "id": row.id,
            "status": self.status.value,
            "config_in": dict(details.config),
            "config_out": self.record,
            "inplace": details.inplace,
            "source": _source_json(details),
            "local_path": path_to_text(place),
            "bytes": row.bytes if job is None else job.bytes,
            "total_bytes": row.total_bytes if job is None else job.total_bytes,
            "source_metadata": metadata.model_dump(mode="json") if metadata else None,
            "download_parts": [part.to_json() for part in self.parts],
            "error_type": row.error_type,
            "error": row.error,
            "hint": row.hint or "",
        }

    @property
    def status(self) -> InstallStatus:
        """Where the job is."""
        if self.job is not None and self.row.status is JobState.RUNNING:
            return self.job.status
        match self.row.status:
            case JobState.IDLE | JobState.WAITING:
                return InstallStatus.WAITING
            case JobState.RUNNING:
                return _running(self.row)
            case other:
                return InstallStatus(other.value)


def begin_import(
    manager: ModelManager,
    source: StringLikeSource | str,
    config: Mapping[str, Any] | None = None,
) -> ImportView:
    """Begin an install and return its job.

    Args:
        manager: Of the library.
        source: What a request asks for; see ``requested_source``.
        config: Fields of the record that win over what is identified.

    Raises:
        TooManyJobsError: so many installs wait or run that this one is not taken.
        SourceError: the source is nothing that is known, or nothing that requests can read.
    """
    found = requested_source(manager, source)
    check_record_paths(manager, config or {})
    job = manager.installer.import_model(found, dict(config or {}), at_most=limits.QUEUED_INSTALLS)
    return import_job(manager, job.id)


def import_jobs(manager: ModelManager) -> list[ImportView]:
    """Return the install jobs of every process, the oldest first."""
    return [import_view(manager, row) for row in manager.jobs.rows(_KIND)]


def import_job(manager: ModelManager, number: int) -> ImportView:
    """Return one install job.

    Raises:
        UnknownInstallJobException: there is none with this number.
    """
    return import_view(manager, _row(manager, number))


def cancel_import(manager: ModelManager, number: int) -> None:
    """Stop an install for good; one that has ended stays as it is.

    Raises:
        UnknownInstallJobException: there is none with this number.
    """
    if _row(manager, number).ended_at is None:
        manager.jobs.cancel(number)


def pause_import(manager: ModelManager, number: int) -> ImportView:
    """Hold an install until it is resumed.

    Raises:
        UnknownInstallJobException: there is none with this number.
        UsageError: it has ended.
    """
    _row(manager, number)
    manager.jobs.pause(number)
    manager.jobs.wait_for(number, Request.PAUSE)
    return import_job(manager, number)


def resume_import(manager: ModelManager, number: int) -> ImportView:
    """Let an install go on.

    Raises:
        UnknownInstallJobException: there is none with this number.
        UsageError: there is nothing to resume.
    """
    _row(manager, number)
    if manager.jobs.resume(number) is None:
        manager.jobs.wait_for(number, Request.RUN)
    return import_job(manager, number)


def retry_import(manager: ModelManager, number: int) -> ImportView:
    """Start an install again that failed or was cancelled.

    Raises:
        UnknownInstallJobException: there is none with this number.
        UsageError: it has not failed.
    """
    _row(manager, number)
    manager.jobs.retry(number)
    return import_job(manager, number)


def prune_imports(manager: ModelManager) -> int:
    """Forget the installs of every process that have ended; return how many."""
    return manager.jobs.prune(_KIND)


def _row(manager: ModelManager, number: int) -> JobRow:
    try:
        row = manager.jobs.row(number)
    except UnknownInstallJobException:
        raise
    except ValueError:
        row = None
    if row is None or row.kind != _KIND:
        raise UnknownInstallJobException(
            f"No install job {number}", hint="List the jobs with: modelkeep jobs"
        )
    return row


def import_view(manager: ModelManager, row: JobRow) -> ImportView:
    """Return what is known of an install job.

    Args:
        manager: Of the library.
        row: As it is stored.
    """
    engine = manager.installer.engine
    is_ours = engine.store.is_mine(row) and engine.has(row.id)
    job: ModelInstallJob | None = engine.job(row.id) if is_ours else None
    parts = [live_download(manager, part) for part in job.download_parts] if job else []
    record = None
    if row.key is not None:
        try:
            record = manager.records.get_model(row.key).to_json()
        except UnknownModelException:
            record = None  # it was removed since
    return ImportView(
        row,
        job,
        record,
        tuple(sorted(parts, key=lambda part: part.id)),
        manager.settings.staging_dir,
    )


def _running(row: JobRow) -> InstallStatus:
    """Return where a job is that another process runs, by what that has stored."""
    if InstallDetails.decode(row.details).remote is None or 0 < row.total_bytes <= row.bytes:
        return InstallStatus.RUNNING
    return InstallStatus.DOWNLOADING if row.total_bytes else InstallStatus.WAITING


def _source_json(details: InstallDetails) -> dict[str, Any]:
    if details.remote is None:
        path = path_to_text(details.path) if details.path else ""
        return {"path": decoded(path), "inplace": details.inplace, "type": "local"}
    hidden = {LACKS_LINK, PUBLIC_ONLY}
    return {name: value for name, value in details.remote.items() if name not in hidden}
