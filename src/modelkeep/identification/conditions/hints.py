"""Conditions on the name and the metadata of a model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

import msgspec

from modelkeep.core.identity import Evidence

if TYPE_CHECKING:
    from modelkeep.identification.view import PartView


_LONGEST_QUOTE = 80


class NameHint(msgspec.Struct, frozen=True):
    """The name of the file or folder holds one of these words: the weakest evidence.

    Attributes:
        pattern: Regular expression, met against the name in lower case with spaces for ``_-.``.
    """

    positive: ClassVar[bool] = True

    pattern: str

    def check(self, view: PartView) -> Evidence | None:
        """Hold when the name has such a word."""
        found = re.search(self.pattern, view.hints)
        return Evidence("name", f"its name says {found.group()!r}") if found else None

    def missing(self, view: PartView) -> str:
        """Say that the name does not tell."""
        del view
        return f"nothing in its name says so ({self.pattern})"


class Declares:
    """The metadata of the header names one of these bases."""

    positive: ClassVar[bool] = True

    def __init__(self, *bases: str) -> None:
        self.bases = bases

    def check(self, view: PartView) -> Evidence | None:
        """Hold when a field names one of the bases."""
        for name in view.declared:
            if name.base in self.bases:
                return Evidence("metadata", f"{name.field} says {name.value!r}")
        return None

    def missing(self, view: PartView) -> str:
        """Say what the metadata names instead."""
        named = next((name.base for name in view.declared), None)
        return f"its metadata names {named}" if named else "its metadata names no base"


class Stated(msgspec.Struct, frozen=True):
    """The config of the denoiser in the header's metadata has this value.

    Attributes:
        key: Name of the value.
        value: What it is.
    """

    positive: ClassVar[bool] = True

    key: str
    value: str | bool

    def check(self, view: PartView) -> Evidence | None:
        """Hold when it has."""
        found = view.stated.get(self.key)
        if found != self.value or isinstance(found, bool) != isinstance(self.value, bool):
            return None
        return Evidence("metadata", f"the config in its header has {self.key} {found}")

    def missing(self, view: PartView) -> str:
        """Say what the header has instead."""
        if not view.stated:
            return "its header holds no config"
        found = str(view.stated.get(self.key))[:_LONGEST_QUOTE]
        return f"the config in its header has {self.key} {found}, not {self.value}"


class Undeclared:
    """The metadata of the header names no base, or one of these."""

    positive: ClassVar[bool] = False

    def __init__(self, *bases: str) -> None:
        self.bases = bases

    def check(self, view: PartView) -> Evidence | None:
        """Hold when no other base is named."""
        if any(name.base not in self.bases for name in view.declared):
            return None
        return Evidence("metadata", "its metadata names no other base")

    def missing(self, view: PartView) -> str:
        """Say which base the metadata names."""
        others = (name for name in view.declared if name.base not in self.bases)
        return next((f"{name.field} says {name.value!r}" for name in others), "")
