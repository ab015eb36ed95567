"""The models of the library: pages, counts, missing models, a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from modelkeep.app.text import ListedModel, ModelPlace, Table, model_table
from modelkeep.core.names import counted, path_to_text, shown, size_text
from modelkeep.core.roots import MODELS_ROOT, NO_ROOT
from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType, format_label, type_label
from modelkeep.errors import DatabaseError, StorageError, UsageError
from modelkeep.records.dialects.sqlite_list import all_by_name
from modelkeep.records.listing import FacetName, Facets, KindTotal, RecordFilter

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.app.query import ModelQuery
    from modelkeep.core.configs import ModelConfigBase

#: Names that the completion of a word shows at most.
_COMPLETIONS = 50


@dataclass(frozen=True, slots=True)
class ModelLines:
    """One page of models as a table shows them, and the cursor of the next page.

    Attributes:
        next: What the next query has as ``after``; None on the last page.
        offline: Why models are offline and how they come back, by key.
    """

    models: Sequence[ListedModel]
    next: str | None = None
    offline: Mapping[str, str] | None = None

    def table(self) -> Table:
        """Return the models as a table."""
        return model_table(self.models, self.offline or ())

    @property
    def notes(self) -> list[str]:
        """What people should know about them."""
        reasons = Counter((self.offline or {}).values())
        return [f"{counted(count, 'model')} offline: {why}" for why, count in reasons.items()]


@dataclass(frozen=True, slots=True)
class ModelPage(ModelLines):
    """Some models with all that is recorded of them."""

    models: tuple[ModelConfigBase, ...]

    def each_json(self) -> Iterator[dict[str, Any]]:
        """Give each model as plain values; of one in an offline root the state is not known."""
        for model in self.models:
            state = {"state": "offline"} if model.key in (self.offline or ()) else {}
            yield {**model.to_json(), **state}

    def to_json(self) -> dict[str, Any]:
        """Return the page as plain values."""
        return {"items": list(self.each_json()), "next": self.next}


@dataclass(frozen=True, slots=True)
class FacetCounts:
    """How many models have each value."""

    facets: Facets

    def rows(self) -> Iterator[tuple[str, str, int]]:
        """Give facet, value and count, the most frequent values of each facet first."""
        for name, counts in self.facets.counts.items():
            for value, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
                yield name, value, count

    def each_json(self) -> Iterator[dict[str, Any]]:
        """Give each count as plain values."""
        for name, value, count in self.rows():
            yield {"facet": name, "value": value, "count": count}

    def to_json(self) -> dict[str, Any]:
        """Return the counts as plain values."""
        return {name: dict(counts) for name, counts in self.facets.counts.items()}

    def table(self) -> Table:
        """Return the counts as a table."""
        rows = [(name, facet_label(name, value), f"{n:,}") for name, value, n in self.rows()]
        return Table.of(("FACET", "VALUE", "MODELS"), rows)


@dataclass(frozen=True, slots=True)
class Summary:
    """The library in numbers.

    Attributes:
        kinds: Models and bytes by type and base.
    """

    root: Path
    kinds: tuple[KindTotal, ...]

    @property
    def models(self) -> int:
        """How many models there are."""
        return sum(kind.models for kind in self.kinds)

    @property
    def size(self) -> int:
        """Bytes of all models."""
        return sum(kind.size for kind in self.kinds)

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as plain values."""
        return {"root": path_to_text(self.root), "models": self.models, "size": self.size}

    def table(self) -> Table:
        """Return the numbers as a table."""
        from modelkeep.identification.known_families import base_label

        rows = sorted(
            (type_label(ModelType(k.type)), base_label(BaseModelType(k.base)), str(k.models))
            for k in self.kinds
        )
        return Table.of(("TYPE", "BASE", "MODELS"), rows)

    def __str__(self) -> str:
        models = counted(self.models, "model")
        return f"Library in {shown(self.root)}: {models}, {size_text(self.size)}"


def page(manager: ModelManager, query: ModelQuery) -> ModelPage:
    """Return the models that a query asks for.

    Raises:
        UsageError: the query names a root that does not exist, or ``after`` is no page's ``next``.
    """
    refuse_unknown_roots(manager, query.where.roots)
    records, following = manager.records, None
    if query.limit is None:
        found = list(records.each(query.where, order=query.order))
    else:
        after = end_of(manager, query.after)
        got = records.page(query.where, order=query.order, limit=query.limit, after=after)
        found, following = got.items, end_token(manager, got.next)
    return ModelPage(tuple(found), following, offline_models(manager, found))


def lines(manager: ModelManager, query: ModelQuery) -> ModelLines:
    """Return what a table shows of the models that a query asks for.

    All models by name, the usual list, are read without loading what makes records of them.

    Raises:
        UsageError: as ``page``.
    """
    if query.is_everything and query.order == "name" and query.limit is None:
        found = all_by_name(manager.settings)
        if found is not None:
            return ModelLines(found, None, offline_models(manager, found))
    return page(manager, query)


