"""MiniT2I: small, and without an autoencoder."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has
from modelkeep.identification.families._transformers import ORIGINAL, main_file, main_folder
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.prefixes import DENOISER

_BASE = BaseModelType.MiniT2I
_EMBEDDER = Has("img_embedder.proj1.weight")

FAMILY = Family(
    name="minit2i",
    base=_BASE,
    label="MiniT2I",
    declared=("minit2i", "mini_t2i"),
    marks=Marks(tensors=(_EMBEDDER,)),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            _EMBEDDER,
            Has("double_blocks.0.img_qkv.weight", "double_blocks.0.img_mlp.w1.weight"),
            part=(*DENOISER, "model.net."),
        ),
        main_folder(_BASE, ("MiniT2I*",), ("MiniT2IMMJiTModel",)),
    ),
)
