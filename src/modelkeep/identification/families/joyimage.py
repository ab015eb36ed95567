"""JoyImage: double blocks with one attention for both streams."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import AnyOf, Has, Module, PipelineClass
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._flow_models import feed_forward, main_folder
from modelkeep.identification.families._transformers import ORIGINAL, main_file, two_layers, under
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.JoyImage
_TEXT = 4096
_TIME = 256
#: Of the published original file; diffusers keeps the attention of both streams together.
_APART = Has("double_blocks.0.img_mod.modulate_table", "double_blocks.0.img_attn_q_norm.weight")
_TOGETHER = Has("double_blocks.0.attn.img_attn_q_norm.weight")


def _modules(width: int, blocks: int) -> dict[str, Widths]:
    block = f"double_blocks.{{{blocks}}}"
    attention: dict[str, Widths] = {
        f"{stream}_attn_{name}": (width, given)
        for stream in ("img", "txt")
        for name, given in (("qkv", 3 * width), ("proj", width))
    }
    return (
        under(f"{block}.attn", attention)
        | under(block, attention)
        | under(f"{block}.img_mlp", feed_forward(width, 4 * width))
        | under(f"{block}.txt_mlp", feed_forward(width, 4 * width))
        | two_layers("condition_embedder.time_embedder", _TIME, width, width)
        | two_layers("condition_embedder.text_embedder", _TEXT, width, width)
        | {
            "condition_embedder.time_proj": (width, 6 * width),
            "img_in": (16, width),
            "proj_out": (width, 64),
        }
    )


FAMILY = Family(
    name="joyimage",
    base=_BASE,
    label="JoyImage",
    words=("JoyAI-Image",),
    declared=("joyimage", "joy-image", "joyai-image"),
    marks=Marks(
        tensors=(_TOGETHER, Has("double_blocks.0.img_mod.modulate_table")),
        modules=(Module("double_blocks_#_attn_img_attn_*"),),
        folders=(PipelineClass("JoyImage*"),),
    ),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            AnyOf(_TOGETHER, _APART),
            Has("img_in.weight"),
            Has("condition_embedder.text_embedder.linear_1.weight"),
            variants=(Variant("edit"),),
        ),
        main_folder(
            _BASE,
            "JoyImageEditTransformer3DModel",
            "JoyImageEditPlusTransformer3DModel",
            pipelines=("JoyImage*",),
            variants=(
                Variant("edit-plus", (PipelineClass("JoyImageEditPlus*"),)),
                Variant("edit"),
            ),
        ),
        *table_adapters(_BASE, ModuleTable(_modules(4096, 40)), ModuleTable(_modules(3072, 20))),
    ),
)
