"""Download jobs as rows of the state file, and back; secrets never go there."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from modelkeep.core.names import full_path, path_to_text, text_to_path
from modelkeep.core.reading import printable
from modelkeep.download.control_file import digest_of
from modelkeep.download.job import (
    TERMINAL,
    DownloadJobBase,
    DownloadJobPath,
    DownloadJobRemoteSource,
    DownloadJobStatus,
    Lacking,
)
from modelkeep.errors import ModelKeepError
from modelkeep.http.urls import is_storable, redacted
from modelkeep.jobs.job_table import JobRow

#: Errors and hints are cut to this length.
_TEXT = 2000


class MakeJob(Protocol):
    """Makes the kind of job that fits a source."""

    def __call__(self, source: str | Path, dest: Path, **fields: Any) -> DownloadJobBase:
        """Return a new job."""
        ...


def shown_source(job: DownloadJobBase) -> str:
    """Return where a job's bytes come from, as it may be shown."""
    return printable(redacted(str(job.source)))


def details_of(job: DownloadJobBase) -> dict[str, Any]:
    """Return what another process has to know to go on with a job.

    A link that may hold a secret is stored as it may be shown, with a digest that tells it from
    others; of a token only that there was one.
    """
    source = str(job.source)
    details: dict[str, Any] = {
        "dest": path_to_text(full_path(job.dest)),
        "is_folder": job.is_folder or job.dest.is_dir(),
        "priority": job.priority,
        "keep": job.preserve_partial_downloads,
        "path": path_to_text(full_path(job.download_path)) if job.download_path else None,
        "started_at": job.started_at,
    }
    if isinstance(job, DownloadJobPath):
        return {**details, "move": path_to_text(full_path(job.source))}
    is_whole = is_storable(source) if "://" in source else True
    details |= {
        "link": source if is_whole else printable(redacted(source)),
        "is_whole": is_whole and not job.lacks.link,
        "digest": job.lacks.digest or digest_of(source),
    }
    if isinstance(job, DownloadJobRemoteSource):
        details |= {
            "hashes": dict(job.hashes),
            "size": job.size,
            "needs_token": bool(job.access_token) or job.lacks.token,
        }
    return details


def row_of(job: DownloadJobBase, status: str | None) -> dict[str, Any]:
    """Return the columns that change while a job goes on.

    Args:
        job: The job.
        status: Where it is, if it does not say so itself yet.
    """
    status = status or ("waiting" if job.waiting else job.status.value)
    has_ended = DownloadJobStatus(status) in TERMINAL
    error = job.exception
    return {
        "status": status,
        "bytes": job.bytes,
        "total_bytes": job.total_bytes,
        "error_type": job.error_type,
        "error": _text_of(error) if error else None,
        "hint": printable(job.hint)[:_TEXT] or None,
        "ended_at": job.ended_at if has_ended else None,
    }


def job_of(row: JobRow, make: MakeJob) -> DownloadJobBase:
    """Return the job that a row describes, idle; without the secrets that it had.

    Args:
        row: A download job.
        make: Makes the job of its source.
    """
    details = row.details
    fields: dict[str, Any] = {
        "is_folder": details["is_folder"],
        "priority": details["priority"],
        "preserve_partial_downloads": details["keep"],
        "hashes": details.get("hashes", {}),
        "size": details.get("size"),
    }
    source: str | Path = text_to_path(details["move"]) if "move" in details else details["link"]
    job = make(source, text_to_path(details["dest"]), **fields)
    job.download_path = path_in(row)
    job.started_at = details.get("started_at")
    job.bytes, job.total_bytes = row.bytes, row.total_bytes
    job.come_back(
        Lacking(
            token=details.get("needs_token", False),
            link=not details.get("is_whole", True),
            digest=details.get("digest", ""),
        )
    )
    return job


def path_in(row: JobRow) -> Path | None:
    """Return the file that a job makes, if its name is known already."""
    details = row.details
    path = details.get("path") or (None if details["is_folder"] else details["dest"])
    return text_to_path(path) if path else None


def is_same_errand(row: JobRow, job: DownloadJobBase) -> bool:
    """Tell whether a row asks for what a job asks for: the same link and destination.

    Of links with secrets the rest counts: a fresh signature makes no other file.
    """
    mine = details_of(job)
    return all(row.details.get(name) == mine.get(name) for name in ("link", "move", "dest"))


def status_in(row: JobRow) -> DownloadJobStatus:
    """Return where the job of a row is."""
    return DownloadJobStatus(row.status)


def _text_of(error: BaseException) -> str:
    """Return an error for people; the text of a foreign one could hold a link with its secrets."""
    text = str(error) if isinstance(error, ModelKeepError) else f"{type(error).__name__} was raised"
    return printable(text)[:_TEXT]
