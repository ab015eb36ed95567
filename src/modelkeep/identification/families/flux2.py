"""FLUX.2: known by name, and distinguished from FLUX.1."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, Module, PipelineClass
from modelkeep.identification.family import Family, Marks

_HIDDEN = 3072
_TEXT = (7680, 12288, 15360)

FAMILY = Family(
    name="flux2",
    base=BaseModelType.Flux2,
    label="FLUX.2",
    declared=("flux-2", "flux.2", "flux2"),
    kin="flux",
    marks=Marks(
        tensors=(
            Has("double_stream_modulation_img.lin.weight"),
            Has("double_stream_modulation_img.linear.weight"),
        ),
        modules=(
            # Its feed-forward is gated and so half as wide again; its text context is wider.
            Module("double_blocks_#_img_mlp_0", (6 * _HIDDEN,), "out"),
            Module("double_blocks_#_txt_mlp_0", (6 * _HIDDEN,), "out"),
            Module("single_blocks_#_linear1", (9 * _HIDDEN,), "out"),
            Module("*txt_in", _TEXT),
            Module("context_embedder", _TEXT),
            Module("double_stream_modulation_*"),
            Module("single_stream_modulation_*"),
            Module("single_transformer_blocks_#_attn_to_qkv_mlp_proj"),
            Module("transformer_blocks_#_ff_linear_*"),
            Module("transformer_blocks_#_ff_context_linear_*"),
        ),
        folders=(PipelineClass("Flux2*"),),
    ),
)
