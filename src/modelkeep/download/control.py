"""How a running transfer is told to stop, and what it tells."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Wanted = Literal["run", "pause", "cancel"]
Stage = Literal["waiting", "connecting", "downloading", "verifying", "publishing", "done"]


@dataclass(frozen=True, slots=True)
class TransferProgress:
    """What can be told of a transfer at one moment.

    Attributes:
        stage: What it is doing.
        received: Bytes of the file that are there.
        total: Bytes that the file will have; None while that is not known.
        connections: Connections that are open or being opened.
        waits: Seconds that it waits before the next try; 0 while it does not wait.
        path: Where the file will be; None while that is not known.
        note: What the user should know, such as why there is one connection only; may be empty.
    """

    stage: Stage
    received: int = 0
    total: int | None = None
    connections: int = 0
    waits: float = 0.0
    path: Path | None = None
    note: str = ""


class TransferControl:
    """Pauses or cancels one transfer, from any thread.

    Attributes:
        wanted: What was asked for last; a cancelled transfer stays cancelled.
    """

    def __init__(self) -> None:
        self.wanted: Wanted = "run"
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    def pause(self) -> None:
        """Have the transfer end soon and keep what has come."""
        self._want("pause")

    def cancel(self) -> None:
        """Have the transfer end soon."""
        self._want("cancel")

    @property
    def is_stopped(self) -> bool:
        """Whether the transfer shall end."""
        return self.wanted != "run"

    @contextmanager
    def telling(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call ``listener`` when something is asked for meanwhile."""
        with self._lock:
            self._listeners.append(listener)
        try:
            yield
        finally:
            with self._lock:
                self._listeners.remove(listener)

    def _want(self, wanted: Wanted) -> None:
        with self._lock:
            if self.wanted != "cancel":
                self.wanted = wanted
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()
