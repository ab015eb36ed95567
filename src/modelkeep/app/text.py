"""The text form of answers: plain text that is safe on a terminal, tables, times."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from unicodedata import combining, east_asian_width

from modelkeep.core.names import size_text
from modelkeep.core.reading import decoded
from modelkeep.core.taxonomy import (
    BaseModelType,
    ModelFormat,
    ModelType,
    RecordState,
    format_label,
    type_label,
)

#: Control characters, and those that turn the direction of text: terminals act upon them.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


#: Characters of a cell in plain text, and how many of a longer one stay before the cut; half as
#: many stay behind it. Columns with these titles are never cut.
_WIDEST, _KEPT = 60, 38
_WHOLE = frozenset({"PATH", "VALUE"})


def plain(text: str) -> str:
    """Return ``text`` with control characters spelled out: names and notes come from strangers."""
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


def one_line(text: str) -> str:
    """Return ``text`` for a cell of a table: plain, and on one line."""
    return plain(" ".join(text.split()))


def time_text(seconds: float | None) -> str:
    """Return a time in the local time zone."""
    if seconds is None:
        return "-"
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def not_stated(base: BaseModelType, variant: str) -> str:
    """Return what is said of a model that does not tell what it predicts; empty for flow models."""
    from modelkeep.identification.known_families import base_label, usual_prediction

    usual = usual_prediction(base, variant)
    return f"not stated; {base_label(base)} models usually predict {usual}" if usual else ""


def source_text(source: str) -> str:
    """Return a source for messages and JSON: text, and without the query of an address.

    What follows the question mark may be a token.
    """
    return decoded(source.partition("?")[0] if "://" in source else source)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under titles.

    Attributes:
        rows: One cell a column; made safe and put on one line. As text, long cells are cut, but
            for paths and values, which people copy.
    """

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
        """Make one of any cells."""
        return cls(tuple(titles), tuple(tuple(one_line(cell) for cell in row) for row in rows))

    def __str__(self) -> str:
        columns = [_plain_column(column) for column in zip(self.titles, *self.rows, strict=True)]
        return "\n".join("  ".join(cells).rstrip() for cells in zip(*columns, strict=True))


def _plain_column(cells: Sequence[str]) -> list[str]:
    """Return the cells of a column, cut and filled up to one width."""
    if cells[0] not in _WHOLE:
        cells = [c if len(c) <= _WIDEST else f"{c[:_KEPT]}...{c[-_KEPT // 2 :]}" for c in cells]
    width = max(map(_width, cells))
    return [cell + " " * (width - _width(cell)) for cell in cells]


def _width(text: str) -> int:
    """Return the columns that a text takes: characters of East Asia take two, marks none."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def pairs(facts: Sequence[tuple[str, str]]) -> str:
    """Return facts as two columns."""
    width = max((len(name) for name, _ in facts), default=0)
    indent = "\n" + " " * (width + 2)
    lines = [name.ljust(width + 2) + value.replace("\n", indent) for name, value in facts]
    return "\n".join(lines)


class ModelPlace(Protocol):
    """What tells where a model is."""

    @property
    def key(self) -> str:
        """Its key."""

    @property
    def root(self) -> str:
        """Name of the root that it is in."""

    @property
    def path(self) -> str:
        """Where it is in its root."""


class ListedModel(ModelPlace, Protocol):
    """What tables show of a model: a record has it, and may have a ``variant``."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def type(self) -> ModelType:
        """What it is used as."""

    @property
    def base(self) -> BaseModelType:
        """Its architecture."""

    @property
    def format(self) -> ModelFormat:
        """How it is stored."""

    @property
    def size(self) -> int | None:
        """Its bytes."""

    @property
    def state(self) -> RecordState:
        """What was last seen of its files."""


def model_table(models: Sequence[ListedModel], offline: Collection[str] = ()) -> Table:
    """Return records as a table, with their states where one is not simply there.

    Args:
        models: The records.
        offline: Keys of those that are offline.
    """
    states = ["offline" if model.key in offline else str(model.state) for model in models]
    titles, rows = ["KEY", "NAME", "TYPE", "BASE", "FORMAT", "SIZE"], [*map(_cells, models)]
    if set(states) - {RecordState.PRESENT}:
        titles.append("STATE")
        rows = [(*row, state) for row, state in zip(rows, states, strict=True)]
    return Table.of(titles, rows)


def _cells(model: ListedModel) -> tuple[str, ...]:
    from modelkeep.identification.known_families import base_label

    return (
        model.key[:8],
        model.name,
        type_label(model.type),
        base_label(model.base) + variant_text(model),
        format_label(model.format),
        size_text(model.size),
    )


def variant_text(model: object) -> str:
    """Return the variant of a main model in brackets, where it is not the normal one."""
    variant = getattr(model, "variant", None)
    return f" ({variant})" if variant and variant != "normal" else ""
