"""``ForeignJobs``: events of the jobs that other processes have, from what they store."""

from __future__ import annotations

import json
import logging
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

from modelkeep.core import events
from modelkeep.errors import ModelKeepError
from modelkeep.jobs.changes import JobChanges
from modelkeep.jobs.states import JobState

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.core.events import EventBus
    from modelkeep.jobs.rows import JobRow

#: How often the state file is looked at while somebody listens; others store progress once a
#: second.
_POLL_SECONDS = 0.5

_log = logging.getLogger(__name__)


class ForeignJobs:
    """Tells the bus of a manager what becomes of the jobs of other processes.

    Args:
        manager: Of the library; its own jobs are told by its services.
    """

    def __init__(self, manager: ModelManager) -> None:
        self._manager = manager
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def begin(self) -> None:
        """Look for changes from now on."""
        with self._lock:
            self._stopping.set()
            self._stopping = threading.Event()
            threading.Thread(
                target=self._look,
                args=(self._stopping, time.time()),
                name="modelkeep-foreign-jobs",
                daemon=True,
            ).start()

    def end(self) -> None:
        """Look no more."""
        self._stopping.set()

    def _look(self, stopping: threading.Event, since: float) -> None:
        try:
            with closing(JobChanges(self._manager.settings.state_path, since)) as changes:
                jobs = self._manager.jobs
                known = {row.id: _place(row) for row in changes.poll() if row.beat_at < since}
                changes.again()
                while not stopping.is_set():
                    for row in changes.poll():
                        if known.get(row.id) != _place(row) and not jobs.is_mine(row):
                            tell(self._manager.events, row)
                        known[row.id] = _place(row)
                    stopping.wait(_POLL_SECONDS)
        except ModelKeepError as error:
            _log.warning("Jobs of other processes are not told of: %s", error)


def tell(bus: EventBus, row: JobRow) -> None:
    """Send the event that says where a job is now."""
    if row.kind == "install":
        _tell_install(bus, row)
    elif row.kind == "download":
        _tell_download(bus, row)
    else:
        _tell_task(bus, row)


def _place(row: JobRow) -> tuple[JobState, int]:
    return row.status, row.bytes


def _tell_install(bus: EventBus, row: JobRow) -> None:
    match row.status:
        case JobState.RUNNING if row.bytes < row.total_bytes:
            events.install_downloading(
                bus, row.id, row.source, "", done=row.bytes, total=row.total_bytes, parts=[]
            )
        case JobState.RUNNING:
            events.install_running(bus, row.id, row.source)
        case JobState.COMPLETED:
            events.install_completed(bus, row.id, row.source, row.key or "", row.total_bytes)
        case JobState.CANCELLED:
            events.install_cancelled(bus, row.id, row.source)
        case JobState.ERROR:
            events.install_error(bus, row.id, row.source, row.error_type or "", row.error or "")
        case _:
            return


def _tell_download(bus: EventBus, row: JobRow) -> None:
    path = json.loads(row.details).get("path") or ""
    match row.status:
        case JobState.RUNNING if not row.bytes:
            events.download_started(bus, row.id, row.source, path)
        case JobState.RUNNING:
            events.download_progress(
                bus,
                row.id,
                row.source,
                path,
                current_bytes=row.bytes,
                total_bytes=row.total_bytes,
            )
        case JobState.COMPLETED:
            events.download_complete(bus, row.id, row.source, path, row.total_bytes)
        case JobState.CANCELLED:
            events.download_cancelled(bus, row.id, row.source)
        case JobState.ERROR:
            events.download_error(bus, row.id, row.source, row.error_type or "", row.error or "")
        case _:
            return


def _tell_task(bus: EventBus, row: JobRow) -> None:
    unit = json.loads(row.details or "{}").get("unit", "bytes")
    task = events.TaskState(row.id, row.kind, row.source, row.bytes, row.total_bytes, unit)
    what = "progress" if row.status is JobState.RUNNING and row.bytes else _WORDS[row.status]
    events.task_event(bus, what, task, row.error_type, row.error)


_WORDS = {
    JobState.IDLE: "queued",
    JobState.WAITING: "queued",
    JobState.RUNNING: "started",
    JobState.PAUSED: "paused",
    JobState.COMPLETED: "completed",
    JobState.ERROR: "error",
    JobState.CANCELLED: "cancelled",
}
