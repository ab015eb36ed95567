"""What the seed's two classes of jobs say of their status and their error in the same words."""

from __future__ import annotations

import traceback
from enum import StrEnum
from typing import Protocol

from modelkeep.errors import hint_of


class _HasStatus(Protocol):
    exception: BaseException | None

    @property
    def status(self) -> StrEnum: ...


class JobProperties:
    """Read-only properties of a job that has a ``status`` and an ``exception``."""

    @property
    def error(self: _HasStatus) -> str | None:
        """Traceback of the exception, as text."""
        return "".join(traceback.format_exception(self.exception)) if self.exception else None

    @property
    def hint(self: _HasStatus) -> str:
        """What to do next after an error."""
        return hint_of(self.exception) if self.exception else ""

    @property
    def waiting(self: _HasStatus) -> bool:
        """The job waits for its turn."""
        return self.status.value in {"enqueued", "waiting"}

    @property
    def running(self: _HasStatus) -> bool:
        """The job is being done."""
        return self.status.value == "running"

    @property
    def paused(self: _HasStatus) -> bool:
        """The job waits until it is resumed."""
        return self.status.value == "paused"

    @property
    def complete(self: _HasStatus) -> bool:
        """The job is done."""
        return self.status.value == "completed"

    @property
    def errored(self: _HasStatus) -> bool:
        """The job failed."""
        return self.status.value == "error"

    @property
    def cancelled(self: _HasStatus) -> bool:
        """The job was cancelled."""
        return self.status.value == "cancelled"

    @property
    def in_terminal_state(self: _HasStatus) -> bool:
        """The job will not go on."""
        return self.status.value in {"completed", "error", "cancelled"}
