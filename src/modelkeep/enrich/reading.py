"""``BackgroundReader``: hashes models one after the other in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from queue import SimpleQueue
from typing import Self

from modelkeep.core.hashing import Progress, stop_when
from modelkeep.enrich.report import Enriched, EnrichStatus
from modelkeep.enrich.targets import EnrichTarget, weights_of
from modelkeep.errors import JobCancelledError, ModelKeepError
from modelkeep.library.library import Library
from modelkeep.library.verify import verify_model


class BackgroundReader:
    """Computes hashes in the background and stores each.

    Use it as a context manager, which starts it and stops it within a piece of a file.

    Args:
        library: Where the models are recorded.
        unread: Those to read, in this order.
        progress: Called for every piece, in the thread.
    """

    def __init__(
        self, library: Library, unread: Sequence[EnrichTarget], progress: Progress
    ) -> None:
        self._library = library
        self._unread = unread
        self._ending = threading.Event()
        self._progress = stop_when(self._ending.is_set, progress)
        self._done: SimpleQueue[EnrichTarget | Enriched | BaseException | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="modelkeep-read", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ending.set()
        self._thread.join()

    def results(self) -> Iterator[EnrichTarget | Enriched]:
        """Yield the models with their hashes as they are read, and those that cannot be read."""
        while (done := self._done.get()) is not None:
            if isinstance(done, BaseException):
                raise done
            yield done

    def _work(self) -> None:
        try:
            for target in self._unread:
                self._progress(0)
                self._done.put(self._read(target))
        except JobCancelledError:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again where the results are taken
            self._done.put(error)
        self._done.put(None)

    def _read(self, target: EnrichTarget) -> EnrichTarget | Enriched:
        try:
            check = verify_model(
                self._library, target.key, self._progress, parallel=False, with_sha256=True
            )
            rows = weights_of(self._library.records.files(target.key))
        except JobCancelledError:
            raise
        except ModelKeepError as error:
            return _failed(target, "").failed(error)
        if not check.is_well:
            why = next((file.detail for file in check.files if file.detail), check.verdict.value)
            return _failed(target, why)
        if len(rows) != 1 or not rows[0].sha256:
            return _failed(target, "it changed while it was read")
        return replace(target, sha256=rows[0].sha256.lower())


def _failed(target: EnrichTarget, why: str) -> Enriched:
    return Enriched(target.key, target.name, EnrichStatus.FAILED, detail=why)
