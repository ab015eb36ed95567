"""What a model was tuned from, and what its header says that it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

from modelkeep.core.base_names import spaced
from modelkeep.core.identity import Evidence
from modelkeep.identification.facts.chosen import chosen
from modelkeep.identification.family import Lineage
from modelkeep.identification.gguf_words import word_evidence
from modelkeep.identification.rules import Match
from modelkeep.identification.view import ModelView

if TYPE_CHECKING:
    from modelkeep.identification.opinions import Opinion

#: Fields of a header in which a parent is named, the surest first.
_PARENT_FIELDS = (
    "modelspec.architecture",
    "ss_base_model_version",
    "baseModel",
    "ss_sd_model_name",
    "modelspec.title",
    "modelspec.merged_from",
)
_LONGEST_PARENT = 200


def find_lineage(
    view: ModelView,
    match: Match,
    lineages: tuple[Lineage, ...],
    opinions: Sequence[Opinion] = (),
) -> tuple[str | None, Sequence[Evidence]]:
    """Return the parent of a model and why; nothing where nothing tells.

    Proof comes first, then the header, then what others say, then the name; within each the first
    that fits.
    """
    variant = match.variant.name if match.variant else None
    fitting = [
        one for one in lineages if variant is None or not one.variants or variant in one.variants
    ]
    unfit = {one.name for one in lineages} - {one.name for one in fitting}
    told = [(one.lineage, one.evidence) for one in opinions if one.lineage]
    sources = (
        islice(_proven(view, match, fitting), 1),
        islice(_in_header(view, fitting), 1),
        (one for one in told if one[0] not in unfit),
        islice(_in_name(view, fitting), 1),
    )
    return chosen(chain.from_iterable(sources))


def _proven(
    view: ModelView, match: Match, lineages: Sequence[Lineage]
) -> Iterator[tuple[str, Evidence]]:
    for one in lineages:
        evidence = one.sign.check(view.under(match.rule.part)) if one.sign else None
        if evidence is not None:
            yield one.name, evidence


def _in_header(view: ModelView, lineages: Sequence[Lineage]) -> Iterator[tuple[str, Evidence]]:
    for field in _PARENT_FIELDS:
        stated = view.metadata.get(field, "")[:_LONGEST_PARENT]
        for one in lineages if stated else ():
            if re.search(one.words, spaced(stated)):
                yield one.name, Evidence("metadata", f"{field} says {stated!r}")


def _in_name(view: ModelView, lineages: Sequence[Lineage]) -> Iterator[tuple[str, Evidence]]:
    for one in lineages:
        if found := re.search(one.words, view.hints):
            yield one.name, Evidence("name", f"its name says {found.group()!r}")


def declared_evidence(view: ModelView, match: Match) -> Iterator[Evidence]:
    """Yield what the metadata states about the base: that it agrees, or that the keys decide."""
    for name in view.declared:
        agrees = name.base == match.rule.base
        doubt = "" if agrees else "; the tensors say otherwise and decide"
        yield Evidence("metadata", f"{name.field} says {name.value!r}{doubt}")
    if (told := word_evidence(view, match)) is not None:
        yield told
