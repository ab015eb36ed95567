"""``BaseNames``: what people, sites and trainers call the bases."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from modelkeep.core.taxonomy import BaseModelType, folded

_LONGEST = 80


class BaseNames(msgspec.Struct, frozen=True, eq=False):
    """The names of all bases.

    Attributes:
        labels: What people are shown, by base.
        words: The base that a word means; see ``folded``.
        sites: The names that a site uses, by site and base.
        declared: First word of a declared name and its base, longer ones first.
        lineages: Lineages by base: name, and regular expression for names (see ``spaced``).
    """

    labels: Mapping[BaseModelType, str] = msgspec.field(default_factory=dict)
    words: Mapping[str, BaseModelType] = msgspec.field(default_factory=dict)
    sites: Mapping[tuple[str, BaseModelType], tuple[str, ...]] = msgspec.field(default_factory=dict)
    declared: tuple[tuple[str, BaseModelType], ...] = ()
    lineages: Mapping[BaseModelType, tuple[tuple[str, str], ...]] = msgspec.field(
        default_factory=dict
    )

    def label(self, base: BaseModelType) -> str:
        """Return what people call a base; its value where no family names it."""
        return self.labels.get(base, str(base))

    def base_of(self, text: str) -> BaseModelType | None:
        """Return the base that a person or a site means by ``text``, or None."""
        return self.words.get(folded(text))

    def base_on_site(self, site: str, text: str) -> BaseModelType | None:
        """Return the base that a site means by ``text``, or None.

        A site may call one base what another one's name is here: Civitai's Lumina is Lumina 2.
        """
        name = folded(text)
        named = (base for (of, base), words in self.sites.items() if of == site
                 for word in words if folded(word) == name)  # fmt: skip
        return next(named, None) or self.base_of(text)

    def of_site(self, site: str, base: str) -> tuple[str, ...]:
        """Return the names that a site uses for a base; none where it has no such models."""
        return self.sites.get((site, BaseModelType(base)), ())

    def declared_base(self, text: str) -> BaseModelType | None:
        """Return the base that a name in a header means, or None."""
        name = text[:_LONGEST].strip().casefold()
        starts = ((start, base) for start, base in self.declared if name.startswith(start))
        # "anima-preview" is Anima, "animagine" is not.
        return next((base for start, base in starts if not name[len(start) :][:1].isalpha()), None)

    def claimed_base(self, site: str, text: str) -> BaseModelType | None:
        """Return the base that a site means by ``text``, also by a repository, or None."""
        word = text.rpartition("/")[2]
        return self.base_on_site(site, word) or self.declared_base(word)

    def lineage_of(self, text: str, base: BaseModelType | None = None) -> str | None:
        """Return the lineage that a site means by its name of a base, such as Pony, or None.

        Args:
            text: The name.
            base: What it is a name of; found by the name when None.
        """
        base = base or self.base_of(text)
        found = self.lineages.get(base, ()) if base is not None else ()
        return next((name for name, words in found if re.search(words, spaced(text))), None)


def spaced(text: str) -> str:
    """Return ``text`` in lower case with ``_``, ``-`` and ``.`` as spaces."""
    return re.sub(r"[_\-.\s]+", " ", text.casefold())
