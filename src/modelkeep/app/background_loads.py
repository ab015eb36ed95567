"""``BackgroundLoads``: models that are loaded while whoever asked for them looks on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from modelkeep.app.outcomes import error_json
from modelkeep.core.names import counted
from modelkeep.errors import LoadCancelledError, LoadTimeoutError, ModelKeepError, UsageError

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.load.info import ModelInfo
    from modelkeep.load.prefetch import Prefetch

#: Loads at a time; more would take memory and the disk from each other.
_AT_A_TIME = 4


@dataclass
class BackgroundLoad:
    """A part that is being loaded, or could not be.

    Attributes:
        number: Of this load.
        key, name, part: Of the model; no part where it is one thing.
        done, total: Bytes; a total of 0 is not known yet.
        error: Why it failed, as ``error_json`` gives it; empty while it goes on.
    """

    number: int
    key: str
    name: str
    part: str
    done: int = 0
    total: int = 0
    error: Mapping[str, str] = field(default_factory=dict)


class BackgroundLoads:
    """Begins loads, follows them, and keeps why they failed until somebody has seen it.

    Args:
        manager: Of the library.
    """

    def __init__(self, manager: ModelManager) -> None:
        self._manager = manager
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._loads: dict[int, tuple[BackgroundLoad, Prefetch]] = {}

    def entries(self) -> list[BackgroundLoad]:
        """Return those that go on, and those that failed and were not dismissed."""
        with self._lock:
            for number, (entry, ahead) in list(self._loads.items()):
                if ahead.is_done and not entry.error:
                    self._settle(number, entry, ahead)
            return [entry for entry, _ in self._loads.values()]

    def begin(
        self, key: str, part: str, patience: float
    ) -> tuple[BackgroundLoad, ModelInfo | None]:
        """Begin to load a part of a model; return it, and the model where that was quick.

        Args:
            key: Of the record.
            part: Of a main model; empty for one that is one thing.
            patience: Seconds that it is waited for.

        Raises:
            UsageError: as many are being loaded as can be at a time.
            ModelKeepError: it cannot be loaded, and that showed at once.
        """
        name = self._manager.records.get_model(key).name
        running = [entry for entry in self.entries() if not entry.error]
        if len(running) >= _AT_A_TIME:
            raise UsageError(
                f"{counted(len(running), 'model')} are being loaded already",
                hint="Wait until one of them is there, or cancel it.",
            )
        entry = BackgroundLoad(next(self._numbers), key, name, part)
        ahead = self._manager.loader.prefetch(key, part or None, on_progress=_onto(entry))
        with self._lock:
            self._loads[entry.number] = (entry, ahead)
        try:
            info = ahead.wait(patience)
        except LoadTimeoutError:
            if not ahead.is_done:
                return entry, None
            info = ahead.wait()
        finally:
            if ahead.is_done:
                self.dismiss(entry.number)
        return entry, info

    def dismiss(self, number: int) -> None:
        """Cancel a load, or forget that it failed; nothing where there is none of this number."""
        with self._lock:
            _, ahead = self._loads.pop(number, (None, None))
        if ahead is not None:
            ahead.cancel()

    def _settle(self, number: int, entry: BackgroundLoad, ahead: Prefetch) -> None:
        try:
            ahead.wait()
        except LoadCancelledError:
            del self._loads[number]
        except ModelKeepError as error:
            entry.error = error_json(error)
        else:
            del self._loads[number]


def _onto(entry: BackgroundLoad) -> Callable[[int, int], None]:
    def on_progress(done: int, total: int) -> None:
        entry.done, entry.total = done, total

    return on_progress
