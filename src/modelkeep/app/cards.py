"""Models as lists show them: a few facts and whether there is a picture, for a page at a time."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import msgspec

from modelkeep.app import json_pages
from modelkeep.core.taxonomy import RecordState
from modelkeep.records.listing import RecordFilter

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.app.query import ModelQuery

_FILMS = frozenset({".mp4", ".webm"})
#: New models that are counted one by one.
_MOST_NEW = 100


class _CardRecord(msgspec.Struct):
    """What is read of a record; the rest is not looked at."""

    key: str
    name: str
    type: str
    base: str
    format: str
    state: str
    size: int | None = None
    variant: str | None = None
    preview: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One model of a list.

    Attributes:
        size: Bytes of its files; None where that is not known.
        variant: What a main model was made for within its base; empty for the usual one.
        state: ``present``, ``missing``, ``changed`` or ``offline``.
        has_preview: It has a picture, or a film.
        is_film: What it has is a film.
        is_mature: Its picture is not for everybody.
        added_at: Seconds since the epoch; None where it went just now.
    """

    key: str
    name: str
    type: str
    base: str
    format: str
    size: int | None
    variant: str
    state: str
    has_preview: bool
    is_film: bool
    is_mature: bool = False
    added_at: float | None = None

    @property
    def is_present(self) -> bool:
        """Its files are where they belong, as they were."""
        return self.state == RecordState.PRESENT

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CardPage:
    """One page of a list.

    Attributes:
        next: What the next query has as ``after``; None on the last page.
    """

    cards: tuple[Card, ...] = field(default=())
    next: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"items": [card.to_json() for card in self.cards], "next": self.next}


def card_page(manager: ModelManager, query: ModelQuery) -> CardPage:
    """Return the models that a query asks for; those of one page.

    Raises:
        UsageError: the query names a root that does not exist, or ``after`` is no page's ``next``.
        UnknownModelException, DuplicateModelException: ``partner`` names no model, or several.
    """
    found = json_pages.json_page(manager, query)
    cards = [_card(msgspec.json.decode(item, type=_CardRecord)) for item in found.items]
    notes = manager.records.notes_on([card.key for card in cards])
    noted = (
        replace(card, is_mature=note.is_mature, added_at=note.created_at)
        if (note := notes.get(card.key)) is not None
        else card
        for card in cards
    )
    return CardPage(tuple(noted), found.next)


def newest(manager: ModelManager) -> float:
    """Return when the last model was added, in seconds since the epoch; 0 for none."""
    return next(iter(_added(manager, RecordFilter(), 1)), 0.0)


def newer(manager: ModelManager, where: RecordFilter, since: float) -> int:
    """Return how many models of a filter were added after a moment; at most 100.

    Args:
        manager: Of the library.
        where: What the models have to be like.
        since: Seconds since the epoch, as ``newest`` gives it.
    """
    if newest(manager) <= since:
        return 0
    return sum(added > since for added in _added(manager, where, _MOST_NEW))


def _added(manager: ModelManager, where: RecordFilter, most: int) -> list[float]:
    """Return when the newest models were added, the newest first."""
    found = manager.records.page_json(where, order="date", limit=most).items
    keys = [msgspec.json.decode(item, type=_CardRecord).key for item in found]
    notes = manager.records.notes_on(keys)
    return [notes[key].created_at for key in keys if key in notes]


def _card(stored: _CardRecord) -> Card:
    variant = stored.variant or ""
    preview = stored.preview or ""
    return Card(
        key=stored.key,
        name=stored.name,
        type=stored.type,
        base=stored.base,
        format=stored.format,
        size=stored.size,
        variant="" if variant == "normal" else variant,
        state=stored.state,
        has_preview=bool(preview),
        is_film=PurePath(preview).suffix.lower() in _FILMS,
    )
