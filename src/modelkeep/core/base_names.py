"""``BaseNames``: what people, sites and trainers call the bases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from modelkeep.core.taxonomy import BaseModelType

_LONGEST = 80


class NamedLineage(Protocol):
    """What the models of a base may be tuned from, as far as names go."""

    @property
    def name(self) -> str:
        """The word that people know it by."""
        ...

    @property
    def words(self) -> str:
        """Regular expression for names; see ``spaced``."""
        ...


class NamedBase(Protocol):
    """The names of one base, as its family states them."""

    @property
    def base(self) -> BaseModelType:
        """The base."""
        ...

    @property
    def label(self) -> str:
        """What people are shown; empty where another family of the base states it."""
        ...

    @property
    def words(self) -> Sequence[str]:
        """Other names that people use."""
        ...

    @property
    def sites(self) -> Mapping[str, Sequence[str]]:
        """The names that a site uses, by the name of the site."""
        ...

    @property
    def declared(self) -> Sequence[str]:
        """Beginnings of the names that trainers write in headers, in lower case."""
        ...

    @property
    def lineages(self) -> Sequence[NamedLineage]:
        """What its models may be tuned from."""
        ...


class BaseNames(msgspec.Struct, frozen=True, eq=False):
    """The names of all bases.

    Attributes:
        labels: What people are shown, by base.
        words: The base that a folded word means.
        sites: The names that a site uses, by site and base.
        declared: Beginning of a declared name and its base, longer ones first.
        lineages: Lineages by base.
    """

    labels: Mapping[BaseModelType, str] = msgspec.field(default_factory=dict)
    words: Mapping[str, BaseModelType] = msgspec.field(default_factory=dict)
    sites: Mapping[tuple[str, BaseModelType], tuple[str, ...]] = msgspec.field(default_factory=dict)
    declared: tuple[tuple[str, BaseModelType], ...] = ()
    lineages: Mapping[BaseModelType, tuple[NamedLineage, ...]] = msgspec.field(default_factory=dict)

    @classmethod
    def of(cls, named: Iterable[NamedBase]) -> BaseNames:
        """Join the names that families state; of two with one name the first keeps it."""
        known = tuple(named)
        labels: dict[BaseModelType, str] = {}
        words = {_fold(base.value): base for base in BaseModelType}
        words["other"] = BaseModelType.Unknown
        sites: dict[tuple[str, BaseModelType], tuple[str, ...]] = {}
        declared: dict[str, BaseModelType] = {}
        lineages: dict[BaseModelType, tuple[NamedLineage, ...]] = {}
        for one in known:
            words.setdefault(_fold(one.base.value), one.base)
            if one.label:
                labels.setdefault(one.base, one.label)
                words.setdefault(_fold(one.label), one.base)
            lineages[one.base] = (*lineages.get(one.base, ()), *one.lineages)
        for one in known:
            of_sites = [word for names in one.sites.values() for word in names]
            for word in (*one.words, *of_sites):
                words.setdefault(_fold(word), one.base)
            for site, names in one.sites.items():
                key = (site, one.base)
                sites[key] = (*sites.get(key, ()), *names)
            for beginning in one.declared:
                declared.setdefault(beginning, one.base)
        longest_first = sorted(declared.items(), key=lambda item: (-len(item[0]), item[0]))
        return cls(labels, words, sites, tuple(longest_first), lineages)

    def label(self, base: BaseModelType) -> str:
        """Return what people call a base; its value where no family names it."""
        return self.labels.get(base, str(base))

    def base_of(self, text: str) -> BaseModelType | None:
        """Return the base that a person or a site means by ``text``, or None."""
        return self.words.get(_fold(text))

    def of_site(self, site: str, base: str) -> tuple[str, ...]:
        """Return the names that a site uses for a base; none where it has no such models."""
        return self.sites.get((site, BaseModelType(base)), ())

    def declared_base(self, text: str) -> BaseModelType | None:
        """Return the base that a name in a header means, or None."""
        folded = text[:_LONGEST].strip().casefold()
        return next((base for start, base in self.declared if folded.startswith(start)), None)

    def lineage_of(self, text: str) -> str | None:
        """Return the lineage that a site means by its name of a base, such as Pony, or None."""
        base = self.base_of(text)
        found = self.lineages.get(base, ()) if base is not None else ()
        return next((one.name for one in found if re.search(one.words, spaced(text))), None)


def spaced(text: str) -> str:
    """Return ``text`` in lower case with ``_``, ``-`` and ``.`` as spaces."""
    return re.sub(r"[_\-.\s]+", " ", text.casefold())


def _fold(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())
