"""``LibraryHasher``: full hashes of models that were recorded without reading them."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import suppress

from modelkeep.care.sweep import targets
from modelkeep.care.throttle import TokenBucket, at_most
from modelkeep.core import limits
from modelkeep.core.hashing import stop_when
from modelkeep.errors import JobCancelledError, ModelKeepError, UnknownModelException
from modelkeep.library.library import Library
from modelkeep.library.verify import verify_model

#: Bytes a second that are read unasked.
RATE = 50 * limits.MIB
#: How much nicer than the rest the thread is.
_NICENESS = 10
#: Seconds between two looks for new models, and between two looks whether an install has ended.
_ROUND = 300.0
_PAUSE = 2.0

_log = logging.getLogger(__name__)


class LibraryHasher:
    """Hashes models that have no full hash yet, in a low-priority thread.

    It waits while an install is in progress, is no faster than ``rate``, and does not keep the
    program from ending: what is half read is read again another time.

    Args:
        library: Where they are recorded.
        rate: Bytes a second.
    """

    def __init__(self, library: Library, *, rate: float = RATE) -> None:
        self._library = library
        self._rate = rate
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self._is_idle = threading.Event()
        self._tried: set[str] = set()

    @property
    def is_running(self) -> bool:
        """It was started and not stopped."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start, unless it runs already."""
        if self.is_running:
            return
        self._ending.clear()
        self._is_idle.clear()
        self._thread = threading.Thread(target=self._work, name="modelkeep-hasher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End within a piece of a file."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all readable models have a hash; return whether they have."""
        return self._is_idle.wait(timeout)

    def _work(self) -> None:
        with suppress(OSError, AttributeError):  # not everywhere has a thread a niceness
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        while not self._ending.is_set():
            try:
                self._round()
            except JobCancelledError:
                return
            except ModelKeepError as error:
                _log.warning("Background hashing is waiting: %s", error)
            else:
                self._is_idle.set()
            self._ending.wait(_ROUND)

    def _round(self) -> None:
        bucket = TokenBucket(self._rate, sleep=self._ending.wait)
        progress = stop_when(self._ending.is_set, at_most(bucket, self._give_way))
        for target in targets(self._library, only_new=True):
            if target.key in self._tried:
                continue
            progress(0)
            self._tried.add(target.key)
            with suppress(UnknownModelException):
                verify_model(self._library, target.key, progress, parallel=False)

    def _give_way(self, count: int) -> None:
        """Wait while an install, removal or restore is in progress."""
        del count
        library = self._library
        while any(
            not library.is_away(entry.note) for entry in library.state.journal.entries()
        ) and not self._ending.wait(_PAUSE):
            pass
