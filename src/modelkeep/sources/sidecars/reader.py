"""What a kind of sidecar is, and what its reader is given: the model and the file."""

from __future__ import annotations

import json
import stat
from abc import ABC, abstractmethod
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from modelkeep.core import limits
from modelkeep.core.hashing import Progress, hash_file, hash_tensors, no_progress
from modelkeep.core.reading import LocalFile, printable, unreadable
from modelkeep.core.weight_names import ANY_MODEL_SUFFIXES
from modelkeep.errors import UnreadableSourceError
from modelkeep.sources.sidecars.info import SidecarInfo

_TENSORS = "tensors"


class Digests:
    """The full hashes of a model's one file, computed when a sidecar states one.

    Args:
        path: The file.
        size: Bytes of it.
        most: A larger file is not read.
        progress: Told of every piece; may raise to stop.
    """

    def __init__(
        self,
        path: Path,
        size: int,
        *,
        most: int | None = limits.STATED_HASH_BYTES,
        progress: Progress = no_progress,
    ) -> None:
        self._path, self._progress = path, progress
        self._is_read = size > 0 and (most is None or size <= most)
        self._known: dict[str, str | None] = {}

    def contradict(
        self, sha256: str | None, blake3: str | None, tensors: str | None = None
    ) -> bool:
        """Return whether the file has other hashes than these; of a larger file nobody knows.

        Args:
            sha256: Of the whole file.
            blake3: Of the whole file.
            tensors: SHA-256 of its tensors alone.

        Raises:
            SourceNotFoundError, UnreadableSourceError: it cannot be read.
        """
        stated = {"sha256": sha256, "blake3": blake3, _TENSORS: tensors}
        return any(self._of(name) not in {None, text} for name, text in stated.items() if text)

    def _of(self, algorithm: str) -> str | None:
        if self._is_read and algorithm not in self._known:
            self._known[algorithm] = self._hashed(algorithm)
        return self._known.get(algorithm)

    def _hashed(self, algorithm: str) -> str | None:
        if algorithm == _TENSORS:
            return hash_tensors(self._path, self._progress)
        found = hash_file(self._path, (algorithm,), self._progress, parallel=False)
        return found.sha256 if algorithm == "sha256" else found.blake3


@dataclass(frozen=True, slots=True)
class Subject:
    """The model that sidecars are read for.

    Attributes:
        path: Its file or folder; absolute.
        siblings: Names of everything in the folder that it is in.
        size: Bytes of its file; None for a folder, which no sidecar states the size of.
        digests: Its full hashes, for comparison with those that are stated.
    """

    path: Path
    siblings: AbstractSet[str]
    size: int | None
    digests: Digests

    @classmethod
    def of(
        cls,
        path: Path,
        siblings: AbstractSet[str],
        *,
        most: int | None = limits.STATED_HASH_BYTES,
        progress: Progress = no_progress,
    ) -> Self:
        """Look at a model.

        Args:
            path: Its file or folder.
            siblings: Names of everything in the folder that it is in.
            most: Bytes of a file that is read to compare a stated hash; any number when None.
            progress: Told of every piece that is read; may raise to stop.

        Raises:
            SourceNotFoundError, UnreadableSourceError: it is not there.
        """
        try:
            status = path.stat()
        except OSError as error:
            raise unreadable(path, error) from error
        size = None if stat.S_ISDIR(status.st_mode) else status.st_size
        digests = Digests(path, size or 0, most=most, progress=progress)
        return cls(path, siblings, size, digests)

    @property
    def stem(self) -> str:
        """Its name without the ending; a folder's whole name, which has none."""
        return self.path.name if self.size is None else self.path.stem

    @property
    def is_alone(self) -> bool:
        """No other model file has its stem, so sidecars of that stem are its own."""
        if self.size is None:
            return True
        names = (self.stem + suffix for suffix in ANY_MODEL_SUFFIXES)
        return not any(name in self.siblings for name in names if name != self.path.name)

    def beside(self, *endings: str) -> tuple[str, ...]:
        """Return the names of its stem with these endings that are there, without asking the disk.

        The model itself is none of them.
        """
        names = (self.stem + ending for ending in endings)
        return tuple(n for n in names if n in self.siblings and n != self.path.name)


class Sidecar:
    """One file beside a model, opened when it is asked for its contents.

    Args:
        path: The file; absolute.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self) -> LocalFile:
        """Open it.

        Raises:
            SourceNotFoundError, UnreadableSourceError: it cannot be read or is not a regular file.
        """
        return LocalFile(self.path)

    def read(self, most: int = limits.SIDECAR_BYTES) -> bytes:
        """Return all of it.

        Raises:
            SourceNotFoundError, UnreadableSourceError: it cannot be read or is over ``most`` bytes.
            CorruptModelError: it became shorter meanwhile.
        """
        with self.open() as file:
            if file.size > most:
                raise self.broken(f"has {file.size:,} bytes; at most {most:,} are read")
            return file.read_at(0, file.size)

    def json(self, most: int = limits.SIDECAR_BYTES) -> dict[str, Any]:
        """Return the JSON object that it is.

        Raises:
            UnreadableSourceError: it is none, or as ``read``.
            CorruptModelError: as ``read``.
        """
        data = self.read(most)
        try:
            value = json.loads(data.removeprefix(b"\xef\xbb\xbf"))
        except (ValueError, RecursionError) as error:
            raise self.broken(f"is not JSON: {_short(error)}") from error
        if not isinstance(value, dict):
            raise self.broken("is JSON, but not an object")
        return value

    def broken(self, why: str) -> UnreadableSourceError:
        """Return the error for a sidecar that cannot be used."""
        return UnreadableSourceError(
            f"{printable(self.path)} {why}",
            hint="Write it again with its own program or remove it.",
        )


class SidecarReader(ABC):
    """One kind of sidecar: how it is named, and how it is read. Nothing here writes.

    Attributes:
        name: Name of the kind.
        label: The program that writes it, for evidence; empty where there is no one program.
        order: Of two kinds that give the same field, the one with the smaller order wins.
    """

    name: ClassVar[str]
    label: ClassVar[str] = ""
    order: ClassVar[int]

    @abstractmethod
    def find(self, model: Subject) -> tuple[str, ...]:
        """Return the names of the model's sidecars of this kind, the most trusted first.

        Only ``model.siblings`` is asked, never the disk.
        """

    @abstractmethod
    def read(self, model: Subject, sidecar: Sidecar) -> SidecarInfo | None:
        """Return what a sidecar states, or None when it is of another kind or about another model.

        ``sidecars`` and ``written_by`` are filled in by the caller.

        Raises:
            SourceError, CorruptModelError: it is broken.
        """


def _short(error: ValueError | RecursionError) -> str:
    # Some of these quote the whole text.
    return str(error)[:100] if isinstance(error, json.JSONDecodeError) else type(error).__name__
