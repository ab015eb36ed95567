"""``Listener``: the thread that hears what other processes wish of a queue's jobs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from modelkeep.download.job import DownloadJobBase
from modelkeep.download.job_store import JobStore
from modelkeep.errors import ModelKeepError
from modelkeep.jobs.wishes import JobWish

#: How often the wishes of other processes are looked for.
_LISTEN_SECONDS = 0.25

Obey = Callable[[int, JobWish], bool]

_log = logging.getLogger(__name__)


class Listener:
    """Looks several times a second while there are jobs that have not ended, and else not at all.

    Args:
        store: Where the wishes are, and where the progress of jobs goes.
        open_jobs: Returns the jobs that have not ended.
        obey: Does what is wished of a job; returns whether it has come to that.
    """

    def __init__(
        self, store: JobStore, open_jobs: Callable[[], list[DownloadJobBase]], obey: Obey
    ) -> None:
        self._store = store
        self._open_jobs = open_jobs
        self._obey = obey
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def wake(self) -> None:
        """Begin to listen, or to look again whether there are jobs."""
        if not self._store.outlives:
            return
        with self._lock:
            if self._thread is None:
                self._stopping = threading.Event()
                self._thread = threading.Thread(
                    target=self._listen,
                    args=(self._stopping,),
                    name="modelkeep-download-wishes",
                    daemon=True,
                )
                self._thread.start()
        self._wake.set()

    def stop(self) -> None:
        """Listen no more."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._stopping.set()
        self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(5)

    def _listen(self, stopping: threading.Event) -> None:
        while not stopping.wait(_LISTEN_SECONDS):
            jobs = self._open_jobs()
            self._store.note_progress(jobs)
            self._store.flush()
            if not jobs:
                self._wake.wait()
                self._wake.clear()
                continue
            try:
                for number, wanted in self._store.wishes().items():
                    if self._obey(number, wanted):
                        self._store.obeyed(number, wanted)
            except ModelKeepError as error:
                _log.warning("What others wish of our downloads could not be read: %s", error)
