"""Pages of models and their counts as JSON, made of what is stored; for those who send them on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from modelkeep.app import companions, library
from modelkeep.app.query import MOST, ModelQuery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelkeep.app.manager import ModelManager
    from modelkeep.records.listing import RecordFilter

_PRESENT = b'"state":"'


class _Place(msgspec.Struct):
    """Where a model of a page is."""

    key: str
    root: str
    path: str
    state: str


@dataclass(frozen=True, slots=True)
class JsonModels:
    """One page of models.

    Attributes:
        items: Each of them as JSON.
        next: What the next query has as ``after``; None on the last page.
    """

    items: Sequence[bytes]
    next: str | None

    def to_bytes(self, counts: bytes | None = None) -> bytes:
        """Return the page as JSON; ``counts`` is what ``counts_json`` gave."""
        following = msgspec.json.encode(self.next)
        more = b"," + counts[1:] if counts else b"}"
        return b'{"items":[' + b",".join(self.items) + b'],"next":' + following + more


def has_lasting_pages(manager: ModelManager) -> bool:
    """Tell whether a page stays as it is while the catalogue does.

    Where other folders are registered their disks may come and go.
    """
    return not manager.records.roots.named


def is_quick(manager: ModelManager, query: ModelQuery) -> bool:
    """Tell whether a page takes a fraction of a millisecond and waits for nothing."""
    records = manager.records
    return (
        records.never_waits
        and not query.partner
        and not query.where.roots
        and has_lasting_pages(manager)
        and records.walks(query.where, query.order)
    )


def json_page(manager: ModelManager, query: ModelQuery) -> JsonModels:
    """Return the models that a query asks for; those of one page, with no limit 50 of them.

    Raises:
        UsageError: the query names a root that does not exist, or ``after`` is no page's ``next``.
        UnknownModelException, DuplicateModelException: ``partner`` names no model, or several.
    """
    if query.partner:
        return _marked(manager, *companions.page_json(manager, query))
    library.refuse_unknown_roots(manager, query.where.roots)
    found = manager.records.page_json(
        query.where, order=query.order, limit=query.limit or MOST, after=query.after
    )
    return _marked(manager, found.items, found.next)


def counts_json(manager: ModelManager, where: RecordFilter) -> bytes:
    """Return ``total`` and ``facets`` of a filter as a JSON object.

    Raises:
        UsageError: the filter names a root that does not exist.
    """
    counts = library.facets(manager, where)
    return msgspec.json.encode({"total": counts.facets.total, "facets": counts.to_json()})


def with_state(manager: ModelManager, records: Sequence[bytes]) -> Sequence[bytes]:
    """Return records as JSON, of which the models in offline roots say so."""
    return _marked(manager, records, None).items


def _marked(manager: ModelManager, found: Sequence[bytes], following: str | None) -> JsonModels:
    """Return a page of which the models in offline roots say so."""
    if has_lasting_pages(manager):
        return JsonModels(found, following)
    places = [msgspec.json.decode(item, type=_Place) for item in found]
    offline = library.offline_models(manager, places)
    items = [
        _as_offline(item, place) if place.key in offline else item
        for item, place in zip(found, places, strict=True)
    ]
    return JsonModels(items, following)


def _as_offline(item: bytes, place: _Place) -> bytes:
    # No text in JSON holds a bare quote, and the catalogue puts the state before the config.
    return item.replace(_PRESENT + place.state.encode() + b'"', _PRESENT + b'offline"', 1)
