"""What models were tuned from where that matters to people and keys cannot tell."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from modelkeep.core.identity import Evidence
from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Has,
    Lacks,
    PipelineClass,
)
from modelkeep.identification.rules import Match
from modelkeep.identification.view import ModelView, spaced

#: Fields of a header in which a parent is named, the surest first.
_FIELDS = (
    "modelspec.architecture",
    "ss_base_model_version",
    "baseModel",
    "ss_sd_model_name",
    "modelspec.title",
    "modelspec.merged_from",
)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Lineage:
    """One parent that models of a base may have.

    Attributes:
        name: The word that people know it by.
        base: The base whose models it is looked for in.
        words: Regular expression for metadata and names, in lower case with spaces for ``_-.``.
        sign: A condition that proves it where keys or configs can.
        variants: Variants of main models that it goes with; all when empty.
    """

    name: str
    base: BaseModelType
    words: str
    sign: Condition | None = None
    variants: frozenset[str] = field(default_factory=frozenset)


_SDXL = BaseModelType.StableDiffusionXL
_FLUX = BaseModelType.Flux
_DEV = frozenset({"dev"})

LINEAGES: tuple[Lineage, ...] = (
    Lineage(
        "playground",
        _SDXL,
        r"\bplayground ?v?2",
        Has("edm_mean", "edm_std"),
    ),
    Lineage(
        "ssd-1b",
        _SDXL,
        r"\bssd 1b\b",
        AnyOf(
            AllOf(
                Has("input_blocks.7.1.transformer_blocks.3.norm1.weight"),
                Lacks("input_blocks.7.1.transformer_blocks.4.norm1.weight"),
            ),
            AllOf(
                Has("down_blocks.2.attentions.0.transformer_blocks.3.norm1.weight"),
                Lacks("down_blocks.2.attentions.0.transformer_blocks.4.norm1.weight"),
            ),
        ),
    ),
    Lineage("noobai", _SDXL, r"\bnoob ?(ai)?\b|\bnoobai"),
    Lineage("illustrious", _SDXL, r"\billustrious|\bilxl\b|\bilust"),
    Lineage("pony", _SDXL, r"\bpony(?! ?tails?\b)"),
    Lineage("animagine", _SDXL, r"\banimagine"),
    Lineage("kontext", _FLUX, r"\bkontext", PipelineClass("FluxKontext*"), _DEV),
    Lineage("krea", _FLUX, r"\bkrea\b(?! ?2)", None, _DEV),
)


def find_lineage(
    view: ModelView, match: Match, lineages: tuple[Lineage, ...]
) -> tuple[str | None, Evidence | None]:
    """Return the parent of a model and why, or two Nones.

    Proof comes first, then metadata, then the name; within each the first in the table.
    """
    rule = match.rule
    variant = match.variant.name if match.variant else None
    fitting = [
        one
        for one in lineages
        if one.base is rule.base
        and (variant is None or not one.variants or variant in one.variants)
    ]
    for one in fitting:
        evidence = one.sign.check(view, rule.part) if one.sign else None
        if evidence is not None:
            return one.name, evidence
    for field_name in _FIELDS:
        said = view.metadata.get(field_name, "")[:_LONGEST]
        if said:
            for one in fitting:
                if re.search(one.words, spaced(said)):
                    return one.name, Evidence("metadata", f"{field_name} says {said!r}")
    for one in fitting:
        found = re.search(one.words, view.hints)
        if found:
            return one.name, Evidence("name", f"its name says {found.group()!r}")
    return None, None
