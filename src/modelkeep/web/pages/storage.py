"""``/storage``: where the bytes are, and what could go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import Query, Request, Response

from modelkeep.app import duplicates, library, trash
from modelkeep.app.disks import disks
from modelkeep.app.kinds import label_of_base, label_of_type
from modelkeep.app.leftovers import leftovers
from modelkeep.app.manager import ModelManager
from modelkeep.app.query import ModelQuery
from modelkeep.app.storage import storage
from modelkeep.core import limits
from modelkeep.records.listing import KindTotal, RecordFilter
from modelkeep.web.context import Context
from modelkeep.web.frame import page
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes
from modelkeep.web.treemap import Cell, treemap

router = Router(include_in_schema=False)
ROUTES = Routes("storage_page", router)

_STEP = 100
_MOST = 1_000
#: Groups of duplicates, and entries of other lists, that one page shows.
_SHOWN = 200


@router.get("/storage")
def storage_page(
    request: Request,
    context: Context,
    show: str = "",
    limit: Annotated[int, Query(ge=1, le=_MOST)] = _STEP,
) -> Response:
    """Show where the bytes are, or one list of what could go."""
    shown = show if show in _LISTS else "overview"
    values = _LISTS[shown](context.manager, limit)
    template = f"storage_{shown}.html"
    return page(request, template, title="Storage", section="storage", shown=shown, **values)


def _overview(manager: ModelManager, _limit: int) -> Mapping[str, Any]:
    found = storage(manager)
    counts = manager.records.facets(RecordFilter(), ["state", "used"]).counts
    return {
        "storage": found,
        "models": sum(kind.models for kind in found.kinds),
        "bytes": sum(kind.size for kind in found.kinds),
        "disks": disks(found.roots),
        "cells": _picture(found.kinds),
        "missing": counts["state"].get("missing", 0),
        "type_label": label_of_type,
        "base_label": label_of_base,
    }


def _picture(kinds: tuple[KindTotal, ...]) -> list[tuple[int, Cell[KindTotal]]]:
    """Return an area for each type and base, those of one type together, with its colour."""
    types: dict[str, list[KindTotal]] = {}
    for kind in kinds:
        types.setdefault(kind.type, []).append(kind)
    sums = [(name, float(sum(kind.size for kind in some))) for name, some in types.items()]
    return [
        (colour, cell)
        for colour, whole in enumerate(treemap(sums))
        for cell in treemap([(kind, kind.size) for kind in types[whole.item]], whole)
    ]


def _duplicates(manager: ModelManager, _limit: int) -> Mapping[str, Any]:
    search = duplicates.search(manager, same_name=False)
    groups = duplicates.known_duplicates(search)
    return {
        "groups": groups[:_SHOWN],
        "total": len(groups),
        "frees": sum(one.group.frees for one in groups),
        "unread": search.unread,
        "passed": search.passed,
    }


def _missing(manager: ModelManager, _limit: int) -> Mapping[str, Any]:
    found = library.missing(manager, ModelQuery()).models
    return {"models": found[:_SHOWN], "total": len(found)}


def _leftovers(manager: ModelManager, _limit: int) -> Mapping[str, Any]:
    return {"left": leftovers(manager), "most": _SHOWN}


def _trash(manager: ModelManager, _limit: int) -> Mapping[str, Any]:
    found = trash.entries(manager)
    return {
        "entries": list(reversed(found))[:_SHOWN],
        "total": len(found),
        "frees": trash.freed(found),
        "days": limits.TRASH_DAYS,
        "type_label": label_of_type,
        "base_label": label_of_base,
    }


def _largest(manager: ModelManager, limit: int) -> Mapping[str, Any]:
    return _by_size(manager, RecordFilter(), limit)


def _unused(manager: ModelManager, limit: int) -> Mapping[str, Any]:
    return _by_size(manager, RecordFilter(used=("never",)), limit)


def _by_size(manager: ModelManager, where: RecordFilter, limit: int) -> Mapping[str, Any]:
    found = manager.records.page(where, order="size", limit=limit)
    return {
        "models": found.items,
        "total": manager.records.count(where),
        "more": min(limit + _STEP, _MOST) if found.next and limit < _MOST else 0,
        "type_label": label_of_type,
        "base_label": label_of_base,
    }


_LISTS: Mapping[str, Callable[[ModelManager, int], Mapping[str, Any]]] = {
    "overview": _overview,
    "duplicates": _duplicates,
    "missing": _missing,
    "leftovers": _leftovers,
    "trash": _trash,
    "largest": _largest,
    "unused": _unused,
}
