"""Pages whose records come as one row, of which no row for each record is made.

SQLite is asked once for a whole page: each row that is fetched lets other threads run, and the
next one has to wait until they do so too. While records are written this takes far longer than
the page itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    func,
    literal_column,
    select,
    true,
    union_all,
)

from modelkeep.core.roots import MODELS_ROOT, NO_ROOT, Roots
from modelkeep.records.cursors import Cursor, read_cursor
from modelkeep.records.listing import JsonPage, RecordFilter
from modelkeep.records.sql import paging, schema
from modelkeep.records.sql.database import RecordDatabase, Row
from modelkeep.records.sql.filters import Shape, filter_of

_model = schema.model.c
_SHOWN = ("key", "path", "root", "state", "config")
_LAST = ("key", "sort_", "sort_name", "name")
_KEPT = 200
#: How a record begins where it has any field, behind the line break.
_BEGIN = b'\n{"'
#: A record whose texts need no escapes, and the characters that do.
_PLAIN = b'{"key":"%b","path":"%b","root":"%b","state":"%b","%b'
_ESCAPED = bytes({*range(0x20), 0x7F, *b'"\\'} - {*b"\n"})
#: Roots whose paths are said as they are stored.
_SAME_PATH = frozenset({MODELS_ROOT.encode(), NO_ROOT.encode()})
_STORED = msgspec.json.Decoder(msgspec.Raw)


@dataclass(frozen=True, slots=True)
class PageQuery:
    """A page of a list that an index has in its order.

    Attributes:
        where: The filter.
        order: What an index sorts by; any but relevance.
        limit: Most of the records.
        after: Where the page before ended.
    """

    where: RecordFilter
    order: str
    limit: int
    after: str | None


def page(database: RecordDatabase, query: PageQuery, roots: Roots) -> JsonPage | None:
    """Return a page; None where it has to be read row by row.

    That is where no index lists exactly these records, or a record is not as we store it.

    Raises:
        UsageError: ``after`` is no page's end.
        DatabaseError: the database cannot be read.
    """
    chosen = filter_of(query.where, database.dialect)
    walk = paging.walk_of(chosen.shape, query.order)
    if not walk.is_exact:
        return None
    start = None if query.after is None else read_cursor(query.after, query.order)
    values = {**chosen.values, "limit_": query.limit + 1, "last_": query.limit - 1}
    names = []
    for part, of_part in paging.parts(query.order, start):
        names.append(part)
        values |= of_part
    statement = _statement(chosen.shape, query.order, tuple(names), walk.hint)
    count, *columns = database.only_row(statement, values)
    if not count:
        return JsonPage([], None)
    items = _items(count, columns[: len(_SHOWN)], roots)
    if items is None:
        return None
    if count <= query.limit:
        return JsonPage(items, None)
    following = _cursor(columns[len(_SHOWN) :], query.order)
    return None if following is None else JsonPage(items[: query.limit], following)


@lru_cache(_KEPT)
def _statement(shape: Shape, order: str, parts: tuple[str, ...], hint: str) -> Select[Any]:
    """Find a page as one row: how many records, their columns, and where the page ends."""
    found = [paging.page_of(shape, order, part, hint, (_model.id, _model.key)) for part in parts]
    if len(found) == 1:
        listed = found[0].cte("page")
    else:
        # In the order of the parts; SQLite stops at the limit, before it looks at the rest.
        whole = union_all(*(select(part.subquery()) for part in found))
        listed = whole.limit(bindparam("limit_")).cte("page")
    # What is sorted is small; the records are read in the order in which they were found.
    each = listed.join(schema.model, _model.id == listed.c.id)
    lines = [shape.dialect.lines_of(_model[name]).label(f"all_{name}") for name in _SHOWN]
    joined = select(func.count().label("count"), *lines).select_from(each).subquery()
    one: ColumnElement[int] = literal_column("1")  # not a parameter
    last = select(*(listed.c[name] for name in _LAST)).limit(one).offset(bindparam("last_"))
    return select(joined, end := last.subquery()).select_from(joined.outerjoin(end, true()))


def _items(count: int, columns: list[bytes], roots: Roots) -> list[bytes] | None:
    """Return each record as JSON; None where a column holds something else."""
    *outer, configs = columns
    # Without the first characters of each; it has to begin with them.
    texts = (b"\n" + configs).split(_BEGIN)[1:]
    lines = [column.split(b"\n") for column in outer]
    try:
        # Only looked through: what a record means costs ten times as much.
        stored = _STORED.decode_lines(configs)
    except ValueError:
        return None
    if {len(stored), len(texts), *map(len, lines)} != {count}:
        return None
    joined = b"".join(outer)
    is_plain = joined.isascii() and len(joined.translate(None, _ESCAPED)) == len(joined)
    if is_plain and _SAME_PATH.issuperset(lines[2]) and b":/" not in outer[1]:
        return [_PLAIN % values for values in zip(*lines, texts, strict=True)]
    try:
        words = [column.decode().split("\n") for column in outer]
    except ValueError:
        return None
    items = []
    for key, path, root, state, text in zip(*words, texts, strict=True):
        outside = {"key": key, "path": roots.join(root, path), "root": root, "state": state}
        items.append(msgspec.json.encode(outside)[:-1] + b',"' + text)
    return items


def _cursor(last: Row | list[Any], order: str) -> str | None:
    """Return where a page ends; None where a name is no text."""
    key, value, sort_name, name = last
    if bytes in map(type, last):
        return None
    return Cursor(order, None if order == "name" else value, sort_name, name, key).to_text()
