"""``UploadPiece``: some bytes of an upload on their way to the disk."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from copy import copy
from typing import Self

from modelkeep.disk import open_files
from modelkeep.download.control_file import boot_id
from modelkeep.errors import JobError, SourceNotFoundError, StorageError
from modelkeep.library.uploads import Upload, upload_in

_log = logging.getLogger(__name__)


class UploadPiece:
    """A piece that is being written; nobody else writes to the upload meanwhile.

    Args:
        upload: What it belongs to.

    Attributes:
        upload: What is known of it now.
        position: Where the next bytes go.

    Raises:
        JobError: somebody else is writing.
        SourceNotFoundError: the upload is gone.
        StorageError: the disk refuses.
    """

    def __init__(self, upload: Upload) -> None:
        fd = open_files.open_own(upload.path)
        self._fd = -1 if fd is None else fd
        if fd is not None and not open_files.keep_others_out(fd):
            self.close()
            raise JobError(
                f"Another request is writing to the upload {upload.id}",
                hint="Wait until it ends, then ask for the offset.",
            )
        now = upload_in(upload.folder)  # whoever was writing before has stored it
        if now is None or (fd is None and now.job is None):
            self.close()
            raise SourceNotFoundError(f"The upload {upload.id} is gone", hint="Begin a new one.")
        self.upload = now
        self.position = now.offset

    @property
    def may_settle_later(self) -> bool:
        """Something came, more will come, and what came is found again after a kill."""
        is_between = self.upload.offset < self.position < self.upload.length
        return is_between and bool(boot_id())

    def write(self, parts: Iterable[bytes]) -> None:
        """Add bytes.

        Raises:
            NoSpaceError, StorageError: the disk refuses.
        """
        begin = self.position
        for part in parts:
            open_files.write_at(self._fd, memoryview(part), self.position, self.upload.path)
            self.position += len(part)
        open_files.begin_to_sync(self._fd, begin, self.position - begin)

    def keep(self) -> Upload:
        """Bring what has come to the disk, and store it; return what is known now.

        Raises:
            StorageError: the disk refuses, or has refused what came before.
        """
        if self.position == self.upload.offset:
            return self.upload
        open_files.sync_data(self._fd, self.upload.path)
        self.upload = self.upload.settled(self.position)
        return self.upload

    def let_go(self) -> UploadPiece:
        """Note what has come and let others write; return what has to be settled next.

        Raises:
            StorageError: the disk refuses, or has refused what came before.
        """
        after = self.upload.taken(self.position)
        open_files.let_others_in(self._fd)
        unsettled = copy(self)
        self.upload, self._fd = after, -1
        return unsettled

    def settle(self) -> None:
        """Do what ``keep`` does, and close; what the disk refuses has to be sent again."""
        try:
            self.keep()
        except StorageError as error:
            self.upload.lost()
            if self.upload.folder.exists():
                _log.warning("Some of the upload %s has to come again: %s", self.upload.name, error)
        finally:
            self.close()

    def cut_off(self) -> None:
        """Remove what was written behind the end."""
        open_files.cut(self._fd, self.upload.length, self.upload.path)
        open_files.sync(self._fd, self.upload.path)

    def close(self) -> None:
        """Let others write."""
        if self._fd >= 0:
            open_files.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
