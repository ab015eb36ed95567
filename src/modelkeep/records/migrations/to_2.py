"""To version 2: records lie in named roots, have a state, and are found by an index of words.

New in the tables: ``mk_model`` has ``id``, ``root``, ``state`` and the columns of words, and its
JSON no longer repeats key, path, root and state; a tag of a model has an origin; ``mk_search``
and its triggers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import msgspec
from alembic.operations import Operations
from sqlalchemy import Column, Float, ForeignKey, Integer, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.schema import SchemaItem

from modelkeep.records.text import indexed_words

#: Children before what they refer to.
_TABLES = ("mk_model_tag", "mk_metadata", "mk_file", "mk_tag", "mk_model")
NEEDS = frozenset({*_TABLES, "mk_schema"})

#: Rows changed in one go.
_BATCH = 1000
_WORDS = ("name_words", "tag_words", "phrase_words", "author_words", "description_words")


def upgrade(operations: Operations, cursor: sqlite3.Cursor) -> None:
    """Make all tables but ``mk_schema`` anew and fill them from the rows of version 1."""
    for table in _TABLES:
        copy = f"CREATE TABLE {table}_1 AS SELECT rowid AS place, * FROM {table}"  # noqa: S608 - ours
        cursor.execute(copy)
    for table in _TABLES:
        operations.drop_table(table)
    _make_tables(operations)
    _make_indexes(operations)
    for statement in _FILLING:
        cursor.execute(statement)
    _fold(cursor)
    for table in _TABLES:
        operations.drop_table(f"{table}_1")
    for statement in _SEARCH:
        cursor.execute(statement)


def _owner(*, is_key: bool = False) -> Column[str]:
    return Column(
        "model_key",
        Text,
        ForeignKey("mk_model.key", ondelete="CASCADE"),
        primary_key=is_key,
        nullable=False,
    )


def _filled(name: str, value: str = "") -> Column[str]:
    return Column(name, Text, nullable=False, server_default=value)


def _texts(*names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False) for name in names]


def _make_tables(operations: Operations) -> None:
    new: dict[str, list[SchemaItem]] = {
        "mk_model": [
            Column("id", Integer, primary_key=True),
            Column("key", Text, nullable=False, unique=True),
            *_texts("name", "sort_name", "type", "base", "format", "root", "path"),
            _filled("state", "present"),
            Column("original_hash", Text),
            Column("current_hash", Text),
            Column("size", Integer),
            Column("source", Text),
            Column("created_at", Float, nullable=False),
            Column("updated_at", Float, nullable=False),
            *_texts("config"),
            _filled("name_words"),
            Column("tag_words", Text, server_default=""),
            *map(_filled, ("phrase_words", "author_words", "description_words")),
        ],
        "mk_tag": [
            Column("id", Integer, primary_key=True),
            Column("text", Text, nullable=False, unique=True),
            _filled("words"),
        ],
        "mk_file": [
            Column("id", Integer, primary_key=True),
            _owner(),
            *_texts("root", "path"),
            *(Column(name, Integer, nullable=False) for name in ("size", "mtime_ns", "inode")),
            Column("sha256", Text),
            Column("blake3", Text),
            Column("hashed_at", Float),
            UniqueConstraint("root", "path"),
        ],
        "mk_metadata": [
            _owner(is_key=True),
            *_texts("type", "name", "author", "metadata"),
            _filled("author_words"),
        ],
        "mk_model_tag": [
            _owner(is_key=True),
            Column(
                "tag_id", Integer, ForeignKey("mk_tag.id", ondelete="CASCADE"), primary_key=True
            ),
            Column("origin", Text, primary_key=True, server_default="site"),
        ],
    }
    for table, columns in new.items():
        operations.create_table(table, *columns)


def _make_indexes(operations: Operations) -> None:
    operations.create_index("ix_mk_model_place", "mk_model", ["root", "path"], unique=True)
    operations.create_index("ix_mk_model_by_size", "mk_model", [sql("size DESC"), "sort_name"])
    operations.create_index(
        "ix_mk_model_by_date", "mk_model", [sql("created_at DESC"), "sort_name"]
    )
    for table, name, columns in (
        ("mk_model", "by_base", "base sort_name"),
        ("mk_model", "by_format", "format sort_name"),
        ("mk_model", "by_name", "sort_name"),
        ("mk_model", "by_type", "type sort_name"),
        ("mk_model", "by_type_base", "type base sort_name"),
        ("mk_model", "default_order", "type base format sort_name"),
        ("mk_model", "facets", "type base format root state"),
        ("mk_model", "original_hash", "original_hash"),
        ("mk_model", "source", "source"),
        ("mk_model", "state", "state sort_name"),
        ("mk_file", "blake3", "blake3"),
        ("mk_file", "model_key", "model_key"),
        ("mk_file", "sha256", "sha256"),
        ("mk_file", "size", "size"),
        ("mk_metadata", "author", "author"),
        ("mk_metadata", "name", "name"),
        ("mk_model_tag", "tag_id", "tag_id model_key"),
    ):
        operations.create_index(f"ix_{table}_{name}", table, columns.split())


#: An absolute path is in no root; one that is no UTF-8 is a URI, ``file:///...`` when absolute.
_FILLING = (
    """
    INSERT INTO mk_model (id, key, name, sort_name, type, base, format, root, path, original_hash,
                          current_hash, size, source, created_at, updated_at, config)
    SELECT place, key, name, sort_name, type, base, format,
           CASE WHEN substr(path, 1, 1) = '/' OR substr(path, 1, 8) = 'file:///'
                THEN '' ELSE 'models' END, path, original_hash, current_hash,
           size, source, created_at, updated_at,
           CASE WHEN json_valid(config)
                THEN json_remove(config, '$.key', '$.path', '$.root', '$.state')
                ELSE config END
    FROM mk_model_1 ORDER BY place
    """,
    """
    INSERT INTO mk_file (id, model_key, root, path, size, mtime_ns, inode, sha256, blake3,
                         hashed_at)
    SELECT id, model_key, root, path, size, mtime_ns, inode, sha256, blake3, hashed_at
    FROM mk_file_1 ORDER BY id
    """,
    """
    INSERT INTO mk_metadata (model_key, type, name, author, metadata)
    SELECT model_key, type, name, author, metadata FROM mk_metadata_1 ORDER BY place
    """,
    "INSERT INTO mk_tag (id, text) SELECT id, text FROM mk_tag_1 ORDER BY id",
    """
    INSERT INTO mk_model_tag (model_key, tag_id, origin)
    SELECT model_key, tag_id, 'site' FROM mk_model_tag_1 ORDER BY place
    """,
)


def _fold(cursor: sqlite3.Cursor) -> None:
    """Fill in the columns of words."""
    for name, description, config, place in _rows(
        cursor, "SELECT name, description, CAST(config AS BLOB), place AS id FROM mk_model_1"
    ):
        words = (_words(name), _words(description), _words(*_phrases(config)), place)
        cursor.execute(
            "UPDATE mk_model SET name_words = ?, description_words = ?, phrase_words = ?"
            " WHERE id = ?",
            words,
        )
    for author, place in _rows(cursor, "SELECT author, rowid AS id FROM mk_metadata"):
        cursor.execute(
            "UPDATE mk_metadata SET author_words = ? WHERE rowid = ?", (_words(author), place)
        )
    for tag, place in _rows(cursor, "SELECT text, id FROM mk_tag"):
        cursor.execute("UPDATE mk_tag SET words = ? WHERE id = ?", (_words(tag), place))
    cursor.execute(
        "UPDATE mk_model SET"
        " author_words = coalesce((SELECT author_words FROM mk_metadata"
        " WHERE model_key = mk_model.key), ''),"
        " tag_words = coalesce((SELECT group_concat(words, ' ') FROM mk_tag WHERE id IN"
        " (SELECT tag_id FROM mk_model_tag WHERE model_key = mk_model.key)), '')"
    )


def _rows(cursor: sqlite3.Cursor, query: str) -> Iterator[tuple[object, ...]]:
    """Give the rows of a query whose last column is ``id``, while rows are changed."""
    last: object = -(2**63)
    while batch := cursor.execute(
        f"SELECT * FROM ({query}) WHERE id > ? ORDER BY id LIMIT {_BATCH}",  # noqa: S608 - ours
        (last,),
    ).fetchall():
        yield from batch
        last = batch[-1][-1]


def _words(*texts: object) -> str:
    """Return the words of some texts; a lent connection may hand these out as bytes."""
    said = [text.decode() if isinstance(text, bytes) else str(text) for text in texts if text]
    return " ".join(word for text in said for word in indexed_words(text))


def _phrases(config: object) -> list[object]:
    """Return the trigger phrases of a record; none of one that cannot be read."""
    try:
        found = msgspec.json.decode(config if isinstance(config, bytes) else b"", type=dict)
    except msgspec.DecodeError:
        return []
    phrases = found.get("trigger_phrases")
    return phrases if isinstance(phrases, list) else []


def _trigger(name: str, event: str, *actions: str) -> str:
    body = "".join(f"  {action};\n" for action in actions)
    return f"CREATE TRIGGER {name} AFTER {event} BEGIN\n{body}END"


_NEW = ", ".join(f"new.{name}" for name in _WORDS)
_OLD = ", ".join(f"old.{name}" for name in _WORDS)
_CHANGED = " OR ".join(f"new.{name} IS NOT old.{name}" for name in _WORDS)
_ALL = ", ".join(_WORDS)
_ADD = f"INSERT INTO mk_search (rowid, {_ALL}) VALUES (new.id, {_NEW})"  # noqa: S608 - ours
_FORGET = f"INSERT INTO mk_search (mk_search, rowid, {_ALL}) VALUES ('delete', old.id, {_OLD})"  # noqa: S608 - ours
_TAGS = """\
AFTER {0} ON mk_model_tag
WHEN (SELECT tag_words FROM mk_model WHERE key = {1}.model_key) IS NOT NULL BEGIN
  UPDATE mk_model SET tag_words = coalesce((SELECT group_concat(words, ' ') FROM mk_tag WHERE id IN
    (SELECT tag_id FROM mk_model_tag WHERE model_key = {1}.model_key)), '')
    WHERE key = {1}.model_key;
