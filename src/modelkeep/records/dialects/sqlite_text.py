"""Text search in SQLite: an FTS5 index, and the triggers that keep it in step with the tables.

The triggers also see changes made by the caller with plain SQL in its own database. What
is indexed are the ``_words`` columns of ``mk_model``, as ``indexed_words`` gives them: the
tokenizer only has to split at blanks, so a word is the same here as everywhere else in modelkeep.
"""
# ruff: noqa: S608 - statements of names that stand in this file

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from itertools import zip_longest
from typing import Any

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Select,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    table,
)

TABLE = "mk_search"

#: What a word weighs in the order of relevance, for each indexed column.
COLUMNS = {
    "name_words": 10.0,
    "tag_words": 4.0,
    "phrase_words": 4.0,
    "author_words": 1.0,
    "description_words": 1.0,
}

_NAMES = ", ".join(COLUMNS)
_NEW = ", ".join(f"new.{name}" for name in COLUMNS)
_OLD = ", ".join(f"old.{name}" for name in COLUMNS)
_IS_CHANGED = " OR ".join(f"new.{name} IS NOT old.{name}" for name in COLUMNS)
_ADD = f"INSERT INTO {TABLE} (rowid, {_NAMES}) VALUES (new.id, {_NEW})"
_FORGET = f"INSERT INTO {TABLE} ({TABLE}, rowid, {_NAMES}) VALUES ('delete', old.id, {_OLD})"
_OWNED = ("mk_file", "mk_metadata", "mk_model_tag")


def _trigger(name: str, event: str, *actions: str) -> str:
    body = "".join(f"  {action};\n" for action in actions)
    return f"CREATE TRIGGER {name} AFTER {event} BEGIN\n{body}END"


_TAG_WORDS = """coalesce((SELECT group_concat(words, ' ') FROM mk_tag WHERE id IN
    (SELECT tag_id FROM mk_model_tag WHERE model_key = {key})), '')"""


def _tag_trigger(name: str, event: str, row: str) -> str:
    # Many tags at once would be indexed again for each: who sets them empties tag_words (NULL)
    # before and fills it in after.
    key = f"{row}.model_key"
    condition = f"WHEN (SELECT tag_words FROM mk_model WHERE key = {key}) IS NOT NULL"
    action = f"UPDATE mk_model SET tag_words = {_TAG_WORDS.format(key=key)} WHERE key = {key}"
    return _trigger(name, f"{event} ON mk_model_tag {condition}", action)


def _author(words: str, row: str) -> str:
    return f"UPDATE mk_model SET author_words = {words} WHERE key = {row}.model_key"


_CREATE = (
    f"CREATE VIRTUAL TABLE {TABLE} USING fts5 ({_NAMES},"
    " content='mk_model', content_rowid='id', tokenize='ascii')"
)

#: What makes the index and its triggers, in order; run once, after the tables are made.
STATEMENTS: tuple[str, ...] = (
    _CREATE,
    _trigger("mk_model_added", "INSERT ON mk_model", _ADD),
    # Foreign keys do the rest, but they may be off on a connection that is lent.
    _trigger(
        "mk_model_removed",
        "DELETE ON mk_model",
        _FORGET,
        *(f"DELETE FROM {table} WHERE model_key = old.key" for table in _OWNED),
    ),
    _trigger(
        "mk_model_changed",
        f"UPDATE OF {_NAMES} ON mk_model WHEN {_IS_CHANGED}",
        _FORGET,
        _ADD,
    ),
    _tag_trigger("mk_model_tag_added", "INSERT", "new"),
    _tag_trigger("mk_model_tag_removed", "DELETE", "old"),
    _trigger("mk_metadata_added", "INSERT ON mk_metadata", _author("new.author_words", "new")),
    _trigger(
        "mk_metadata_changed",
        "UPDATE OF author_words ON mk_metadata",
        _author("new.author_words", "new"),
    ),
    _trigger("mk_metadata_removed", "DELETE ON mk_metadata", _author("''", "old")),
)

#: Makes the index anew from the rows, for records that were added before there were triggers.
REBUILD = f"INSERT INTO {TABLE} ({TABLE}) VALUES ('rebuild')"

#: ``MATCH`` compares the hidden column that is called like the table.
_INDEX = table(TABLE, column("rowid"), column(TABLE))


class SqliteDialect:
    """SQL that only SQLite understands."""

    def text_query(self, words: Sequence[str]) -> str:
        """Return a query of FTS5; nothing in the words is syntax, since they stand in quotes."""
        ordered = sorted(set(words))
        # A word that begins the next one asks for nothing more.
        needed = [
            word
            for word, following in zip_longest(ordered, ordered[1:], fillvalue="")
            if not following.startswith(word)
        ]
        return " AND ".join(f'"{word}"*' for word in needed)

    def matching(self) -> Select[tuple[int]]:
        """Find the ids of the records that match ``text_``."""
        return select(_INDEX.c.rowid.label("id")).where(_matches())

    def scored(self) -> Select[tuple[int, float]]:
        """Find id and score of the records that match ``text_``; the best score is lowest."""
        weights: list[Any] = [literal_column(str(weight)) for weight in COLUMNS.values()]
        score = func.bm25(literal_column(TABLE), *weights).label("score")
        return select(_INDEX.c.rowid.label("id"), score).where(_matches())

    def holds(self, text: ColumnElement[str], part: ColumnElement[Any]) -> ColumnElement[bool]:
        """Ask whether a text has another one in it, in which no character is a wildcard."""
        return func.instr(text, part) > 0

    def each_of(self, values: Collection[str]) -> Select[tuple[str]]:
        """Return a list of any length as rows."""
        listed = func.json_each(json.dumps(list(values))).table_valued("value")
        return select(listed.c.value)

    def lines_of(self, column: ColumnElement[Any]) -> ColumnElement[bytes]:
        """Join the values of a column as bytes with a line break between them, in their order."""
        return cast(func.group_concat(column, literal_column("char(10)")), LargeBinary)


def _matches() -> Any:
    return _INDEX.c[TABLE].op("MATCH")(bindparam("text_"))
