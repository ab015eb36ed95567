"""The report of a task, a page at a time: what became of each model or file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """What became of one thing.

    Attributes:
        status: In one word.
        name: What it is called.
        key: Of the model; empty where there is none.
        place: Where it is; empty where that is not told.
        text: What happened, in words; may be empty.
        hint: What to do next; may be empty.
        changes: Fields that changed, each with its value before and after.
    """

    status: str
    name: str
    key: str = ""
    place: str = ""
    text: str = ""
    hint: str = ""
    changes: tuple[tuple[str, str, str], ...] = ()

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> ReportEntry:
        """Read an entry of any kind of task."""
        error = told.get("error") or {}
        place = str(told.get("path") or told.get("subject") or "")
        files = [
            f"{one['path']}: {one['detail']}" for one in _dicts(told, "files") if one["detail"]
        ]
        text = error.get("message") or told.get("message") or told.get("detail")
        changed = told.get("changes") or {}
        fields = told.get("changed") or ()
        return cls(
            status=_status(told),
            name=str(told.get("name") or told.get("key") or place.rpartition("/")[2] or place),
            key=str(told.get("key") or ""),
            place=place,
            text=str(text or told.get("reason") or "; ".join(files) or ", ".join(fields)),
            hint=str(error.get("hint") or told.get("hint") or ""),
            changes=tuple((name, _text(old), _text(new)) for name, (old, new) in changed.items()),
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class JobReport:
    """A page of a report.

    Attributes:
        counts: How many entries have each status, also those that are not kept.
        entries: Those of the page.
        found: Entries that are kept and have the status that was asked for.
        left_out: Were only counted.
        page: Number of the page, from 1.
        pages: How many there are.
        warnings: What else was noticed.
    """

    counts: Mapping[str, int]
    entries: tuple[ReportEntry, ...]
    found: int
    left_out: int
    page: int
    pages: int
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {**asdict(self), "entries": [entry.to_json() for entry in self.entries]}


def job_report(
    manager: ModelManager, number: int, *, status: str = "", page: int = 1, size: int = 100
) -> JobReport | None:
    """Return a page of the report of a task; None where it has none.

    Args:
        manager: Of the library.
        number: Of the job.
        status: Only entries with this status; all when empty.
        page: From 1; the last one where there are fewer.
        size: Entries of a page.

    Raises:
        UnknownJobIDException: there is no such job.
    """
    row = manager.jobs.row(number)
    live = manager.jobs.job_of(row)
    result = getattr(live, "result", None) or json.loads(row.details or "{}").get("result")
    if not result:
        return None
    kept = [*_dicts(result, "entries"), *_dicts(result, "findings")]
    wanted = [one for one in kept if not status or _status(one) == status]
    pages = max(-(-len(wanted) // size), 1)
    page = min(max(page, 1), pages)
    counts = {name: count for name, count in (result.get("counts") or {}).items() if count}
    return JobReport(
        counts=counts,
        entries=tuple(map(ReportEntry.read, wanted[(page - 1) * size : page * size])),
        found=len(wanted),
        left_out=int(result.get("left_out") or 0),
        page=page,
        pages=pages,
        warnings=tuple(map(str, result.get("warnings") or ())),
    )


def _status(told: Mapping[str, Any]) -> str:
    return str(told.get("status") or ("fixed" if told.get("fixed") else told.get("severity")))


def _dicts(told: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    return [one for one in told.get(name) or () if isinstance(one, dict)]


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