END"""
_AUTHOR = "UPDATE mk_model SET author_words = {} WHERE key = {}.model_key"

_SEARCH = (
    (
        f"CREATE VIRTUAL TABLE mk_search USING fts5 ({_ALL},"
        " content='mk_model', content_rowid='id', tokenize='ascii')"
    ),
    _trigger("mk_model_added", "INSERT ON mk_model", _ADD),
    _trigger(
        "mk_model_removed",
        "DELETE ON mk_model",
        _FORGET,
        "DELETE FROM mk_file WHERE model_key = old.key",
        "DELETE FROM mk_metadata WHERE model_key = old.key",
        "DELETE FROM mk_model_tag WHERE model_key = old.key",
    ),
    _trigger("mk_model_changed", f"UPDATE OF {_ALL} ON mk_model WHEN {_CHANGED}", _FORGET, _ADD),
    "CREATE TRIGGER mk_model_tag_added " + _TAGS.format("INSERT", "new"),
    "CREATE TRIGGER mk_model_tag_removed " + _TAGS.format("DELETE", "old"),
    _trigger(
        "mk_metadata_added",
        "INSERT ON mk_metadata",
        _AUTHOR.format("new.author_words", "new"),
    ),
    _trigger(
        "mk_metadata_changed",
        "UPDATE OF author_words ON mk_metadata",
        _AUTHOR.format("new.author_words", "new"),
    ),
    _trigger("mk_metadata_removed", "DELETE ON mk_metadata", _AUTHOR.format("''", "old")),
    "INSERT INTO mk_search (mk_search) VALUES ('rebuild')",
)
