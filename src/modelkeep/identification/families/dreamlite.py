"""DreamLite: a small U-Net of separable convolutions."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has
from modelkeep.identification.families._transformers import DIFFUSERS, main_file, main_folder
from modelkeep.identification.family import Family, Marks

_BASE = BaseModelType.DreamLite
_MARK = Has("mid_block.resnets.0.conv1.depthwise.weight")

FAMILY = Family(
    name="dreamlite",
    base=_BASE,
    label="DreamLite",
    declared=("dreamlite",),
    kin="unet",
    marks=Marks(tensors=(_MARK,)),
    rules=(
        main_file(_BASE, DIFFUSERS, _MARK, Has("conv_in.weight", "conv_norm_out.weight")),
        main_folder(_BASE, ("DreamLite*",), ("DreamLiteUNetModel", "DreamLiteUNet*")),
    ),
)
