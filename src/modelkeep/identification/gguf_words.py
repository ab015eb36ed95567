"""Words that converters write into GGUF files for an architecture, which several bases may share.

Converters find the word by a few tensors, so it says less than the header of a trainer does: it
decides only between bases whose tensors fit alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from modelkeep.core.identity import Evidence
from modelkeep.core.taxonomy import BaseModelType as Base
from modelkeep.core.taxonomy import ModelType
from modelkeep.identification.rules import Match
from modelkeep.identification.view import ModelView

_FIELD: Final = "general.architecture"
#: The bases that each word is written for; "pig" and words of language models say nothing here.
_BASES: Mapping[str, frozenset[Base]] = {
    "flux": frozenset({Base.Flux, Base.Flux2, Base.Chroma, Base.OvisImage}),
    "sd1": frozenset({Base.StableDiffusion1, Base.StableDiffusion2}),
    "sdxl": frozenset({Base.StableDiffusionXL, Base.Kolors}),
    "sd3": frozenset({Base.StableDiffusion3}),
    "aura": frozenset({Base.AuraFlow}),
    "hidream": frozenset({Base.HiDream}),
    "cosmos": frozenset({Base.Cosmos, Base.Anima}),
    "ltxv": frozenset({Base.LTXVideo}),
    "hyvid": frozenset({Base.HunyuanVideo, Base.HunyuanImage}),
    "wan": frozenset({Base.Wan}),
    "lumina2": frozenset({Base.Lumina2, Base.ZImage}),
    "qwen_image": frozenset({Base.QwenImage}),
}


def bases_of_word(view: ModelView) -> frozenset[Base]:
    """Return the bases that the architecture of a GGUF header may mean; none where it says none."""
    return _BASES.get(_word(view), frozenset())


def word_evidence(view: ModelView, match: Match) -> Evidence | None:
    """Return what the architecture of a GGUF header says about a main model; None for others."""
    bases = bases_of_word(view)
    if not bases or match.rule.type is not ModelType.Main:
        return None
    doubt = "" if match.rule.base in bases else "; the tensors say otherwise and decide"
    return Evidence("metadata", f"{_FIELD} says {_word(view)!r}{doubt}")


def _word(view: ModelView) -> str:
    if view.is_folder or view.tensors.header.container != "gguf":
        return ""
    return view.metadata.get(_FIELD, "")
