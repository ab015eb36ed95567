"""``FileTable``: the part of a catalogue that knows which files its records own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

from modelkeep.core.files import ModelFile


class FileTable(ABC):
    """Files and the hashes known of them."""

    @abstractmethod
    def files(self, key: str) -> list[ModelFile]:
        """Return the files that a record owns, sorted by path.

        Raises:
            UnknownModelException: there is no such record.
        """

    @abstractmethod
    def set_files(self, key: str, files: Iterable[ModelFile]) -> None:
        """Replace the files that a record owns.

        Raises:
            UnknownModelException: there is no such record.
            DuplicateModelException: a file belongs to another record.
        """

    @abstractmethod
    def set_file_hashes(
        self,
        key: str,
        path: str,
        *,
        sha256: str | None = None,
        blake3: str | None = None,
        hashed_at: float | None = None,
    ) -> None:
        """Note full hashes of one file; those that are None stay as they were.

        Args:
            key: Of the record.
            path: As the file's row has it.
            sha256: 64 hex characters.
            blake3: 64 hex characters.
            hashed_at: Seconds since the epoch; now when None.

        Raises:
            UnknownModelException: there is no such record, or it has no such file.
        """

    @abstractmethod
    def find_files(
        self, *, size: int | None = None, blake3: str | None = None, sha256: str | None = None
    ) -> list[tuple[str, ModelFile]]:
        """Return (key, file) of the files that fit everything that is given."""

    def each_file(self, root: str | None = None) -> Iterator[tuple[str, ModelFile]]:
        """Give (key, file) of all files, sorted by root and path, without holding them all.

        Args:
            root: Only those in the root of this name.
        """
        raise NotImplementedError
