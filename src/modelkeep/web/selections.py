"""``Selections``: models that somebody has selected, between the list and the plan for them."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass

#: Selections that are kept; older ones are forgotten.
_KEPT = 100


@dataclass(frozen=True, slots=True)
class SelectedModels:
    """Some models of a list.

    Attributes:
        keys: Of the models; None where all are meant that a search finds.
        filter: The query string of that search.
        back: Address of the list.
    """

    keys: tuple[str, ...] | None
    filter: str
    back: str


class Selections:
    """Keeps what was selected under a name that fits into an address. Safe between threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, SelectedModels] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, selection: SelectedModels) -> str:
        """Keep a selection; return its name."""
        name = secrets.token_urlsafe(9)
        with self._lock:
            self._kept[name] = selection
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return name

    def get(self, name: str) -> SelectedModels | None:
        """Return a selection; None where it is forgotten."""
        with self._lock:
            return self._kept.get(name)
