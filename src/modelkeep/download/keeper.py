"""``Keeper``: writes down from time to time what is there, so that a kill loses little."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from modelkeep.download.pieces import Range
from modelkeep.download.work import Work
from modelkeep.errors import StorageError

#: New bytes after which the control file is written, if it is not so long ago.
_SAVE_BYTES = 4 << 20
_SAVE_SECONDS = 0.5
#: The least time between two savings, and the time from one sync of the disk to the next.
_PAUSE_SECONDS = 0.015
_SYNC_SECONDS = 3.0


class Keeper:
    """Writes the control file of one transfer.

    Args:
        work: The file.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._saved_at = self._synced_at = time.monotonic()
        self._saved = 0
        self._synced: list[Range] = []
        self._inode = 0
        self._syncing: threading.Thread | None = None
        self._saving = threading.Lock()
        self._error: StorageError | None = None

    def look(self, now: float) -> None:
        """Save when it is time; sync in a thread, since a disk may take long for that.

        Raises:
            StorageError: the disk refused.
        """
        if self._error is not None:
            raise self._error
        if self._work.part is None or self._work.is_small:
            return
        new = abs(self._work.pieces.received - self._saved)
        since = now - self._saved_at
        if new and (since >= _SAVE_SECONDS or (new >= _SAVE_BYTES and since >= _PAUSE_SECONDS)):
            self._save(durable=False, must=False)
            self._saved_at = now
        is_syncing = self._syncing is not None and self._syncing.is_alive()
        if now - self._synced_at >= _SYNC_SECONDS and not is_syncing:
            self._synced_at = now
            self._syncing = threading.Thread(
                target=self._sync_quietly, name="modelkeep-sync", daemon=True
            )
            self._syncing.start()

    def keep(self) -> bool:
        """Save for good; False when there is nothing that could be gone on with.

        Raises:
            StorageError: the disk refused.
        """
        if self._work.pieces.received == 0 or self._work.control() is None:
            return False
        return self._sync()

    def _sync_quietly(self) -> None:
        part = self._work.part
        try:
            self._sync()
        except StorageError as error:
            if part is self._work.part:  # else it was thrown away meanwhile
                self._error = error

    def _sync(self) -> bool:
        part, pieces = self._work.part, self._work.pieces
        if part is None:
            return False
        done = pieces.done_ranges()
        part.sync()
        with self._saving:
            if part is not self._work.part or pieces is not self._work.pieces:
                return False
            self._synced, self._inode = done, part.inode
        return self._save(durable=True, must=True)

    def _save(self, *, durable: bool, must: bool) -> bool:
        """Write the control file, unless somebody else is just doing so."""
        if not self._saving.acquire(blocking=must):
            return False
        try:
            with self._work.lock:
                part, pieces, control = self._work.part, self._work.pieces, self._work.control()
                if part is None or control is None:
                    return False
                self._saved = pieces.received
                synced = self._synced if self._inode == part.inode else []
                written = pieces.done_ranges()
                part.save(replace(control, synced=synced, written=written), durable=durable)
            return True
        finally:
            self._saving.release()
