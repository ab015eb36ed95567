"""All jobs in one list, as people look at them: how far each is, and what can be done with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

from modelkeep.app.import_jobs import import_view
from modelkeep.app.outcomes import takes_a_type, wants_a_token
from modelkeep.errors import ModelKeepError
from modelkeep.jobs.states import FAILED, FINAL, HELD, OPEN, JobState
from modelkeep.library.uploads import PREFIX as UPLOAD_PREFIX

if TYPE_CHECKING:
    from modelkeep.app.download_jobs import DownloadJobView
    from modelkeep.app.manager import ModelManager
    from modelkeep.jobs.rows import JobRow

#: Which jobs are asked for.
Shown = Literal["all", "active", "failed", "done"]
#: What helps after an error: a token, a type, room on the disk, access to a folder, trying again.
Remedy = Literal["token", "type", "space", "roots", "retry"]

_STATES: Mapping[Shown, frozenset[JobState]] = MappingProxyType(
    {
        "all": frozenset(JobState),
        "active": OPEN | HELD,
        "failed": FAILED,
        "done": frozenset({JobState.COMPLETED}),
    }
)
_REMEDIES: Mapping[str, Remedy] = MappingProxyType(
    {
        "NoSpaceError": "space",
        "NotWritableError": "roots",
        "OfflineRootError": "roots",
    }
)


@dataclass(frozen=True, slots=True)
class JobFile:
    """One file that a job fetches.

    Attributes:
        name: Within the model.
        total: Bytes; 0 where that is not known.
        status: As of a download.
    """

    name: str
    done: int
    total: int
    status: str

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {n: getattr(self, n) for n in self.__slots__}


@dataclass(frozen=True, slots=True)
class ListedJob:
    """One job.

    Attributes:
        row: As it is stored.
        status: The state, or of an install ``downloading``.
        done, total: How far it is, in ``unit``; a total of 0 is not known.
        unit: ``bytes``, or what a task counts.
        files: Those that are fetched, where this process does it.
        model: Name of the model that it made, where that is still there.
        counts: Of a task, how many of its findings have each status.
        by_us: This process has it.
        action: What a scan or a task for many models does; empty where the kind says it.
    """

    row: JobRow
    status: str
    done: int
    total: int
    unit: str = "bytes"
    files: tuple[JobFile, ...] = ()
    model: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    by_us: bool = True
    action: str = ""

    @property
    def id(self) -> int:
        """Its number."""
        return self.row.id

    @property
    def kind(self) -> str:
        """What it does."""
        return self.row.kind

    @property
    def title(self) -> str:
        """What it is about, in a few words."""
        return self.model or short_source(self.row.source)

    @property
    def source(self) -> str:
        """What it works on; of an upload its name, since nobody knows the place where it waits."""
        place = PurePath(self.row.source)
        is_upload = place.parent.name.startswith(UPLOAD_PREFIX)
        return f"upload of {place.name}" if is_upload else self.row.source

    @property
    def percent(self) -> int | None:
        """How much is done; None where that is not known."""
        return min(100 * self.done // self.total, 100) if self.total else None

    @property
    def speed(self) -> float | None:
        """Bytes a second, of a job that fetches or copies now."""
        is_running = self.row.status is JobState.RUNNING and self.unit == "bytes"
        return self.row.speed if is_running else None

    @property
    def seconds_left(self) -> float | None:
        """How long it takes from now on; None where that is not known."""
        speed = self.speed
        if not speed or not self.total or self.done >= self.total:
            return None
        return (self.total - self.done) / speed

    @property
    def is_active(self) -> bool:
        """It has not ended."""
        return self.row.status not in FINAL

    @property
    def is_running(self) -> bool:
        """It runs now."""
        return self.row.status is JobState.RUNNING

    @property
    def may_pause(self) -> bool:
        """It can be held."""
        return self.row.status in OPEN

    @property
    def may_resume(self) -> bool:
        """It is held."""
        return self.row.status in HELD

    @property
    def may_retry(self) -> bool:
        """It can begin again."""
        return self.row.status in FAILED

    @property
    def remedy(self) -> Remedy | None:
        """What helps after its error; None where it did not fail."""
        if self.row.status is not JobState.ERROR:
            return None
        kind, hint = self.row.error_type or "", self.row.hint or ""
        if wants_a_token(kind, hint):
            return "token"
        if self.kind == "install" and takes_a_type(kind, hint):
            return "type"
        return _REMEDIES.get(kind, "retry")

    @property
    def hint(self) -> str:
        """What to do next after its error, besides its remedy; may be empty."""
        hint = self.row.hint or ""
        is_said = self.remedy in {"token", "type"} or "modelkeep retry" in hint
        return "" if is_said else hint

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        row = self.row
        return {
            "id": row.id,
            "kind": row.kind,
            "source": row.source,
            "title": self.title,
            "status": self.status,
            "progress": {"done": self.done, "total": self.total or None, "unit": self.unit},
            "speed": self.speed,
            "seconds_left": self.seconds_left,
            "files": [file.to_json() for file in self.files],
            "key": row.key,
            "counts": dict(self.counts),
            "error": row.error,
            "hint": row.hint or "",
            "remedy": self.remedy,
            "created_at": row.created_at,
            "ended_at": row.ended_at,
        }


@dataclass(frozen=True, slots=True)
class JobBoard:
    """Jobs, those that run first, then those that wait, then those that ended, latest first.

    Attributes:
        jobs: Those that are shown.
        totals: How many there are, by what can be asked for.
        running: How many run or wait.
        is_more: There are more that ended.
    """

    jobs: tuple[ListedJob, ...]
    totals: Mapping[Shown, int]
    running: int
    is_more: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "items": [job.to_json() for job in self.jobs],
            "totals": dict(self.totals),
            "running": self.running,
        }


def job_list(
    manager: ModelManager, shown: Shown = "all", limit: int = 50, skip: int = 0
) -> JobBoard:
    """Return the jobs of every process on the root.

    Args:
        manager: Of the library.
        shown: Which of them.
        limit: At most so many; all that have not ended are always there.
        skip: So many of the first are left out.
    """
    rows = manager.jobs.rows()
    wanted = sorted((row for row in rows if row.status in _STATES[shown]), key=_order)
    active = sum(row.status not in FINAL for row in wanted)
    wanted = wanted[skip:]
    kept = wanted[: max(limit, active - skip)]
    return JobBoard(
        jobs=tuple(_listed(manager, row) for row in kept),
        totals={name: sum(r.status in states for r in rows) for name, states in _STATES.items()},
        running=sum(row.status in OPEN for row in rows),
        is_more=len(kept) < len(wanted),
    )


def one_job(manager: ModelManager, number: int) -> ListedJob:
    """Return one job.

    Raises:
        UnknownJobIDException: there is none with this number.
    """
    return _listed(manager, manager.jobs.row(number))


def short_source(source: str) -> str:
    """Return the last part of a path or link, which tells one from another; else all of it."""
    parts = urlsplit(source) if source.startswith(("http://", "https://")) else None
    path = unquote(parts.path) if parts else source
    is_place = parts is not None or source.startswith(("/", "~", "\\\\")) or source[1:3] == ":\\"
    name = path.rstrip("/").replace("\\", "/").rpartition("/")[2] if is_place else ""
    return name or source


def _order(row: JobRow) -> tuple[int, float]:
    if row.status is JobState.RUNNING:
        return (0, row.id)
    if row.status not in FINAL:
        return (2 if row.status in HELD else 1, row.id)
    return (3, -(row.ended_at or 0))


def _listed(manager: ModelManager, row: JobRow) -> ListedJob:
    job = manager.jobs.job_of(row) if row.ended_at is None else None
    listed = ListedJob(
        row,
        row.status.value,
        done=job.bytes if job else row.bytes,
        total=job.total_bytes if job else row.total_bytes,
        by_us=manager.jobs.is_mine(row),
    )
    if row.kind == "install":
        return _as_install(manager, listed)
    if row.kind == "download":
        return listed
    stored = json.loads(row.details or "{}")
    counts = (stored.get("result") or {}).get("counts", {})
    return replace(
        listed,
        unit=stored.get("unit", "bytes"),
        counts={status: number for status, number in counts.items() if number},
        action=_action(row.kind, stored.get("request") or {}),
    )


def _as_install(manager: ModelManager, listed: ListedJob) -> ListedJob:
    """Return an install with its files, and the model that it made."""
    view = import_view(manager, listed.row)
    top = view.job.fetched if view.job is not None else None
    return replace(
        listed,
        status=view.status.value,
        files=tuple(_file(part, top) for part in view.parts) if listed.is_active else (),
        model=_name_of(manager, listed.row.key),
    )


def _file(part: DownloadJobView, top: PurePath | None) -> JobFile:
    path = part.path or part.dest
    inside = top is not None and path != top and path.is_relative_to(top)
    name = path.relative_to(top).as_posix() if inside and top is not None else path.name
    return JobFile(name, part.bytes, part.total_bytes, part.status)


def _name_of(manager: ModelManager, key: str | None) -> str:
    if key is None:
        return ""
    try:
        return str(manager.records.get_model(key).name)
    except ModelKeepError:  # it was removed since, or cannot be read: the job is shown without it
        return ""


def _action(kind: str, asked: Mapping[str, Any]) -> str:
    """Return what a task does, where its kind does several things."""
    if kind == "scan":
        return next((name for name in ("register", "install") if asked.get(name)), "")
    return str((asked.get("asked") or {}).get("action", "")) if kind == "bulk" else ""
