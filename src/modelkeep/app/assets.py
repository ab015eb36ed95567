"""Fetching assets, such as the vocabularies of tokenizers, through the download queue."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from modelkeep.errors import DownloadError

if TYPE_CHECKING:
    from modelkeep.download.queue import DownloadQueueService
    from modelkeep.load.assets import Fetch
    from modelkeep.settings import Settings

#: Seconds between two looks at the downloads.
_PAUSE = 0.02


def asset_fetch(settings: Settings, downloads: Callable[[], DownloadQueueService]) -> Fetch | None:
    """Return what fetches files of a repository on Hugging Face; None where that is forbidden.

    Args:
        settings: Say where the site is, and whether it may be asked.
        downloads: Returns the download queue; called when something is fetched.
    """
    if settings.offline:
        return None

    def fetch(repo: str, files: tuple[str, ...], folder: Path) -> None:
        queue, top = downloads(), settings.hf_endpoint.rstrip("/")
        links = [f"{top}/{repo}/resolve/main/{name}" for name in files]
        jobs = [queue.make_job(link, folder, is_folder=True) for link in links]
        for job in jobs:
            queue.submit_download_job(job)
        while any(job.is_going_on for job in jobs):
            time.sleep(_PAUSE)
        failed = [(job, job.exception or job.status.value) for job in jobs if not job.complete]
        for job, _ in failed:  # who asks for the asset again begins anew
            queue.cancel_job(job)
        for job, why in failed:
            raise DownloadError(
                f"{job.source} could not be downloaded: {why}",
                hint="Check the connection and try again.",
            )

    return fetch
