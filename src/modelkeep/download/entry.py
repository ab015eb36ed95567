"""``Entry``: what a queue keeps of a job beside the job itself."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from modelkeep.download.control import TransferControl
from modelkeep.download.job import DownloadJobBase, DownloadJobStatus
from modelkeep.download.telling import Mailbox, News

#: News of progress comes at least so often while bytes arrive, seconds.
_AT_LEAST_EVERY = 1.0
_SHARE = 100


@dataclass(eq=False)
class Entry:
    """A job in its queue.

    Attributes:
        job: The job.
        control: Stops what is being done; a new one for every turn.
        mailbox: News for the thread of the job; None when nobody listens.
        is_told: Everybody was told how its last turn ended.
        is_put_down: It is held because its queue ends; the next one goes on with it.
        starts_again: It was to go on while it was still being paused.
        thread: Where its news is told now.
        told_bytes, told_at: The last news of progress; seconds of a clock that only runs forward.
    """

    job: DownloadJobBase
    control: TransferControl = field(default_factory=TransferControl)
    mailbox: Mailbox | None = None
    is_told: bool = True
    is_put_down: bool = False
    starts_again: bool = False
    thread: threading.Thread | None = None
    told_bytes: int = 0
    told_at: float = 0.0

    @property
    def is_open(self) -> bool:
        """The job waits or is being done."""
        return self.job.status in {DownloadJobStatus.ENQUEUED, DownloadJobStatus.RUNNING}

    def tell(self, news: News) -> None:
        """Leave news for the thread of the job."""
        if self.mailbox is not None:
            self.mailbox.put(news)

    def progress(self, done: int, total: int) -> None:
        """Take in how far the transfer is, and tell it now and then."""
        self.job.bytes, self.job.total_bytes = done, total
        if done == self.told_bytes == 0:  # that it began was told
            return
        now = time.monotonic()
        step = max(total // _SHARE, 1)
        if abs(done - self.told_bytes) >= step or now - self.told_at >= _AT_LEAST_EVERY:
            self.told_bytes, self.told_at = done, now
            self.tell(News.PROGRESS)
