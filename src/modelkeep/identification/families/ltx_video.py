"""LTX-Video: known by name and by its marks."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import AllOf, Has, Lacks, Module
from modelkeep.identification.family import Family, Marks

FAMILY = Family(
    name="ltx-video",
    base=BaseModelType.LTXVideo,
    label="LTX-Video",
    sites={"civitai": ("LTXV", "LTXV2")},
    declared=("ltx", "ltxv", "ltxvideo"),
    marks=Marks(
        tensors=(
            AllOf(
                Has("adaln_single.emb.timestep_embedder.linear_1.bias"),
                Lacks("pos_embed.proj.bias"),
            ),
        ),
        modules=(Module("transformer_blocks_#_attn2_to_k", (2048, 4096)),),
    ),
)
