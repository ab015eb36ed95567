"""``ForeignJobs``: events of jobs that no service tells of, from what is stored of them."""

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

_TRANSFERS = frozenset({"install", "download"})
_EVENTS = {
    JobState.IDLE: events.JOB_QUEUED,
    JobState.WAITING: events.JOB_QUEUED,
    JobState.RUNNING: events.JOB_STARTED,
    JobState.PAUSED: events.JOB_PAUSED,
}

_log = logging.getLogger(__name__)


class ForeignJobs:
    """Tells the bus of a manager what becomes of the jobs of other processes.

    Of its own jobs the services tell, but not that an install or a download waits, was given its
    turn and has no bytes yet, or is paused.

    Args:
        manager: Of the library.
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
                known = {row.id: row for row in changes.poll() if row.beat_at < since}
                changes.again()
                while not stopping.is_set():
                    for row in changes.poll():
                        self._tell(row, known.get(row.id))
                        known[row.id] = row
                    stopping.wait(_POLL_SECONDS)
        except ModelKeepError as error:
            _log.warning("Jobs of other processes are not told of: %s", error)

    def _tell(self, row: JobRow, before: JobRow | None) -> None:
        is_in_new_state = before is None or before.status is not row.status
        if self._manager.jobs.is_mine(row):
            if is_in_new_state:
                _tell_state(self._manager.events, row)
        elif is_in_new_state or (before and before.bytes != row.bytes):
            tell(self._manager.events, row)


def tell(bus: EventBus, row: JobRow) -> None:
    """Send the event that says where a job is now."""
    if row.kind == "install":
        _tell_install(bus, row)
    elif row.kind == "download":
        _tell_download(bus, row)
    else:
        _tell_task(bus, row)


def _tell_state(bus: EventBus, row: JobRow) -> None:
    event = _EVENTS.get(row.status)
    if event is not None and row.kind in _TRANSFERS:
        events.job_event(bus, event, row.id, row.kind, row.source)


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
            _tell_state(bus, row)


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
            _tell_state(bus, row)


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
