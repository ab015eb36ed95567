"""The models that work with one: what a main model can be used with, and the reverse."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from modelkeep.app import library
from modelkeep.app.text import Table
from modelkeep.core.companions import Fit, bases_for, fit, order_of, types_for
from modelkeep.core.identity import Evidence
from modelkeep.core.taxonomy import BaseModelType, ModelType, RecordState
from modelkeep.errors import UsageError
from modelkeep.records.listing import RecordFilter

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.app.query import ModelQuery
    from modelkeep.core.configs import ModelConfigBase

#: Where a companion stands in the list; see ``order_of``; the last is its key.
_Place = tuple[int, int, int, str, str]


class _Candidate(msgspec.Struct):
    """What the rules ask of a record; the rest of it is not looked at."""

    key: str
    name: str
    type: ModelType
    base: BaseModelType
    lineage: str | None = None
    source: str | None = None
    variant: str | None = None
    fits: tuple[str, ...] | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """One model that works with another, and its record as JSON."""

    place: _Place
    fit: Fit
    record: bytes
    type: ModelType

    def to_bytes(self) -> bytes:
        """Return the record as JSON, with how it goes with the other."""
        told = msgspec.json.encode({"is_certain": self.fit.is_certain, "reason": self.fit.reason})
        return self.record[:-1] + b',"companion":' + told + b"}"


@dataclass(frozen=True, slots=True)
class CompanionPage(library.ModelPage):
    """Some models that work with one, the likeliest first.

    Attributes:
        fits: How each of them goes with it.
    """

    fits: tuple[Fit, ...] = ()

    def each_json(self) -> Iterator[dict[str, Any]]:
        """Give each model as plain values, with how it goes with the other."""
        for line, each in zip(library.ModelPage.each_json(self), self.fits, strict=True):
            told = {"is_certain": each.is_certain, "reason": each.reason}
            yield {**line, "companion": told}

    def table(self) -> Table:
        """Return the models as a table that says why they are in it."""
        table = library.ModelPage.table(self)
        rows = zip(table.rows, self.fits, strict=True)
        return Table.of((*table.titles, "WORKS"), [(*row, each.reason) for row, each in rows])


def companions(
    manager: ModelManager, model: ModelConfigBase, where: RecordFilter
) -> list[ModelConfigBase]:
    """Return the records that work with a model and match a filter, the likeliest first.

    Args:
        manager: Of the library.
        model: A main model, or a part that main models are used with.
        where: What else they have to be like.
    """
    return [manager.records.get_model(each.place[-1]) for each in _found(manager, model, where)]


@dataclass(frozen=True, slots=True)
class CompanionGroup:
    """The models of one type that work with another model.

    Attributes:
        count: How many there are; some of them may only fit.
        certain: How many surely fit.
        models: The likeliest of them.
        fits: How each of these goes with it.
    """

    type: ModelType
    count: int
    certain: int
    models: tuple[ModelConfigBase, ...]
    fits: tuple[Fit, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "type": self.type.value,
            "count": self.count,
            "certain": self.certain,
            "keys": [model.key for model in self.models],
        }


def groups(manager: ModelManager, model: ModelConfigBase, shown: int) -> list[CompanionGroup]:
    """Return what works with a model by type, with the ``shown`` likeliest of each."""
    by_type: dict[ModelType, list[_Found]] = {}
    for each in _found(manager, model, RecordFilter()):
        by_type.setdefault(each.type, []).append(each)
    get = manager.records.get_model
    return [
        CompanionGroup(
            kind,
            len(found),
            sum(each.fit.is_certain for each in found),
            tuple(get(each.place[-1]) for each in found[:shown]),
            tuple(each.fit for each in found[:shown]),
        )
        for kind in types_for(model)
        if (found := by_type.get(kind))
    ]


def page(manager: ModelManager, query: ModelQuery) -> CompanionPage:
    """Return a page of the models that work with the one that a query names.

    Raises:
        UnknownModelException, DuplicateModelException: it names none, or several.
        UsageError: ``after`` is no page's ``next``.
    """
    shown, following = _page(manager, query)
    models = tuple(manager.records.get_model(each.place[-1]) for each in shown)
    offline = library.offline_models(manager, models)
    return CompanionPage(models, following, offline, tuple(each.fit for each in shown))


def page_json(manager: ModelManager, query: ModelQuery) -> tuple[list[bytes], str | None]:
    """Return the same page as JSON, and where the next one begins.

    Raises:
        UnknownModelException, DuplicateModelException, UsageError: as ``page``.
    """
    shown, following = _page(manager, query)
    return [each.to_bytes() for each in shown], following


def keys(manager: ModelManager, query: ModelQuery) -> list[str]:
    """Return the keys of all models that work with the one that a query names.

    Raises:
        UnknownModelException, DuplicateModelException: it names none, or several.
    """
    model = manager.find(query.partner)
    return [each.place[-1] for each in _found(manager, model, query.where)]


def _page(manager: ModelManager, query: ModelQuery) -> tuple[Sequence[_Found], str | None]:
    library.refuse_unknown_roots(manager, query.where.roots)
    after = _read_end(query.after) if query.after is not None else None
    found = _found(manager, manager.find(query.partner), query.where)
    left = iter(each for each in found if after is None or each.place > after)
    shown = list(islice(left, query.limit))
    is_last = query.limit is None or next(left, None) is None
    return shown, None if is_last or not shown else _end_after(shown[-1].place)


def _found(manager: ModelManager, model: ModelConfigBase, where: RecordFilter) -> list[_Found]:
    wanted = _narrowed(model, where)
    if wanted is None:
        return []
    found = []
    for record in manager.records.each_json(wanted):
        other = msgspec.json.decode(record, type=_Candidate)
        if other.key != model.key and (how := fit(model, other)) is not None:
            found.append(_Found((*order_of(model, other, how), other.key), how, record, other.type))
    return sorted(found, key=lambda each: each.place)


def _narrowed(model: ModelConfigBase, where: RecordFilter) -> RecordFilter | None:
    """Return a filter that lets through what may fit; None where nothing can.

    Models whose files are gone are left out, unless they are asked for.
    """
    bases = bases_for(model)
    choices: Mapping[str, tuple[str, ...]] = {
        "types": types_for(model),
        "bases": tuple(sorted(bases)) if bases is not None else (),
        "states": tuple(s for s in RecordState if s is not RecordState.MISSING),
    }
    narrowed: dict[str, Any] = {}
    for name, known in choices.items():
        asked: tuple[str, ...] = getattr(where, name)
        is_free = not asked or not known or name == "states"
        narrowed[name] = (asked or known) if is_free else tuple(w for w in asked if w in known)
        if asked and not narrowed[name]:
            return None
    return replace(where, **narrowed)


def _end_after(place: _Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _read_end(text: str) -> _Place:
    try:
        read = json.loads(base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
        place: _Place = msgspec.convert(read, _Place)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise UsageError(
            f"{text!r:.80} is not where a page of this list ended",
            hint="Give the `next` of the page before, with the same model.",
        ) from error
    return place
