"""The journal: each change of the disk that takes several steps is noted before it begins.

The record of a model is the commit point of its change: while it is as it was before, the change
is rolled back; once it has changed, what is left is finished. A note knows how to do both, and may
be interrupted at any step and settled again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Generic, Protocol, TypeVar


@dataclass(frozen=True, slots=True)
class Note(ABC):
    """What settling one change needs to know.

    Attributes:
        key: The record that the change is about.
    """

    #: Name of the operation in the journal.
    operation: ClassVar[str]
    #: Whether the change can be rolled back once it has begun.
    is_reversible: ClassVar[bool] = True

    key: str

    @property
    @abstractmethod
    def places(self) -> tuple[Path, ...]:
        """Everything on the disk that settling may look at or change."""

    @property
    @abstractmethod
    def stage(self) -> str:
        """How far it came, in a word."""

    @property
    @abstractmethod
    def subject(self) -> str:
        """What is changed, for people."""

    @abstractmethod
    def roll_back(self) -> None:
        """Bring the disk back to what it was before."""

    @abstractmethod
    def finish(self) -> None:
        """Do what is left once the record has changed."""

    def is_done(self, *, is_recorded: bool) -> bool:
        """Tell whether the change has come so far that settling finishes it."""
        return is_recorded

    def settle(self, *, is_recorded: bool) -> None:
        """Finish a change whose key the catalogue has; roll any other back."""
        if is_recorded:
            self.finish()
        else:
            self.roll_back()


N = TypeVar("N", bound=Note)
#: How the job of a change ends; the layer of the jobs says what that is.
JobEnd_contra = TypeVar("JobEnd_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One change of the disk that was begun and has not ended.

    Attributes:
        job: The job it is done for, if any.
    """

    id: int
    note: Note
    owner: str
    job: int | None = None


class Journal(Protocol[JobEnd_contra]):
    """Where notes are stored, one durable transaction each."""

    def begin(self, note: Note, owner: str, job: int | None = None) -> int:
        """Store the note of a change that is about to begin; return the number of the entry."""

    def advance(self, entry: int, note: Note) -> None:
        """Store what is known of a change by now, before its next step."""

    def finish(self, entry: int, job_end: JobEnd_contra | None = None) -> None:
        """Remove an entry and, in the same transaction, store how its job ends."""

    def entries(self) -> list[JournalEntry]:
        """Return the changes that have not ended, the oldest first."""


class Change(Generic[N, JobEnd_contra]):
    """A change that is under way."""

    def __init__(self, journal: Journal[JobEnd_contra], entry: int, note: N) -> None:
        self._journal = journal
        self._entry = entry
        self._is_open = True
        self.note = note

    def advance(self, note: N) -> None:
        """Store what is known by now, before the next step."""
        self.note = note
        self._journal.advance(self._entry, note)

    def finish(self, job_end: JobEnd_contra | None = None) -> None:
        """Remove the entry and, in the same transaction, store how its job ends."""
        if self._is_open:
            self._journal.finish(self._entry, job_end)
            self._is_open = False
