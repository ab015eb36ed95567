"""``Filter``: a ``RecordFilter`` as conditions of SQL."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from itertools import zip_longest
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, column, distinct, func, select, table

from modelkeep.records.dialects import sqlite_text as text_index
from modelkeep.records.listing import RecordFilter
from modelkeep.records.sql import schema
from modelkeep.records.text import fold_words

_model, _tag, _model_tag = schema.model.c, schema.tag.c, schema.model_tag.c

#: The text index as a table; ``MATCH`` compares the hidden column that is called like it.
TEXT_INDEX = table(text_index.TABLE, column("rowid"), column(text_index.TABLE))


class Filter:
    """What records have to be like.

    Args:
        where: As it was asked for.
        without: Conditions to leave out: columns of ``mk_model``, or ``tag``.

    Attributes:
        choices: For each column the values of which a record has one.
        tags: What it has all of.
        match: What the text index is asked for; empty when there are no words.
        shape: All but the values.
        values: For the ``bindparam``s of the conditions.
    """

    def __init__(self, where: RecordFilter, *, without: Iterable[str] = ()) -> None:
        given: Mapping[str, Iterable[str]] = {
            "type": where.types,
            "base": where.bases,
            "format": where.formats,
            "root": where.roots,
            "state": where.states,
        }
        skipped = frozenset(without)
        self.choices = {
            name: tuple(dict.fromkeys(values))
            for name, values in given.items()
            if name not in skipped and values
        }
        self.tags = () if "tag" in skipped else tuple(dict.fromkeys(where.tags))
        self.match = match_expression(where.text)
        self.shape: tuple[Hashable, ...] = (
            *((name, len(values)) for name, values in self.choices.items()),
            len(self.tags),
            bool(self.match),
        )
        self.values: dict[str, Any] = {
            f"{name}_{number}": value
            for name, values in (*self.choices.items(), ("tag", self.tags))
            for number, value in enumerate(values)
        }
        if self.match:
            self.values["match_"] = self.match

    @property
    def needs_other_tables(self) -> bool:
        """Whether columns of ``mk_model`` alone cannot tell."""
        return bool(self.match or self.tags)

    def is_one(self, name: str) -> bool:
        """Tell whether only one value of a column will do."""
        return len(self.choices.get(name, ())) == 1

    def conditions(self, *, of_text: bool = True) -> list[ColumnElement[bool]]:
        """Return the conditions, without their values; ``of_text`` the one of the text too."""
        found = [_is_one_of(_model[name], name, len(v)) for name, v in self.choices.items()]
        if self.tags:
            found.append(_model.id.in_(_with_tags(len(self.tags))))
        if self.match and of_text:
            found.append(_model.id.in_(select(TEXT_INDEX.c.rowid).where(matches())))
        return found


def matches() -> ColumnElement[bool]:
    """Return the condition that a row of the text index fits the text."""
    return TEXT_INDEX.c[text_index.TABLE].op("MATCH")(bindparam("match_"))


def match_expression(text: str) -> str:
    """Return what finds the records with all words of ``text``; empty when it has none.

    Every word may be the beginning of a longer one. Nothing of the text is syntax: words are
    letters and digits, and stand in quotes.
    """
    words = sorted(set(fold_words(text)))
    # A word that begins the next one asks for nothing more.
    needed = [
        word
        for word, following in zip_longest(words, words[1:], fillvalue="")
        if not following.startswith(word)
    ]
    return " AND ".join(f'"{word}"*' for word in needed)


def _is_one_of(column_: ColumnElement[Any], name: str, count: int) -> ColumnElement[bool]:
    if count == 1:
        return column_ == bindparam(f"{name}_0")
    return column_.in_([bindparam(f"{name}_{number}") for number in range(count)])


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
