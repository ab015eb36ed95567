"""Files known by their sha256: what they are that no tensor name can tell."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from modelkeep.core.identity import Evidence, Identification
from modelkeep.core.taxonomy import BaseModelType, ModelType, SchedulerPredictionType

_SDXL = BaseModelType.StableDiffusionXL


class KnownFile(msgspec.Struct, frozen=True):
    """One published file.

    Attributes:
        name: What its publisher calls it.
        found_in: The repository or page that has it under this hash.
        base: Of the model.
        lineage: What it was tuned from or what others tune from it.
        prediction_type: What it predicts, where its publisher says so.
        type: Of the model.
    """

    name: str
    found_in: str
    base: BaseModelType
    lineage: str
    prediction_type: SchedulerPredictionType | None = None
    type: ModelType = ModelType.Main


#: By the sha256 of the whole file, 64 lower-case hex characters.
KNOWN_FILES = {
    "67ab2fd8ec439a89b3fedb15cc65f54336af163c7eb5e4f2acc98f090a29b0b3": KnownFile(
        "Pony Diffusion V6 XL", "huggingface.co/AstraliteHeart/pony-diffusion-v6", _SDXL, "pony"
    ),
    "ea349eeae87ca8d25ba902c93810f7ca83e5c82f920edf12f273af004ae02819": KnownFile(
        "NoobAI-XL V-Pred 1.0",
        "huggingface.co/Laxhar/noobai-XL-Vpred-1.0",
        _SDXL,
        "noobai",
        SchedulerPredictionType.VPrediction,
    ),
}


def with_known_hash(found: Identification, sha256: str) -> Identification:
    """Return an identification with what is known of the file that has this hash.

    It wins over hints in headers and names. Where type or base differ, the tensors decide and
    nothing of it is taken.

    Args:
        found: What headers say.
        sha256: Of the whole file, 64 hex characters.
    """
    known = KNOWN_FILES.get(sha256.lower())
    if known is None or (known.type, known.base) != (found.type, found.base):
        return found
    reason = Evidence("hash", f"its sha256 is that of {known.name} ({known.found_in})")
    return replace(
        found,
        lineage=known.lineage,
        prediction_type=known.prediction_type or found.prediction_type,
        evidence=(*found.evidence, reason),
    )
