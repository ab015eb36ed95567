"""``Prefetch``: a part that is loaded in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable

from modelkeep.errors import LoadTimeoutError
from modelkeep.load.info import ModelInfo


class Prefetch:
    """Loads a part in a thread of its own.

    Args:
        load: Loads it; gets an event that is set once it should stop.
    """

    def __init__(self, load: Callable[[threading.Event], ModelInfo]) -> None:
        self._load = load
        self._is_unwanted = threading.Event()
        self._result: ModelInfo | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="modelkeep-prefetch", daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        """It ended, in whatever way."""
        return not self._thread.is_alive()

    def cancel(self) -> None:
        """Stop, unless others wait for the same part."""
        self._is_unwanted.set()

    def wait(self, timeout: float | None = None) -> ModelInfo:
        """Return the part once it is loaded.

        Raises:
            LoadTimeoutError: the time is over; it goes on.
            LoadCancelledError: it was cancelled.
            ModelKeepError: it cannot be loaded.
        """
        self._thread.join(timeout)
        if self._error is not None:
            raise self._error
        if self._result is None:
            raise LoadTimeoutError(
                f"The model was not loaded within {timeout} seconds", hint="Wait again."
            )
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._load(self._is_unwanted)
        except BaseException as error:  # noqa: BLE001 - it is raised in who waits
            self._error = error
