"""Kandinsky 5: videos, lite and pro, and images."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Dim, Has, Lacks
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._transformers import (
    ORIGINAL,
    config,
    main_file,
    main_folder,
    same,
    under,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.Kandinsky5
_CLIP, _TEXT = 768, 3584
_LITE, _PRO, _IMAGE = 1792, 4096, 2560
#: Features of a patch with the picture that is edited and its mask: 33 channels, 2 x 2 pixels.
_WITH_PICTURE = 132
_MARKS = ("pooled_text_embeddings.in_layer.weight", "visual_embeddings.in_layer.weight")
_CROSS = "visual_transformer_blocks.0.cross_attention.key_norm.weight"


def _hidden(width: int) -> Dim:
    return Dim("visual_embeddings.in_layer.bias", 0, (width,), "hidden width")


def _table(hidden: int, time: int, text_blocks: int, blocks: int, *fits: str) -> ModuleTable:
    attention = same(hidden, "to_query", "to_key", "to_value", "out_layer")
    inner = 4 * hidden
    common = under("self_attention", attention) | {
        "feed_forward.in_layer": (hidden, inner),
        "feed_forward.out_layer": (inner, hidden),
    }
    text = common | {"text_modulation.out_layer": (time, 6 * hidden)}
    picture = common | under("cross_attention", attention)
    picture |= {"visual_modulation.out_layer": (time, 9 * hidden)}
    modules = {
        **under(f"text_transformer_blocks.{{{text_blocks}}}", text),
        **under(f"visual_transformer_blocks.{{{blocks}}}", picture),
        "time_embeddings.in_layer": (hidden, time),
        "time_embeddings.out_layer": (time, time),
        "text_embeddings.in_layer": (_TEXT, hidden),
        "pooled_text_embeddings.in_layer": (_CLIP, time),
        "visual_embeddings.in_layer": (None, hidden),
        "out_layer.modulation.out_layer": (time, 2 * hidden),
        "out_layer.out_layer": (hidden, None),
    }
    return ModuleTable(modules, fits)


TABLES = (
    _table(_LITE, 512, 2, 32, "video-lite"),
    _table(_PRO, 1024, 4, 60, "video-pro"),
    _table(_IMAGE, 512, 2, 50, "t2i-lite", "i2i-lite"),
)

FAMILY = Family(
    name="kandinsky5",
    base=_BASE,
    label="Kandinsky 5",
    declared=("kandinsky-5", "kandinsky5", "kandinsky_5", "k5"),
    marks=Marks(tensors=()),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Has(_CROSS, *_MARKS),
            Lacks("visual_token_type_embeddings.weight", "video_dec_block.out_layer.weight"),
            variants=(
                Variant("video-lite", (_hidden(_LITE),)),
                Variant("video-pro", (_hidden(_PRO),)),
                Variant(
                    "i2i-lite",
                    (
                        _hidden(_IMAGE),
                        Dim(_MARKS[1], 1, (_WITH_PICTURE,), "the input width"),
                    ),
                ),
                Variant("t2i-lite", (_hidden(_IMAGE),)),
            ),
        ),
        main_folder(
            _BASE,
            ("Kandinsky5*",),
            ("Kandinsky5Transformer3DModel",),
            variants=(
                Variant("video-lite", (config("model_dim", _LITE),)),
                Variant("video-pro", (config("model_dim", _PRO),)),
                Variant("i2i-lite", (config("model_dim", _IMAGE), config("visual_cond", *(True,)))),
                Variant("t2i-lite", (config("model_dim", _IMAGE),)),
            ),
        ),
        *table_adapters(_BASE, *TABLES),
    ),
)
