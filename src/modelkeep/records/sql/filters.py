"""``Filter``: a ``RecordFilter`` as conditions of SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    bindparam,
    distinct,
    func,
    select,
    union,
)

from modelkeep.records.listing import RecordFilter
from modelkeep.records.sql import schema
from modelkeep.records.sql.database import Dialect
from modelkeep.records.text import fold_words

#: Filters that are kept: the pages of a list have one.
_KEPT = 100

_model, _tag, _model_tag = schema.model.c, schema.tag.c, schema.model_tag.c


@dataclass(frozen=True, slots=True)
class Shape:
    """The conditions on records without their values: what a statement is made of.

    Attributes:
        choices: Columns of which a record has one of some values, and how many values.
        tags: How many tags it has all of.
    """

    dialect: Dialect
    choices: tuple[tuple[str, int], ...]
    tags: int
    has_text: bool
    has_hash: bool = False
    has_marks: bool = False

    @property
    def needs_other_tables(self) -> bool:
        """Whether columns of ``mk_model`` alone cannot tell."""
        return bool(self.has_text or self.has_marks or self.tags or self.has_hash)

    @property
    def columns(self) -> frozenset[str]:
        """The columns that are chosen by."""
        return frozenset(name for name, _ in self.choices)

    @property
    def single(self) -> frozenset[str]:
        """The columns of which only one value will do."""
        return frozenset(name for name, count in self.choices if count == 1)

    def conditions(self, *, of_text: bool = True) -> list[ColumnElement[bool]]:
        """Return the conditions, without their values; ``of_text`` the one of the text too."""
        found = [_is_one_of(_model[name], name, count) for name, count in self.choices]
        if self.tags:
            found.append(_model.id.in_(_with_tags(self.tags)))
        if self.has_hash:
            found.append(_model.id.in_(_with_hash()))
        if self.has_marks:
            found.append(_model.id.in_(_with_marks(self.dialect)))
        if self.has_text and of_text:
            found.append(_model.id.in_(self.dialect.matching()))
        return found


class Filter:
    """Conditions on records.

    Args:
        without: Conditions to leave out: columns of ``mk_model``, or ``tag``.

    Attributes:
        choices: For each column the values of which a record has one.
        shape: All but the values.
        values: For the ``bindparam``s of the conditions.
    """

    def __init__(
        self, where: RecordFilter, dialect: Dialect, *, without: Iterable[str] = ()
    ) -> None:
        given: Mapping[str, Iterable[str]] = {
            "type": where.types,
            "base": where.bases,
            "format": where.formats,
            "root": where.roots,
            "state": where.states,
            "site": where.sites,
            "licence": where.licences,
            "lineage": where.lineages,
            "size_class": where.sizes,
            "used": where.used,
        }
        skipped = frozenset(without)
        self.choices = {
            name: tuple(dict.fromkeys(values))
            for name, values in given.items()
            if name not in skipped and values
        }
        tags = () if "tag" in skipped else tuple(dict.fromkeys(where.tags))
        text = dialect.text_query(fold_words(where.text))
        marks = "" if text else where.text.strip()
        self.shape = Shape(
            dialect,
            tuple((name, len(values)) for name, values in self.choices.items()),
            len(tags),
            bool(text),
            bool(where.hash),
            bool(marks),
        )
        self.values: dict[str, Any] = {
            f"{name}_{number}": value
            for name, values in (*self.choices.items(), ("tag", tags))
            for number, value in enumerate(values)
        }
        if text:
            self.values["text_"] = text
        if marks:
            self.values["marks_"] = marks
        if where.hash:
            wanted = where.hash.lower()
            # No hash has a letter behind ``f``, so all that begin so lie between.
            self.values |= {"hash_": wanted, "hash_end_": f"{wanted}g"}


def filter_of(where: RecordFilter, dialect: Dialect) -> Filter:
    """Return the conditions of a filter, which nobody changes; the last ones are kept."""
    hashable: Any = dialect
    try:
        return _kept_filter(where, hashable)
    except TypeError:  # lists, where tuples belong
        return Filter(where, dialect)


@lru_cache(_KEPT)
def _kept_filter(where: RecordFilter, dialect: Any) -> Filter:
    return Filter(where, dialect)


def _is_one_of(column: ColumnElement[Any], name: str, count: int) -> ColumnElement[bool]:
    if count == 1:
        return column == bindparam(f"{name}_0")
    return column.in_([bindparam(f"{name}_{number}") for number in range(count)])


def _with_hash() -> CompoundSelect[Any]:
    owner, file = schema.model.alias(), schema.file.c
    first: Any = bindparam("hash_")
    last: Any = bindparam("hash_end_")
    kept = select(owner.c.id).where(owner.c.original_hash == first)
    by_file = (
        select(owner.c.id)
        .join(schema.file, file.model_key == owner.c.key)
        .where(file[name] >= first, file[name] < last)
        for name in ("sha256", "blake3")
    )
    return union(kept, *by_file)


def _with_marks(dialect: Dialect) -> Select[tuple[int]]:
    owner = schema.model.alias()
    return select(owner.c.id).where(dialect.holds(owner.c.name, bindparam("marks_")))


def _with_tags(count: int) -> Select[tuple[int]]:
    owner = schema.model.alias()
    return (
        select(owner.c.id)
        .join(schema.model_tag, _model_tag.model_key == owner.c.key)
        .join(schema.tag, _tag.id == _model_tag.tag_id)
        .where(_is_one_of(_tag.text, "tag", count))
        .group_by(owner.c.id)
        .having(func.count(distinct(_tag.id)) == count)
    )
