"""Downloads without an install: requests and results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelkeep.app.outcomes import error_json
from modelkeep.app.text import source_text
from modelkeep.core.names import path_to_text, shown, size_text
from modelkeep.download.control_file import digest_of
from modelkeep.download.part_file import has_partial
from modelkeep.download.stream_hash import checked_hashes
from modelkeep.errors import UsageError

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.download.job import DownloadJobBase

_LINKS = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class DownloadRequest:
    """What is downloaded.

    Attributes:
        links: Where from.
        destination: A folder, or for one link a file.
        is_folder: ``destination`` is a folder, made when it is not there.
        sha256: What the bytes have to be.
        priority: Lower numbers start first.
    """

    links: tuple[str, ...]
    destination: Path
    is_folder: bool = False
    sha256: str | None = None
    priority: int = 10
    token: str | None = None

    def __post_init__(self) -> None:
        if self.sha256 is not None and len(self.links) > 1:
            raise UsageError(
                "--sha256 works with one link only", hint="Download them one at a time."
            )
        checked_hashes(self.hashes)

    @property
    def hashes(self) -> dict[str, str]:
        """The hashes that the bytes have to have."""
        return {} if self.sha256 is None else {"sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class DownloadView:
    """The state of a download.

    Attributes:
        rate: Bytes a second, where that was measured.
        seconds_left: Until it is complete, where that is known.
    """

    job: DownloadJobBase
    rate: float = 0.0
    seconds_left: float | None = None

    @property
    def key(self) -> str:
        """Where the file is."""
        return path_to_text(self.job.download_path or self.job.dest)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        job, path = self.job, self.job.download_path
        return {
            "id": job.id,
            "source": source_text(str(job.source)),
            "status": job.status.value,
            "bytes": job.bytes,
            "total_bytes": job.total_bytes,
            "bytes_per_second": round(self.rate),
            "seconds_left": None if self.seconds_left is None else round(self.seconds_left, 1),
            "connections": job.connections,
            "path": path_to_text(path) if path else None,
            "error": error_json(job.exception) if job.exception else None,
        }

    def __str__(self) -> str:
        size = size_text(self.job.bytes)
        checked = "" if getattr(self.job, "is_verified", False) else ", no hash to check"
        return f"{shown(self.job.download_path or self.job.dest)} ({size}{checked})"


def read_words(words: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """Return the links and the destination that were typed; this folder where there is none.

    Raises:
        UsageError: something else stands where a link has to.
    """
    links, dest = list(words), "."
    if not words[-1].lower().startswith(_LINKS):
        *links, dest = words
    wrong = [link for link in links if not link.lower().startswith(_LINKS)]
    if wrong or not links:
        raise UsageError(
            f"{source_text(wrong[0] if wrong else dest)} is not a link",
            hint="modelkeep download URL... DEST, with links that start with https://",
        )
    return tuple(links), dest


def submit(manager: ModelManager, request: DownloadRequest) -> list[DownloadJobBase]:
    """Begin the downloads of a request and return their jobs."""
    asked: dict[str, Any] = {"access_token": request.token, "priority": request.priority}
    asked["hashes"] = checked_hashes(request.hashes)
    queue, jobs = manager.downloads, []
    for link in request.links:
        job = queue.make_job(
            link,
            request.destination,
            is_folder=request.is_folder or len(request.links) > 1,
            preserve_partial_downloads=True,
            **asked,
        )
        queue.submit_download_job(job)
        jobs.append(job)
    return jobs


def kept_text(jobs: Sequence[DownloadJobBase]) -> str:
    """Return whether paused downloads can continue from where they are."""
    paths = [(digest_of(str(job.source)), job.download_path) for job in jobs if job.paused]
    if all(path is not None and has_partial(digest, path) for digest, path in paths):
        return "the downloaded data is kept"
    return "the server does not identify file versions, so the downloaded data was discarded"
