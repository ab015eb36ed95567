"""``JobWriter``: writes job progress in batches; a full disk delays the writes, not the jobs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable

from modelkeep.errors import ModelKeepError
from modelkeep.jobs.engine_job import EngineJob
from modelkeep.jobs.rows import JobChange, JobStore
from modelkeep.jobs.states import JobState

#: How often the progress of running jobs is written, seconds.
_PROGRESS_SECONDS = 1.0

_log = logging.getLogger(__name__)


class JobWriter:
    """Collects changes to jobs and writes them in one transaction.

    Args:
        store: Of the jobs that other processes and later runs know.
    """

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._changed: dict[int, tuple[EngineJob, JobState]] = {}
        self._noted: dict[int, tuple[int, float | None]] = {}
        self._progress_at = 0.0

    @property
    def is_behind(self) -> bool:
        """Something is not written yet."""
        return bool(self._changed)

    def note(self, entry: EngineJob, state: JobState | None = None) -> None:
        """Have a job written soon.

        Args:
            entry: The job.
            state: What to write where that is not where the job is.
        """
        state = state or entry.state
        if not entry.store.outlives:  # nothing is saved by waiting
            entry.store.beat({entry.job.id: entry.change(state)})
        else:
            with self._lock:
                self._changed[entry.job.id] = (entry, state)

    def note_progress(self, entries: Iterable[EngineJob]) -> None:
        """Have it written how far and how fast jobs are.

        At once when something is there, then now and then while that changes.
        """
        now = time.monotonic()
        is_due = now - self._progress_at >= _PROGRESS_SECONDS
        self._progress_at = now if is_due else self._progress_at
        for entry in entries:
            if entry.state is not JobState.RUNNING:
                continue
            entry.measure(now)
            number, is_at = entry.job.id, (entry.job.bytes, entry.speed)
            last = self._noted.get(number, (0, None))
            if is_at[0] and is_at != last and (is_due or not last[0]):
                with self._lock:
                    if not entry.is_ending:
                        self._noted[number] = is_at
                        self._changed.setdefault(number, (entry, JobState.RUNNING))

    def flush(self) -> None:
        """Write what changed; what cannot be written now is tried again later."""
        if not self._store.outlives:
            return
        with self._writing:
            with self._lock:
                changed, self._changed = self._changed, {}
            if not changed:
                return
            changes = {number: entry.change(state) for number, (entry, state) in changed.items()}
            try:
                self._store.beat(changes)
            except ModelKeepError as error:
                _log.warning("Could not store job progress, will retry: %s", error)
                with self._lock:
                    self._changed = {**changed, **self._changed}
            else:
                for number, change in changes.items():
                    self._remember(changed[number][0], change)

    def settle(self, entry: EngineJob, state: JobState) -> None:
        """Write how a run ended, before anybody can see it: programs exit once jobs have ended."""
        with self._lock:
            entry.is_ending = True
        self.note(entry, state)
        self.flush()

    def forget(self, number: int) -> None:
        """Write nothing more of a job."""
        with self._lock:
            self._changed.pop(number, None)
            self._noted.pop(number, None)

    @staticmethod
    def _remember(entry: EngineJob, change: JobChange) -> None:
        if change.details is not None:
            entry.stored_details = change.details