def missing(manager: ModelManager, query: ModelQuery) -> ModelPage:
    """Return those of the models whose files are gone, from a look at the disk."""
    from modelkeep.library.condition import FileStatus, survey

    refuse_unknown_roots(manager, query.where.roots)
    seen = survey(manager.presence)
    gone = {key for key, model in seen.items() if model.condition is FileStatus.MISSING}
    if not gone:  # as mostly: no record has to be read
        return ModelPage(())
    each = manager.records.each(query.where, order=query.order)
    return ModelPage(tuple(islice((model for model in each if model.key in gone), query.limit)))


def facets(
    manager: ModelManager,
    where: RecordFilter,
    names: Iterable[FacetName] = get_args(FacetName),
) -> FacetCounts:
    """Count the values that occur in the models of a filter."""
    refuse_unknown_roots(manager, where.roots)
    return FacetCounts(manager.records.facets(where, names))


def summary(manager: ModelManager) -> Summary:
    """Return the library in numbers; no model is loaded for it."""
    return Summary(manager.settings.root, tuple(manager.records.totals()))


def offline_roots(manager: ModelManager, names: set[str]) -> dict[str, str]:
    """Return why roots other than that of installed models are offline, and how they come back."""
    presence = manager.presence if names - {MODELS_ROOT, NO_ROOT} else None
    if presence is None:
        return {}
    reasons = {name: presence.why_offline(name) for name in sorted(names - {MODELS_ROOT})}
    return {name: f"{why}. {presence.hint_for(name)}" for name, why in reasons.items() if why}


def offline_models(manager: ModelManager, models: Sequence[ModelPlace]) -> dict[str, str]:
    """Return why models are offline, by key: their root is, or a folder that a program names."""
    reasons = offline_roots(manager, {model.root for model in models})
    found = {m.key: reasons[m.root] for m in models if m.root in reasons}
    if all(root.layout == "plain" for root in manager.settings.roots.values()):
        return found
    from modelkeep.library.named_folders import NamedFolders

    presence = manager.presence
    folders, roots = NamedFolders(presence), presence.registered()
    for model in models if folders.away else ():
        path = roots.locate(model.root, model.path, presence.models_dir)
        if path is not None and (away := folders.around(path)) is not None:
            found.setdefault(model.key, f"{away.why}. {away.hint}")
    return found


def names_beginning(manager: ModelManager, text: str, limit: int = _COMPLETIONS) -> list[str]:
    """Return names of models that begin with ``text``, or keys where no name does.

    The catalogue is asked for a few models; none of the others are loaded.
    """
    where = RecordFilter(text=text)
    found = manager.records.page(where, order="relevance" if text else "name", limit=limit).items
    names = {model.name for model in found if model.name.startswith(text)}
    return sorted(names) or manager.records.keys_with_prefix(text, limit)


def facet_label(facet: str, value: str) -> str:
    """Return what people see for a value of a facet."""
    if facet == "root" and value == NO_ROOT:
        return "(in no root)"
    if not value:
        return "(not known)"
    if facet == "type":
        return type_label(ModelType(value))
    if facet == "format":
        label = format_label(ModelFormat(value))
        return value if label == value else f"{value} ({label})"
    if facet != "base":
        return value
    from modelkeep.identification.known_families import base_label

    return base_label(BaseModelType(value))


def end_token(manager: ModelManager, cursor: str | None) -> str | None:
    """Return a short token for where a page ended; the cursor itself where none can be kept."""
    if cursor is None:
        return None
    from modelkeep.jobs.page_ends import token_for

    try:
        return token_for(manager.presence.state, cursor)
    except (StorageError, DatabaseError):
        return cursor


def end_of(manager: ModelManager, after: str | None) -> str | None:
    """Return the cursor that a token stands for; whatever else it is stays as it is."""
    from modelkeep.jobs.page_ends import TOKEN_LENGTH, cursor_of

    if after is None or len(after) != TOKEN_LENGTH:
        return after
    with suppress(StorageError, DatabaseError):
        return cursor_of(manager.presence.state, after) or after
    return after


def refuse_unknown_roots(manager: ModelManager, wanted: Iterable[str]) -> None:
    """Raise unless all these roots exist, or models are recorded in them.

    Raises:
        UsageError: one does not.
    """
    if not (asked := set(wanted) - {NO_ROOT}):
        return
    records = manager.records
    counts = records.facets(RecordFilter(), ["root"]).counts["root"]
    known = {MODELS_ROOT, *records.roots.named, *counts} - {NO_ROOT}
    if unknown := sorted(asked - known):
        hint = f"Roots are: {', '.join(sorted(known))}"
        raise UsageError(f"No such root: {unknown[0]!r}", hint=hint)
