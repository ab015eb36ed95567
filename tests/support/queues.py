"""Queues on one state file, each as if it were a process of its own, to be killed or stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelkeep.download.drivers import Fetcher
from modelkeep.download.job import DownloadJobBase
from modelkeep.download.queue import DownloadQueueService
from modelkeep.http.options import TransferOptions
from modelkeep.jobs.commands import JobCommands
from modelkeep.jobs.state_jobs import StateJobs

QUICK = TransferOptions(tries=2, backoff_base=0.005, backoff_cap=0.01, segments=2)


class Process:
    """A queue with its owner, its connection to the state file and its control.

    Args:
        path: The state file.
        options: More for the queue; ``options`` and ``token_for`` are for what fetches.
    """

    def __init__(self, path: Path, *, takes_over: bool = True, **options: Any) -> None:
        self.store = StateJobs.open(path)
        fetcher = Fetcher(
            None, options.pop("options", QUICK), token_for=options.pop("token_for", lambda _: None)
        )
        self.queue = DownloadQueueService(
            store=self.store, fetcher=fetcher, takes_over=takes_over, **options
        )
        self.control = JobCommands([self.queue.engine])
        self.queue.start()

    def get(self, url: str, dest: Path, **fields: Any) -> DownloadJobBase:
        """Submit a download to the file ``dest``."""
        start = fields.pop("start", True)
        job = self.queue.make_job(url, dest, preserve_partial_downloads=True, **fields)
        self.queue.submit_download_job(job, start=start)
        return job

    def status(self, number: int) -> str:
        """Return what the state file says of a job."""
        return next(row.status for row in self.control.rows() if row.id == number)

    def stop(self) -> None:
        """End as a program does that closes what it opened."""
        self.queue.stop()
        self.store.close()

    def die(self) -> None:
        """End as by ``kill -9``: nothing more is written down, and the lock is free.

        What has come is kept as if its control file had just been written.
        """
        self.store._is_closed = True
        self.queue.stop()
        self.store._owner.release()
        self.store.state.close()
