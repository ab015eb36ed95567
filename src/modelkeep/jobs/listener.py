"""``RequestListener``: the thread that takes what other processes ask of the jobs of an engine."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from modelkeep.errors import ModelKeepError
from modelkeep.jobs.engine_job import EngineJob
from modelkeep.jobs.rows import JobStore
from modelkeep.jobs.states import Request
from modelkeep.jobs.writer import JobWriter

#: How often requests are looked for.
_LISTEN_SECONDS = 0.25

_log = logging.getLogger(__name__)


class RequestListener:
    """Looks several times a second while there are jobs that have not ended, and else not at all.

    Args:
        store: Where the requests are.
        unended: Returns the jobs that have not ended.
        obey: Does what is asked of a job; returns whether it has come to that.
    """

    def __init__(
        self,
        store: JobStore,
        writer: JobWriter,
        unended: Callable[[], list[EngineJob]],
        obey: Callable[[int, Request], bool],
    ) -> None:
        self._store, self._writer = store, writer
        self._unended, self._obey = unended, obey
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def wake(self) -> None:
        """Begin to listen, or look again whether there are jobs."""
        if not self._store.outlives:
            return
        with self._lock:
            if self._thread is None:
                self._stopping = threading.Event()
                self._thread = threading.Thread(
                    target=self._listen,
                    args=(self._stopping,),
                    name="modelkeep-requests",
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
            entries = self._unended()
            self._writer.note_progress(entries)
            self._writer.flush()
            if not entries and not self._writer.is_behind:
                self._wake.wait()
                self._wake.clear()
                continue
            try:
                for number, wanted in self._store.requests().items():
                    if self._obey(number, wanted):
                        self._store.fulfil(number, wanted)
            except ModelKeepError as error:
                _log.warning("Could not read the requests of other processes: %s", error)
