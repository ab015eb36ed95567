"""``Workers``: threads that are made when work comes and wait for more without using the CPU."""

from __future__ import annotations

import threading
from collections.abc import Callable

Work = Callable[[], None]


class Workers:
    """Runs each task at once, in an idle daemon thread or in a new one.

    Programs exit without waiting for these threads. Work that never ends keeps its thread and
    nobody else's.

    Args:
        name: What the threads are called.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._is_dismissed = False

    def run(self, work: Work) -> None:
        """Do ``work`` in another thread; it must not raise."""
        with self._lock:
            self._is_dismissed = False
            worker = self._idle.pop() if self._idle else None
        if worker is None:
            worker = _Worker(self._rest)
            thread = threading.Thread(target=worker.serve, name=self._name, daemon=True)
            worker.give(work)
            thread.start()
        else:
            worker.give(work)

    def dismiss(self) -> None:
        """Let the threads end that have nothing to do, the others after their work."""
        with self._lock:
            self._is_dismissed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.give(None)

    def _rest(self, worker: _Worker) -> bool:
        """Note that a thread has nothing to do; tell whether it should wait for more."""
        with self._lock:
            if not self._is_dismissed:
                self._idle.append(worker)
            return not self._is_dismissed


class _Worker:
    def __init__(self, rest: Callable[[_Worker], bool]) -> None:
        self._rest = rest
        self._work: Work | None = None
        self._given = threading.Semaphore(0)

    def give(self, work: Work | None) -> None:
        """Hand over what to do next; None ends the thread."""
        self._work = work
        self._given.release()

    def serve(self) -> None:
        """Do what is given, one after the other."""
        while True:
            self._given.acquire()
            work, self._work = self._work, None
            if work is None:
                return
            work()
            del work  # an idle thread keeps nothing of the last job alive
            if not self._rest(self):
                return
