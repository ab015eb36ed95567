"""What was changed over HTTP, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from modelkeep.jobs.change_log import ChangeLog, LoggedChange

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Some changes, the newest first.

    Attributes:
        changes: The changes.
        next: What ``after`` has to be for those before them; None when there are none.
    """

    changes: tuple[LoggedChange, ...]
    next: int | None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values; times in ISO 8601."""
        return {"items": [_json(one) for one in self.changes], "next": self.next}


def change_log(manager: ModelManager) -> ChangeLog:
    """Return the log of a root."""
    return ChangeLog(manager.presence.state)


def changes(manager: ModelManager, limit: int, after: int | None = None) -> ChangePage:
    """Return changes, the newest first.

    Args:
        manager: Of the root.
        limit: How many at most.
        after: Where the page before ended.
    """
    found = change_log(manager).newest(limit + 1, after)
    shown = tuple(found[:limit])
    return ChangePage(shown, shown[-1].id if shown and len(found) > limit else None)


def _json(one: LoggedChange) -> dict[str, Any]:
    at = datetime.fromtimestamp(one.at, UTC).isoformat(timespec="milliseconds")
    change = one.change
    return {
        "id": one.id,
        "at": at,
        "who": change.who,
        "client": change.client,
        "action": change.action,
        "method": change.method,
        "path": change.path,
        "status": change.status,
        "request_id": change.request,
    }
