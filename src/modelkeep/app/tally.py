"""What many sources were identified as, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modelkeep.app.text import Table
from modelkeep.core.names import counted
from modelkeep.core.taxonomy import type_label
from modelkeep.errors import AmbiguousModelError, UnknownModelError
from modelkeep.identification.known_families import base_label

if TYPE_CHECKING:
    from modelkeep.app.identify import IdentifyResult


@dataclass
class Tally:
    """Counts results one by one; keeps none of them.

    Attributes:
        kinds: Sources identified, by the names that people give type and base.
        unknown: Sources that no rule fits.
        ambiguous: Sources that several rules fit.
        failed: Sources that are corrupt, unsafe, absent or cannot be read.
    """

    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    unknown: int = 0
    ambiguous: int = 0
    failed: int = 0

    def add(self, result: IdentifyResult) -> None:
        """Count a result."""
        if result.found is not None:
            self.kinds[type_label(result.found.type), base_label(result.found.base)] += 1
        elif isinstance(result.error, UnknownModelError):
            self.unknown += 1
        elif isinstance(result.error, AmbiguousModelError):
            self.ambiguous += 1
        else:
            self.failed += 1

    @property
    def not_identified(self) -> int:
        """Sources of which it is not known what they are, for whatever reason."""
        return self.unknown + self.ambiguous + self.failed

    @property
    def total(self) -> int:
        """All sources counted."""
        return self.kinds.total() + self.not_identified

    def __str__(self) -> str:
        kinds = sorted(self.kinds.items(), key=lambda item: (-item[1], item[0]))
        rows = [(type_, base, f"{count:,}") for (type_, base), count in kinds]
        table = [str(Table.of(("TYPE", "BASE", "COUNT"), rows))] if rows else []
        parts = {
            "identified": self.kinds.total(),
            "unknown": self.unknown,
            "ambiguous": self.ambiguous,
            "failed": self.failed,
        }
        counts = ", ".join(f"{count:,} {word}" for word, count in parts.items())
        return "\n".join([*table, f"{counted(self.total, 'source')}: {counts}."])
