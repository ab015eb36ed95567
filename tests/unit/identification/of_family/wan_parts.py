"""What steers a Wan model from a file of its own."""

from __future__ import annotations

from sample_models import Shapes
from unit.identification.cases import Case, file
from unit.identification.of_family.wan import block, linear


def vace() -> Shapes:
    shapes: Shapes = {
        "vace_patch_embedding.weight": (5120, 96, 1, 2, 2),
        "vace_patch_embedding.bias": (5120,),
    }
    shapes |= linear("vace_blocks.0.before_proj", 5120, 5120)
    for number in range(8):
        name = f"vace_blocks.{number}"
        shapes |= block(name, 5120, 13824) | linear(f"{name}.after_proj", 5120, 5120)
    return shapes


def multitalk() -> Shapes:
    shapes = linear("audio_proj.proj1", 46080, 512) | linear("audio_proj.proj2", 512, 512)
    for number in range(40):
        name = f"blocks.{number}.audio_cross_attn"
        shapes |= linear(f"{name}.q_linear", 5120, 5120) | linear(f"{name}.proj", 5120, 5120)
        shapes |= linear(f"{name}.kv_linear", 768, 10240)
    return shapes


_ANSWER = ("controlnet", "wan", "checkpoint", None)
CASES = [
    Case("wan controlnet, VACE", _ANSWER, file(vace)),
    Case("wan controlnet, MultiTalk", _ANSWER, file(multitalk)),
]
