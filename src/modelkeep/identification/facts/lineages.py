"""What a model was tuned from, and what its header says that it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelkeep.core.base_names import spaced
from modelkeep.core.identity import Evidence
from modelkeep.identification.family import Lineage
from modelkeep.identification.gguf_words import word_evidence
from modelkeep.identification.rules import Match
from modelkeep.identification.view import ModelView

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
    view: ModelView, match: Match, lineages: tuple[Lineage, ...]
) -> tuple[str | None, Evidence | None]:
    """Return the parent of a model and why, or two Nones.

    Proof comes first, then metadata, then the name; within each the first that fits.
    """
    variant = match.variant.name if match.variant else None
    fitting = [
        one for one in lineages if variant is None or not one.variants or variant in one.variants
    ]
    for one in fitting:
        evidence = one.sign.check(view.under(match.rule.part)) if one.sign else None
        if evidence is not None:
            return one.name, evidence
    for field in _PARENT_FIELDS:
        stated = view.metadata.get(field, "")[:_LONGEST_PARENT]
        for one in fitting if stated else ():
            if re.search(one.words, spaced(stated)):
                return one.name, Evidence("metadata", f"{field} says {stated!r}")
    for one in fitting:
        found = re.search(one.words, view.hints)
        if found:
            return one.name, Evidence("name", f"its name says {found.group()!r}")
    return None, None


def declared_evidence(view: ModelView, match: Match) -> Iterator[Evidence]:
    """Yield what the metadata states about the base: that it agrees, or that the keys decide."""
    for name in view.declared:
        agrees = name.base == match.rule.base
        doubt = "" if agrees else "; the tensors say otherwise and decide"
        yield Evidence("metadata", f"{name.field} says {name.value!r}{doubt}")
    if (told := word_evidence(view, match)) is not None:
        yield told
