"""``TqdmProgress``: bars for downloads in programs that have tqdm."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from modelkeep.download.job import DownloadJobBase, DownloadJobStatus
from modelkeep.errors import UsageError

_NAME_WIDTH = 30


class TqdmProgress:
    """Draws one bar for each job: give ``TqdmProgress().update`` to a job or queue as a handler.

    Raises:
        UsageError: tqdm is not installed.
    """

    def __init__(self) -> None:
        try:
            tqdm = import_module("tqdm")  # only programs that draw bars have to have it
        except ImportError as error:
            raise UsageError(
                "TqdmProgress needs tqdm", hint="Install it with: pip install tqdm"
            ) from error
        self._new_bar: Any = tqdm.tqdm
        self._bars: dict[int, Any] = {}
        self._last: dict[int, int] = {}

    def update(self, job: DownloadJobBase) -> None:
        """Draw how far a job is; its bar is closed when it ends."""
        bar = self._bars.get(job.id)
        if bar is None and job.status is DownloadJobStatus.RUNNING:
            name = (job.download_path or job.dest).name
            bar = self._bars[job.id] = self._new_bar(
                desc=f"{name[:_NAME_WIDTH]:{_NAME_WIDTH}}",
                total=job.total_bytes or None,
                unit="B",
                unit_scale=True,
                unit_divisor=1000,
            )
        if bar is None:
            return
        bar.total = job.total_bytes or bar.total
        bar.update(job.bytes - self._last.get(job.id, 0))
        self._last[job.id] = job.bytes
        if job.in_terminal_state:
            bar.close()
            del self._bars[job.id], self._last[job.id]
