"""What identifying recorded models again changes, in words: for one model, and for all together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modelkeep.app.edit import value_text, word_of
from modelkeep.core.names import counted

if TYPE_CHECKING:
    from modelkeep.app.bulk import BulkEntry


def entry_text(entry: BulkEntry) -> str:
    """Return what changes in a model and why, and which fields stay as somebody set them."""
    return "\n  ".join([f"{entry.name or entry.key}:", *_lines(entry)])


def _lines(entry: BulkEntry) -> Iterator[str]:
    changes = entry.facts.get("changes", {})
    if not changes:
        yield "unchanged"
    for name, (old, new) in changes.items():
        yield f"{word_of(name)} {value_text(old)} -> {value_text(new)}"
    for reason in entry.facts.get("evidence", ()):
        yield f"because {reason['detail']} ({reason['kind']})"
    for name, (own, found) in entry.facts.get("kept", {}).items():
        yield (
            f"kept as you set it: {word_of(name)} {value_text(own)};"
            f" the rules say {value_text(found)}"
        )


@dataclass
class ReidentifiedCount:
    """Counts what became of models, one by one.

    Attributes:
        statuses: Models by status.
        fields: Models by field that changes.
        keeping: Models with a field that somebody set and the rules would have otherwise.
    """

    statuses: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    keeping: int = 0

    def add(self, entry: BulkEntry) -> None:
        """Count a model."""
        self.statuses[entry.status] += 1
        self.fields.update(list(entry.facts.get("changes", ())))
        self.keeping += bool(entry.facts.get("kept"))

    def __str__(self) -> str:
        words = {
            "planned": "would change",
            "done": "changed",
            "unchanged": "unchanged",
            "failed": "failed",
        }
        parts = [
            f"{self.statuses[status]:,} {word}"
            for status, word in words.items()
            if self.statuses[status]
        ]
        told = ": ".join(filter(None, [counted(self.statuses.total(), "model"), ", ".join(parts)]))
        lines = [f"{told}."]
        if self.fields:
            each = (f"{word_of(name)} {count:,}" for name, count in self.fields.most_common())
            lines.append(f"By field: {', '.join(each)}.")
        if self.keeping:
            has = "has a field" if self.keeping == 1 else "have fields"
            lines.append(f"{counted(self.keeping, 'model')} {has} that you set; they stay so.")
        return "\n".join(lines)
