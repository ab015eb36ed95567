"""Conditions on what a model says of itself: its name and its metadata."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from modelkeep.core.identity import Evidence
from modelkeep.identification.declared import declared_bases
from modelkeep.identification.view import ModelView, Part


@dataclass(frozen=True, slots=True)
class NameHint:
    """The name of the file or folder holds one of these words: the weakest evidence.

    Attributes:
        pattern: Regular expression, met against the name in lower case with spaces for ``_-.``.
    """

    positive: ClassVar[bool] = True

    pattern: str

    def check(self, view: ModelView, part: Part) -> Evidence | None:  # noqa: ARG002 - protocol
        """Hold when the name has such a word."""
        found = re.search(self.pattern, view.hints)
        return Evidence("name", f"its name says {found.group()!r}") if found else None

    def missing(self, view: ModelView, part: Part) -> str:  # noqa: ARG002 - protocol
        """Say that the name does not tell."""
        return f"nothing in its name says so ({self.pattern})"


@dataclass(frozen=True, slots=True, init=False)
class Declares:
    """The metadata of the header names one of these bases."""

    positive: ClassVar[bool] = True

    bases: tuple[str, ...]

    def __init__(self, *bases: str) -> None:
        object.__setattr__(self, "bases", bases)

    def check(self, view: ModelView, part: Part) -> Evidence | None:  # noqa: ARG002 - protocol
        """Hold when a field names one of the bases."""
        for field, value, base in declared_bases(view.metadata):
            if base in self.bases:
                return Evidence("metadata", f"{field} says {value!r}")
        return None

    def missing(self, view: ModelView, part: Part) -> str:  # noqa: ARG002 - protocol
        """Say what the metadata names instead."""
        named = next((base for _, _, base in declared_bases(view.metadata)), None)
        return f"its metadata names {named}" if named else "its metadata names no base"
