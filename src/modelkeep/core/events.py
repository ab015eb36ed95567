"""Events: the specification's names and payloads, and the bus that carries them.

A bus is any object with ``dispatch(topic, payload)``. Install and load events go out under
``model_event``, downloads under ``download_event``, tasks under ``task_event``, each as
``{"event": name, "data": {...}}``. Beside the specification's keys ``data`` has the ``id`` of the
job, which tells jobs of one source apart. The specification has no events for an install or a
download that waits, has no bytes yet or is held: those go out under ``job_event``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

MODEL_EVENT = "model_event"
DOWNLOAD_EVENT = "download_event"
TASK_EVENT = "task_event"
JOB_EVENT = "job_event"

INSTALL_DOWNLOADING = "model_install_downloading"
INSTALL_RUNNING = "model_install_running"
INSTALL_COMPLETED = "model_install_completed"
INSTALL_ERROR = "model_install_error"
INSTALL_CANCELLED = "model_install_cancelled"

DOWNLOAD_STARTED = "download_started"
DOWNLOAD_PROGRESS = "download_progress"
DOWNLOAD_COMPLETE = "download_complete"
DOWNLOAD_CANCELLED = "download_cancelled"
DOWNLOAD_ERROR = "download_error"

TASK_PROGRESS = "task_progress"

JOB_QUEUED = "job_queued"
JOB_STARTED = "job_started"
JOB_PAUSED = "job_paused"

LOAD_STARTED = "model_load_started"
LOAD_PROGRESS = "model_load_progress"
LOAD_COMPLETED = "model_load_completed"
LOAD_ERROR = "model_load_error"
MODEL_UNLOADED = "model_unloaded"

Handler = Callable[[str, dict[str, Any]], None]

_log = logging.getLogger(__name__)


@runtime_checkable
class EventBus(Protocol):
    """Anything that takes events."""

    def dispatch(self, topic: str, payload: dict[str, Any]) -> None:
        """Take one event."""
        ...


@dataclass
class LocalEventBus:
    """A bus for one process: hands every event to its handlers, in the thread that raised it.

    A handler that raises is logged by name and does not disturb the job or the other handlers.
    """

    handlers: list[Handler] = field(default_factory=list)

    def subscribe(self, handler: Handler) -> Callable[[], None]:
        """Add a handler ``f(topic, payload)``; call the result to take it off again."""
        self.handlers.append(handler)
        return lambda: self.handlers.remove(handler)

    def dispatch(self, topic: str, payload: dict[str, Any]) -> None:
        """Hand one event to every handler."""
        for handler in tuple(self.handlers):
            deliver(handler, topic, payload)


def is_heard(bus: EventBus) -> bool:
    """Tell whether anybody may hear what a bus carries; not where our own has no handlers."""
    return not isinstance(bus, LocalEventBus) or bool(bus.handlers)


def deliver(handler: Handler, topic: str, payload: dict[str, Any]) -> None:
    """Call one handler; what it raises is logged, not passed on."""
    try:
        handler(topic, payload)
    except (Exception, SystemExit):  # noqa: BLE001 - foreign code: whatever it raises must not end the job
        name = getattr(handler, "__qualname__", repr(handler))
        _log.exception("event handler %s failed on %s", name, payload.get("event"))


def emit(bus: EventBus | None, topic: str, event: str, **data: Any) -> None:
    """Send one event with a timestamp (seconds since the epoch); no bus, no event."""
    if bus is not None:
        payload = {"event": event, "data": {**data, "timestamp": int(time.time())}}
        deliver(bus.dispatch, topic, payload)


def install_downloading(
    bus: EventBus | None,
    job: int,
    source: str,
    local_path: str,
    *,
    done: int,
    total: int,
    parts: Sequence[Mapping[str, object]],
) -> None:
    """More of the files of ``source`` has arrived at ``local_path``; each of ``parts`` is one."""
    emit(
        bus,
        MODEL_EVENT,
        INSTALL_DOWNLOADING,
        id=job,
        source=source,
        local_path=local_path,
        bytes=done,
        total_bytes=total,
        parts=[dict(part) for part in parts],
    )


def install_running(bus: EventBus | None, job: int, source: str) -> None:
    """Probing, copying and recording of ``source`` begin."""
    emit(bus, MODEL_EVENT, INSTALL_RUNNING, id=job, source=source)


def install_completed(
    bus: EventBus | None, job: int, source: str, key: str, total_bytes: int
) -> None:
    """``source`` is installed under ``key``."""
    emit(
        bus, MODEL_EVENT, INSTALL_COMPLETED, id=job, source=source, total_bytes=total_bytes, key=key
    )


def install_error(bus: EventBus | None, job: int, source: str, error_type: str, error: str) -> None:
    """The install of ``source`` failed; ``error`` is the traceback."""
    emit(bus, MODEL_EVENT, INSTALL_ERROR, id=job, source=source, error_type=error_type, error=error)


def install_cancelled(bus: EventBus | None, job: int, source: str) -> None:
    """The install of ``source`` was cancelled."""
    emit(bus, MODEL_EVENT, INSTALL_CANCELLED, id=job, source=source)


def download_started(bus: EventBus | None, job: int, source: str, download_path: str) -> None:
    """The file of ``source`` begins to arrive at ``download_path``."""
    emit(bus, DOWNLOAD_EVENT, DOWNLOAD_STARTED, id=job, source=source, download_path=download_path)


def download_progress(
    bus: EventBus | None,
    job: int,
    source: str,
    download_path: str,
    *,
    current_bytes: int,
    total_bytes: int,
) -> None:
    """More of ``source`` has arrived; a total of 0 is not known."""
    emit(
        bus,
        DOWNLOAD_EVENT,
        DOWNLOAD_PROGRESS,
        id=job,
        source=source,
        download_path=download_path,
        current_bytes=current_bytes,
        total_bytes=total_bytes,
    )


def download_complete(
    bus: EventBus | None, job: int, source: str, download_path: str, total_bytes: int
) -> None:
    """All of ``source`` is at ``download_path``."""
    emit(
        bus,
        DOWNLOAD_EVENT,
        DOWNLOAD_COMPLETE,
        id=job,
        source=source,
        download_path=download_path,
        total_bytes=total_bytes,
    )


def download_cancelled(bus: EventBus | None, job: int, source: str) -> None:
    """The download of ``source`` was cancelled."""
    emit(bus, DOWNLOAD_EVENT, DOWNLOAD_CANCELLED, id=job, source=source)


def download_error(
    bus: EventBus | None, job: int, source: str, error_type: str, error: str
) -> None:
    """The download of ``source`` failed; ``error`` is the traceback."""
    emit(
        bus,
        DOWNLOAD_EVENT,
        DOWNLOAD_ERROR,
        id=job,
        source=source,
        error_type=error_type,
        error=error,
    )


def job_event(bus: EventBus | None, event: str, job: int, kind: str, source: str) -> None:
    """An install or a download waits for its turn, has its turn or is paused: ``JOB_...``."""
    emit(bus, JOB_EVENT, event, id=job, kind=kind, source=source)


@dataclass(frozen=True, slots=True)
class TaskState:
    """Where a task is.

    Attributes:
        id, kind, source: Number of the job, what it does and what it is about.
        done, total: How far it is, in ``unit``; a total of 0 is not known.
    """

    id: int
    kind: str
    source: str
    done: int
    total: int
    unit: str


def task_event(
    bus: EventBus | None,
    what: str,
    task: TaskState,
    error_type: str | None = None,
    error: str | None = None,
) -> None:
    """A task was queued, started, paused, completed or cancelled, made progress or failed."""
    facts = {"error_type": error_type or "", "error": error or ""} if what == "error" else {}
    emit(
        bus,
        TASK_EVENT,
        f"task_{what}",
        id=task.id,
        kind=task.kind,
        source=task.source,
        done=task.done,
        total=task.total or None,
        unit=task.unit,
        **facts,
    )
