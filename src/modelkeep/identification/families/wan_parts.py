"""What steers a Wan model from a file of its own: VACE alone, and what makes it speak."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import Condition, Dim, Has, Lacks
from modelkeep.identification.families._wan_modules import SIZES
from modelkeep.identification.family import Family
from modelkeep.identification.prefixes import DENOISER
from modelkeep.identification.rules import Rule

_BASE = BaseModelType.Wan
_WIDTHS = tuple(size.width for size in SIZES)
#: The model itself, under the names of each program.
_ALONE = Lacks("head.modulation", "head.head.bias", "condition_embedder.time_proj.bias")


def _control(name: str, *requires: Condition) -> Rule:
    return Rule(
        name=f"wan controlnet, {name}",
        type=ModelType.ControlNet,
        base=_BASE,
        format=ModelFormat.Checkpoint,
        part=DENOISER,
        requires=(*requires, _ALONE),
    )


FAMILY = Family(
    name="wan-parts",
    base=_BASE,
    rules=(
        _control(
            "VACE",
            Dim("vace_patch_embedding.bias", 0, _WIDTHS, "hidden width"),
            Has("vace_blocks.0.before_proj.bias"),
        ),
        _control(
            "MultiTalk",
            Has("audio_proj.proj1.bias", "audio_proj.proj2.bias"),
            Has("blocks.0.audio_cross_attn.proj.bias"),
        ),
    ),
)
