"""Filtering, sorting, paging and counting the records of a YAML catalogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from modelkeep.core.taxonomy import ModelRecordOrderBy
from modelkeep.errors import UsageError
from modelkeep.records.cursors import Cursor, read_cursor
from modelkeep.records.listing import Facets, KindTotal, RecordFilter
from modelkeep.records.text import fold_words
from modelkeep.records.yaml.catalogue import Catalogue
from modelkeep.records.yaml.record import StoredRecord

SortKey = tuple[Any, ...]
#: A record, and where it stands in a sorted list.
Placed = tuple[Cursor, StoredRecord]

#: How a choice of a filter reads its value, or values, in a record.
_VALUES: dict[str, Callable[[StoredRecord], Iterable[str]]] = {
    "type": lambda record: (record.config.type.value,),
    "base": lambda record: (record.config.base.value,),
    "format": lambda record: (record.config.format.value,),
    "tag": lambda record: record.all_tags.all,
    "root": lambda record: (record.config.root,),
    "state": lambda record: (record.config.state.value,),
}
_CHOICES = {
    "type": "types",
    "base": "bases",
    "format": "formats",
    "tag": "tags",
    "root": "roots",
    "state": "states",
}


def by_name(record: StoredRecord) -> tuple[str, str, str]:
    """Return what equal records are sorted by."""
    return record.sort_name, record.config.name, record.key


def by_default(record: StoredRecord) -> SortKey:
    """Return what records are sorted by where nobody chose an order."""
    kind = (record.config.type.value, record.config.base.value, record.config.format.value)
    return (*kind, *by_name(record))


def by_column(order: ModelRecordOrderBy) -> Callable[[StoredRecord], SortKey]:
    """Return what the records of ``list_models`` are sorted by."""
    if order is ModelRecordOrderBy.Default:
        return by_default
    if order is ModelRecordOrderBy.Name:
        return lambda record: (record.sort_name, *by_default(record))
    return lambda record: (*_VALUES[order.value](record), *by_default(record))


def matching(catalogue: Catalogue, where: RecordFilter) -> list[StoredRecord]:
    """Return the records that are like that, in no order."""
    words = fold_words(where.text)
    choices = [
        (_VALUES[facet], frozenset(chosen))
        for facet, attribute in _CHOICES.items()
        if facet != "tag" and (chosen := getattr(where, attribute))
    ]
    tags = frozenset(where.tags)
    return [
        record
        for record in catalogue.records.values()
        if all(chosen.intersection(values(record)) for values, chosen in choices)
        and tags <= record.all_tags.all
        and all(_weight(record, word) is not None for word in words)
    ]


def facets(catalogue: Catalogue, where: RecordFilter, names: Iterable[str]) -> Facets:
    """Count the values that occur; see ``RecordSearch.facets``.

    Raises:
        UsageError: there is no such facet.
    """
    counts: dict[str, dict[str, int]] = {}
    for name in names:
        if name not in _VALUES:
            raise UsageError(
                f"Records cannot be counted by {name!r}",
                hint=f"Count them by one of {', '.join(_VALUES)}.",
            )
        others = replace(where, **{_CHOICES[name]: ()})  # type: ignore[arg-type]
        found = Counter(
            value for record in matching(catalogue, others) for value in _VALUES[name](record)
        )
        counts[name] = dict(sorted(found.items()))
    return Facets(len(matching(catalogue, where)), counts)


def totals(catalogue: Catalogue) -> list[KindTotal]:
    """Count all records and sum their sizes, by type and base."""
    found: dict[tuple[str, str], KindTotal] = {}
    for record in catalogue.records.values():
        kind = (record.config.type.value, record.config.base.value)
        so_far = found.get(kind, KindTotal(*kind, 0, 0))
        size = so_far.size + (record.config.size or 0)
        found[kind] = KindTotal(*kind, so_far.models + 1, size)
    return list(found.values())


def in_order(catalogue: Catalogue, where: RecordFilter, order: str) -> list[Placed]:
    """Return the records that are like that, sorted, with where each stands in the list.

    Raises:
        UsageError: there is no such order.
    """
    words = fold_words(where.text)
    values: dict[str, Callable[[StoredRecord], Any]] = {
        "name": lambda _: None,
        "size": lambda record: record.config.size,
        "date": catalogue.created_at,
        "type": lambda record: record.config.type.value,
        "base": lambda record: record.config.base.value,
        "relevance": lambda record: sum(_weight(record, word) or 0 for word in words),
    }
    if order not in values:
        raise UsageError(
            f"Records cannot be sorted by {order!r}", hint=f"Sort by one of {', '.join(values)}."
        )
    placed = [
        (Cursor(order, values[order](record), *by_name(record)), record)
        for record in matching(catalogue, where)
    ]
    return sorted(placed, key=lambda pair: _sort_key(pair[0]))


def after(placed: Sequence[Placed], order: str, mark: str) -> Sequence[Placed]:
    """Return those that come after the page whose ``next`` is ``mark``.

    Raises:
        UsageError: ``mark`` is none, or one of another order.
    """
    last = _sort_key(read_cursor(mark, order))
    return [pair for pair in placed if _sort_key(pair[0]) > last]


def _sort_key(place: Cursor) -> SortKey:
    names = (place.sort_name, place.name, place.key)
    if place.order == "size":
        return (place.value is None, -(place.value or 0), *names)
    if place.order == "date":
        return (-place.value, *names)
    return names if place.order == "name" else (place.value, *names)


def _weight(record: StoredRecord, word: str) -> int | None:
    """Return how well a record fits a word, 0 best; None when it does not.

    A whole word is better than the beginning of one, a name better than a description.
    """
    for place, words in enumerate(record.words):
        if word in words:
            return place
    for place, words in enumerate(record.words, start=len(record.words)):
        if any(other.startswith(word) for other in words):
            return place
    return None
