"""Fetching assets, such as the vocabularies of tokenizers, through the download queue."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from modelkeep.app.download import DownloadRequest, is_going_on, submit
from modelkeep.errors import DownloadError

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.load.assets import Fetch

#: Seconds between two looks at the downloads.
_PAUSE = 0.02


def asset_fetch(manager: ModelManager) -> Fetch | None:
    """Return what fetches files of a repository on Hugging Face; None where that is forbidden."""
    if manager.settings.offline:
        return None

    def fetch(repo: str, files: tuple[str, ...], folder: Path) -> None:
        top = manager.settings.hf_endpoint.rstrip("/")
        links = tuple(f"{top}/{repo}/resolve/main/{name}" for name in files)
        jobs = submit(manager, DownloadRequest(links, folder, is_folder=True))
        while any(is_going_on(job) for job in jobs):
            time.sleep(_PAUSE)
        failed = [(job, job.exception or job.status.value) for job in jobs if not job.complete]
        for job, _ in failed:  # who asks for the asset again begins anew
            manager.downloads.cancel_job(job)
        for job, why in failed:
            raise DownloadError(
                f"{job.source} could not be downloaded: {why}",
                hint="Check the connection and try again.",
            )

    return fetch
