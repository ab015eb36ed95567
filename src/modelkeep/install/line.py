"""``JobLine``: install jobs in a row, and the threads that take them up."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from modelkeep.install.job import ModelInstallJob


class JobLine:
    """Jobs in a row, and the daemon threads that take them up; made when there is work.

    Args:
        name: Of the threads.
        most: Threads at the same time.
        work: Does a job; never raises.
    """

    def __init__(self, name: str, most: int, work: Callable[[ModelInstallJob], None]) -> None:
        self._name, self._most, self._work = name, most, work
        self._jobs: queue.Queue[ModelInstallJob | None] = queue.Queue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def put(self, job: ModelInstallJob) -> None:
        """Put a job at the end."""
        with self._lock:
            self._jobs.put(job)
            if len(self._threads) < self._most:
                thread = threading.Thread(target=self._go, name=self._name, daemon=True)
                self._threads.append(thread)
                thread.start()

    def end(self) -> None:
        """Wait for the jobs that were taken up, and let the threads end."""
        with self._lock:
            threads, self._threads = self._threads, []
            for _ in threads:
                self._jobs.put(None)
        for thread in threads:
            thread.join()

    def _go(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._work(job)
