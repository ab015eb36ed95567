"""``CatalogueFile``: a YAML catalogue on the disk, which people and processes change too."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from modelkeep.core import limits
from modelkeep.core.names import real_path, shown
from modelkeep.core.reading import open_regular
from modelkeep.disk.drafts import drop_drafts
from modelkeep.disk.paths import make_folder, storage_error, write_file
from modelkeep.errors import (
    CorruptDatabaseError,
    DatabaseError,
    DatabaseLockedError,
    SourceNotFoundError,
    UnreadableSourceError,
    WrongDatabaseError,
)
from modelkeep.records.yaml.catalogue import Catalogue
from modelkeep.records.yaml.document import EMPTY

#: How long a change waits for other processes, seconds.
LOCK_TIMEOUT = 30.0
_LOCK_POLL = 0.005
#: A file that changed less than this ago is read again: its time of change may not change
#: with its contents. Seconds.
_SETTLED = 0.1
#: Editors take the old file away before they put the new one in place. Tries, and seconds.
_TRIES, _PAUSE = 5, 0.04


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was read last."""

    signature: tuple[int, ...]
    is_settled: bool
    data: bytes
    catalogue: Catalogue


class CatalogueFile:
    """The file of a YAML catalogue, made when it is not there.

    Reading takes no lock: the file is only ever replaced as a whole. A change holds a lock file
    beside it from reading to writing, so that no process loses what another one wrote.

    Attributes:
        name: What messages call it.

    Raises:
        WrongDatabaseError: something else lies there.
        DatabaseError: it is broken, newer or locked.
    """

    def __init__(self, path: Path) -> None:
        self.path = real_path(path.absolute())
        self.name = shown(self.path)
        self._copy = self.path.with_name(f"{self.path.name}.bak")
        self._lock_path = self.path.with_name(f".{self.path.name}.lock")
        self._threads = threading.RLock()
        self._seen: _Seen | None = None
        if not os.path.lexists(self.path):
            make_folder(self.path.parent)
            with self.alone():
                if not os.path.lexists(self.path):
                    write_file(self.path, EMPTY.encode())
        drop_drafts((self.path, self._copy), self.alone)
        self.read()

    def read(self) -> Catalogue:
        """Return what is in the file now.

        Raises:
            DatabaseError: it cannot be read.
        """
        with self._threads:
            seen = self._seen
            if seen is not None and seen.is_settled and seen.signature == self._signature():
                return seen.catalogue
            data, now = self._bytes()
            if seen is None or data != seen.data:
                known = seen.catalogue if seen else None
                catalogue = Catalogue(self.name, self._text(data), now.st_mtime, known)
            else:
                catalogue = seen.catalogue
            is_settled = time.time() - now.st_mtime > _SETTLED
            self._seen = _Seen(_signature(now), is_settled, data, catalogue)
            return catalogue

    def write(self, catalogue: Catalogue) -> None:
        """Put a catalogue in place of what is in the file; only inside ``alone``.

        Raises:
            DatabaseError: the file would become too large.
            StorageError: the disk refuses.
        """
        data = catalogue.text.encode()
        if len(data) > limits.CATALOGUE_BYTES:
            raise DatabaseError(
                f"The catalogue {self.name} would have more than"
                f" {limits.CATALOGUE_BYTES // limits.MIB} MiB; nothing was changed",
                hint="Keep a large library in SQLite: set model_config_db to auto.",
            )
        mode = stat.S_IMODE(self.path.stat().st_mode)
        # The copy first: the disk may be full, and then nothing has happened yet.
        write_file(self._copy, data, mode)
        write_file(self.path, data, mode)
        # Not settled: the next call looks whether somebody else wrote meanwhile.
        self._seen = _Seen((), is_settled=False, data=data, catalogue=catalogue)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from changing the file.

        Raises:
            DatabaseLockedError: another process holds it for too long.
        """
        lock = FileLock(self._lock_path, is_singleton=False)
        try:
            lock.acquire(timeout=LOCK_TIMEOUT, poll_interval=_LOCK_POLL)
        except Timeout as error:
            raise DatabaseLockedError(
                f"The catalogue {self.name} is held by another process",
                hint="Wait until the other program is done, then try again.",
            ) from error
        except OSError as error:
            raise storage_error(error, self.path) from error
        try:
            yield
        finally:
            lock.release()

    def _signature(self) -> tuple[int, ...] | None:
        try:
            return _signature(self.path.stat())
        except OSError:  # reading it says why
            return None

    def _bytes(self) -> tuple[bytes, os.stat_result]:
        for _ in range(_TRIES):
            try:
                fd = open_regular(self.path)
                break
            except SourceNotFoundError:
                time.sleep(_PAUSE)
            except UnreadableSourceError as error:
                kind = DatabaseError if self.path.is_file() else WrongDatabaseError
                raise kind(
                    f"The catalogue {self.name} cannot be read: {error}",
                    hint="Choose a file that this user can read. Nothing was changed.",
                ) from error
        else:
            raise DatabaseError(
                f"The catalogue {self.name} is gone",
                hint=f"Put it back. The last good copy is {shown(self._copy)}",
            )
        with os.fdopen(fd, "rb") as file:
            now = os.fstat(fd)
            data = file.read(limits.CATALOGUE_BYTES + 1)
        if len(data) > limits.CATALOGUE_BYTES:
            raise CorruptDatabaseError(
                f"The catalogue {self.name} has {now.st_size:,} bytes, over the limit"
                f" of {limits.CATALOGUE_BYTES // limits.MIB} MiB",
                hint="Keep a large library in SQLite: set model_config_db to auto.",
            )
        return data, now

    def _text(self, data: bytes) -> str:
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            if b"__metadata__" not in data:
                raise WrongDatabaseError(
                    f"{self.name} is not a modelkeep catalogue: it is not text",
                    hint="Choose another file or move this one away. It was not changed.",
                ) from error
            line = data.count(b"\n", 0, error.start) + 1
            raise CorruptDatabaseError(
                f"The catalogue {self.name} is invalid in line {line}: not UTF-8",
                hint=f"Save it as UTF-8 or restore the last good copy: {shown(self._copy)}",
            ) from error
        text = text.removeprefix("\ufeff").replace("\r\n", "\n")
        return text if text.endswith("\n") else text + "\n"


def _signature(now: os.stat_result) -> tuple[int, ...]:
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns
