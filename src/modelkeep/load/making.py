"""``PartMaker``: makes parts through the runtime, and tells all who wait how far that is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from modelkeep.core.commands import command
from modelkeep.core.names import shown
from modelkeep.errors import InvalidModelException, ModelKeepError
from modelkeep.load.model_cache import PartKey
from modelkeep.load.ports import Device, LoadedPart, Runtime
from modelkeep.load.resolve import Resolved
from modelkeep.load.watch import LoadWatch, OnProgress


class Listener:
    """Who hears how far a load is. What fails in it reaches the one who asked, and nobody else.

    Args:
        told: Are told of each step.
    """

    def __init__(self, *told: OnProgress | None) -> None:
        self._told = [one for one in told if one is not None]
        self._caught = _Caught()

    @property
    def has_failed(self) -> bool:
        """One of those who are told raised an error; they are told no more."""
        return self._caught.error is not None

    def __call__(self, done: int, total: int) -> None:
        """Tell them how many bytes are done, and how many there are."""
        if self.has_failed:
            return
        with self._caught:
            for one in self._told:
                one(done, total)

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Raise, at the end of a block, what was raised in those who are told."""
        try:
            yield
        finally:
            if self._caught.error is not None:
                raise self._caught.error


class _Caught:
    """Keeps the error of a block, which ends there, to be raised elsewhere."""

    error: Exception | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, Exception):
            self.error = error
        return isinstance(error, Exception)


class PartMaker:
    """Makes parts.

    Args:
        host: The processor, in whose memory they are made.
        runtime: Returns what loads them.
    """

    def __init__(self, host: Device, runtime: Callable[[], Runtime]) -> None:
        self._host = host
        self._runtime = runtime
        self._lock = threading.Lock()
        self._listeners: dict[PartKey, list[Listener]] = {}

    @contextmanager
    def listening(self, key: PartKey, listener: Listener) -> Iterator[None]:
        """Tell somebody how far the load of a part is, as long as a block runs."""
        with self._lock:
            self._listeners.setdefault(key, []).append(listener)
        try:
            yield
        finally:
            with self._lock:
                here = self._listeners[key]
                here.remove(listener)
                if not here:
                    del self._listeners[key]

    def make(self, resolved: Resolved, is_unwanted: threading.Event) -> LoadedPart:
        """Load a part into the memory of the processor.

        Raises:
            ModelKeepError: it cannot be loaded; names the model and the file.
            MemoryError, RuntimeError: memory is full.
            LoadCancelledError: nobody waits any more.
        """
        plan, runtime = resolved.planned.plan, self._runtime()
        watch = LoadWatch(
            plan.bytes, lambda done, total: self._tell(resolved.key, done, total), is_unwanted
        )
        try:
            return runtime.load(
                resolved.planned.loader, plan, resolved.precision, watch, resolved.contents.looks
            )
        except (ModelKeepError, MemoryError):
            raise
        except Exception as error:
            if self._host.is_out_of_memory(error):
                raise
            raise InvalidModelException(
                f"{resolved.name} cannot be loaded from {shown(resolved.planned.files.path)}:"
                f" {type(error).__name__}: {error}",
                hint=f"Check its files with: {command('verify', resolved.planned.record.key)}",
            ) from error

    def _tell(self, key: PartKey, done: int, total: int) -> None:
        with self._lock:
            listeners = list(self._listeners.get(key, ()))
        for listener in listeners:
            listener(done, total)
