"""LingBot-Video: one dense size, and one with experts."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has
from modelkeep.identification.families._transformers import config, main_file, main_folder
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.LingBotVideo
_MARKS = ("patch_embedder.bias", "text_embedder.norm.weight", "norm_out_modulation.1.bias")

FAMILY = Family(
    name="lingbot-video",
    base=_BASE,
    label="LingBot-Video",
    words=("LingBot",),
    declared=("lingbot-video", "lingbot_video", "lingbotvideo"),
    marks=Marks(tensors=(Has(*_MARKS),)),
    rules=(
        main_file(
            _BASE,
            "original names",
            Has(*_MARKS),
            Has("time_modulation.1.bias", "time_embedder.linear_1.bias"),
            variants=(
                Variant("moe", (Has("blocks.#.ffn.experts.w1*"),)),
                Variant("dense"),
            ),
        ),
        main_folder(
            _BASE,
            ("LingBotVideo*",),
            ("LingBotVideo*",),
            variants=(
                Variant("dense", (config("num_experts", 0, absent=True),)),
                Variant("moe"),
            ),
        ),
    ),
)
