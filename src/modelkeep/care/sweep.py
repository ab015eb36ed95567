"""``Sweep``: verifies all models of a library one after the other; can be interrupted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from modelkeep.core.hashing import Progress, no_progress
from modelkeep.errors import UnknownModelException
from modelkeep.jobs.verify_runs import VerifyRun
from modelkeep.library.library import Library
from modelkeep.library.verify import ModelCheck, verify_model
from modelkeep.records.listing import RecordFilter


@dataclass(frozen=True, slots=True)
class VerifyTarget:
    """One model that is to be read.

    Attributes:
        key: Of the record.
        size: Bytes of its files.
        place: Where its first file is on the disk, for the order of reading.
    """

    key: str
    size: int
    place: tuple[str, int] = ("", 0)


@dataclass
class _Sum:
    size: int = 0
    place: tuple[str, int] = ("\U0010ffff", 0)
    oldest: float = float("inf")
    is_new: bool = False


def targets(
    library: Library, *, only_new: bool = False, max_age: float | None = None
) -> list[VerifyTarget]:
    """Return the models to read, in the order in which they lie on their disks.

    Args:
        library: Where they are recorded.
        only_new: Only models with a file of which no full hash is known.
        max_age: Only models with a file that was not read for so many seconds, or never.
    """
    sums: dict[str, _Sum] = {}
    for key, file in library.records.each_file():
        this = sums.setdefault(key, _Sum())
        this.size += file.size
        # Where a file lies cannot be asked for cheaply; its inode is close to it on most disks.
        this.place = min(this.place, (file.root, file.inode))
        this.oldest = min(this.oldest, file.hashed_at or 0.0)
        this.is_new |= not (file.blake3 or file.sha256)
    for config in library.records.each(RecordFilter()):
        if config.key not in sums:
            sums[config.key] = _Sum(config.size or 0, oldest=0.0, is_new=True)
    latest = time.time() - max_age if max_age is not None else float("inf")
    chosen = [
        VerifyTarget(key, this.size, this.place)
        for key, this in sums.items()
        if (this.is_new or not only_new) and this.oldest <= latest
    ]
    return sorted(chosen, key=lambda target: (target.place, target.key))


class Sweep:
    """Reads all models of a library, or those that were not read for long.

    An interrupted sweep resumes when it is made again with the same arguments; models that failed
    are read again.

    Args:
        library: Where they are recorded.
        only_new: Only models with a file of which no full hash is known.
        max_age: Only models with a file that was not read for so many seconds, or never.
        afresh: Forget how far an interrupted one came.

    Attributes:
        left: What is still to be read, in this order.
        done: How many models an interrupted sweep had read.
        began_at: When it began, seconds since the epoch.
    """

    def __init__(
        self,
        library: Library,
        *,
        only_new: bool = False,
        max_age: float | None = None,
        afresh: bool = False,
    ) -> None:
        self._library = library
        self._run = VerifyRun.begin(library.state, f"new={only_new} age={max_age}", afresh=afresh)
        wanted = targets(library, only_new=only_new, max_age=max_age)
        self.left = [target for target in wanted if target.key not in self._run.done]
        self.done = len(wanted) - len(self.left)
        self.began_at = self._run.began_at

    @property
    def size(self) -> int:
        """Bytes that are still to be read."""
        return sum(target.size for target in self.left)

    def checks(self, progress: Progress = no_progress) -> Iterator[tuple[VerifyTarget, ModelCheck]]:
        """Verify one model after the other; those that were removed meanwhile are passed over.

        Args:
            progress: Called for every piece; may raise to stop.
        """
        for target in self.left:
            try:
                check = verify_model(self._library, target.key, progress)
            except UnknownModelException:
                continue
            if check.is_well:
                self._run.note(target.key)
            yield target, check
        self._run.finish()
