"""What repairs work with: the library opened for changes, once one of them needs it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

from modelkeep.jobs.owner import Owner
from modelkeep.jobs.state import StateDatabase
from modelkeep.library.library import Library
from modelkeep.records.conversion import open_catalogue
from modelkeep.settings import Settings


@dataclass(frozen=True, slots=True)
class Installs:
    """What the doctor needs to know of installs; passed in by the application.

    Attributes:
        recover: Settles what dead processes left in the journal, and ends their jobs. It is given
            the library and what tells whether an owner still lives.
        folders_in_use: Returns the folders that jobs of a state file download into.
    """

    recover: Callable[[Library, Callable[[str], bool]], object]
    folders_in_use: Callable[[StateDatabase], set[Path]]


@dataclass
class RepairTools:
    """A library that is being repaired; use it as a context manager.

    Attributes:
        installs: What installs have to be asked.
    """

    settings: Settings
    installs: Installs
    _opened: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def library(self) -> Library:
        """What changes work on.

        Raises:
            ModelKeepError: the catalogue or the state file cannot be used.
        """
        records = self._opened.enter_context(open_catalogue(self.settings))
        state_file = StateDatabase(self.settings.state_path)
        self._opened.callback(state_file.close)
        return Library.open(self.settings, records, state_file, self._owner.name)

    def recover(self) -> None:
        """Settle what dead processes left in the journal."""
        self.installs.recover(self.library, self._owner.is_alive)

    @cached_property
    def _owner(self) -> Owner:
        return self._opened.enter_context(Owner(self.settings.state_path.parent / "owners"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._opened.close()
