"""``Notices``: what pages tell once, on the page that comes after a change."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal

#: Notices that wait to be shown; older ones are forgotten.
_KEPT = 200


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told once.

    Attributes:
        text: What happened.
        hint: What to do next.
        kind: ``done`` or ``failed``.
        undo: Address that a form is sent to, to undo it; empty where it cannot be undone.
        fields: What that form carries.
        secret: A text to copy, which is shown this once.
    """

    text: str
    hint: str = ""
    kind: Literal["done", "failed"] = "done"
    undo: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    secret: str = field(default="", repr=False)


class Notices:
    """Keeps notices between a form and the page that it leads to. Safe between threads.

    The address of that page has the number of its notice; texts in addresses could be forged.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, Notice] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, notice: Notice) -> str:
        """Keep a notice; return its number."""
        number = secrets.token_urlsafe(9)
        with self._lock:
            self._waiting[number] = notice
            while len(self._waiting) > _KEPT:
                self._waiting.popitem(last=False)
        return number

    def take(self, number: str) -> Notice | None:
        """Return a notice and forget it; None where there is none, or it was shown."""
        with self._lock:
            return self._waiting.pop(number, None)
