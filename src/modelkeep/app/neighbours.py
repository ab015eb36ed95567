"""``neighbours``: the models before and after one in the list that somebody came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from modelkeep.app import companions, library
from modelkeep.app.query import PARAMETERS, USUAL, ModelQuery, SearchRequest

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager

#: A list grows to so many models, then its next page begins.
MOST_SHOWN = 500


class BesideModel(msgspec.Struct, frozen=True):
    """A model beside another one.

    Attributes:
        key: Of the record.
        name: Of the record.
        listed: The list to come back to from there, as a query string.
    """

    key: str
    name: str
    listed: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"key": self.key, "name": self.name, "list": self.listed}


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Where a model is in a list.

    Attributes:
        before, after: The models beside it; None at an end, and where it is not in the list.
        number: Its place in the list, from 1; None where that is not known.
        total: Models of the whole list; None where counting them takes long.
    """

    before: BesideModel | None = None
    after: BesideModel | None = None
    number: int | None = None
    total: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "before": self.before.to_json() if self.before else None,
            "after": self.after.to_json() if self.after else None,
            "number": self.number,
            "total": self.total,
        }


def neighbours(manager: ModelManager, key: str, listed: str) -> Neighbours:
    """Return what is beside a model in a list.

    The part of the list that the query shows is looked through, and no more: the time does not
    grow with the library. Behind its end the list is longer, or its next part.

    Args:
        manager: Of the library.
        key: Of the model.
        listed: The query string of the list; what is no parameter of a search is passed on.

    Raises:
        UsageError: a parameter has a value that does not exist.
    """
    given = parse_qsl(listed, keep_blank_values=True)
    asked = [pair for pair in given if pair[0] in PARAMETERS and pair[0] != "facets"]
    query = SearchRequest.read(urlencode(asked)).query
    shown, following = _names(manager, query)
    at = next((number for number, one in enumerate(shown) if one.key == key), None)
    if at is None:
        return Neighbours()
    before = msgspec.structs.replace(shown[at - 1], listed=listed) if at else None
    after = None
    if at + 1 < len(shown):
        after = msgspec.structs.replace(shown[at + 1], listed=listed)
    elif following is not None:
        beyond, _ = _names(manager, replace(query, after=following, limit=1))
        if beyond:  # others may have removed it meanwhile
            after = msgspec.structs.replace(beyond[0], listed=_longer(given, query, following))
    if query.after is not None:
        return Neighbours(before, after)
    total = None if query.partner else manager.records.count(query.where)
    return Neighbours(before, after, at + 1, total)


def _longer(given: list[tuple[str, str]], query: ModelQuery, following: str) -> str:
    """Return the list that also shows what follows its end, as a query string."""
    limit, after = (query.limit or USUAL) + USUAL, query.after
    if limit > MOST_SHOWN or after is not None:
        limit, after = query.limit or USUAL, following
    kept = [pair for pair in given if pair[0] not in {"limit", "after"}]
    return urlencode([*kept, ("limit", str(limit)), *([("after", after)] if after else [])])


def _names(manager: ModelManager, query: ModelQuery) -> tuple[list[BesideModel], str | None]:
    if query.partner:
        found, following = companions.page_json(manager, query)
    else:
        library.refuse_unknown_roots(manager, query.where.roots)
        page = manager.records.page_json(
            query.where,
            order=query.order,
            limit=query.limit or USUAL,
            after=library.end_of(manager, query.after),
        )
        found, following = page.items, library.end_token(manager, page.next)
    return [msgspec.json.decode(record, type=BesideModel) for record in found], following
