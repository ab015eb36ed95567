"""``LibraryLocks``: locks against changes of one library by other threads and processes.

They are taken in this order, and never two of one kind by the same thread: ``contents``,
``model``, ``publishing``.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from modelkeep.disk.paths import make_folder
from modelkeep.jobs.owner import locked

#: Number of lock files that keys, or contents, are spread over.
_SHARES = 256


@dataclass(frozen=True, slots=True)
class LibraryLocks:
    """The locks of one library, each a file that the system frees when its holder dies.

    Attributes:
        folder: Where the files are.
    """

    folder: Path

    def contents(self, sign: bytes, meanwhile: Callable[[], None]) -> AbstractContextManager[None]:
        """Allow one install at a time of a model with these contents.

        Without it, two installs that start together would both find nothing and both install.
        Models whose contents have another sign hardly ever wait for each other.

        Args:
            sign: Equal for equal contents.
            meanwhile: Called several times a second while waiting; may raise to give up.
        """
        return self._locked(f"install-{_share(sign):02x}", meanwhile)

    def model(self, key: str) -> AbstractContextManager[None]:
        """Allow one change at a time of the model with this key."""
        return self._locked(f"model-{_share(key.encode(errors='surrogateescape')):02x}")

    def publishing(
        self, meanwhile: Callable[[], None] | None = None
    ) -> AbstractContextManager[None]:
        """Allow one model at a time to be published and recorded.

        A scan that registers files there holds it too, and so never takes a model for new
        that is published and not recorded yet. Nothing is copied or read whole meanwhile.
        """
        return self._locked("publish", meanwhile)

    def fetching(self, folder: Path, meanwhile: Callable[[], None]) -> AbstractContextManager[None]:
        """Let one job at a time fetch files into a folder.

        Args:
            folder: Where they come to.
            meanwhile: Called several times a second while waiting; may raise to give up.
        """
        return self._locked(folder.name, meanwhile)

    def _locked(
        self, name: str, meanwhile: Callable[[], None] | None = None
    ) -> AbstractContextManager[None]:
        make_folder(self.folder)
        return locked(self.folder / f"{name}.lock", meanwhile)


def _share(sign: bytes) -> int:
    return zlib.crc32(sign) % _SHARES
