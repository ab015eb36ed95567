"""Kolors: SDXL's U-Net with the text of a language model."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import (
    AnyOf,
    ConfigValue,
    Declares,
    Dim,
    Has,
    Lacks,
    Module,
    PipelineClass,
    TextContext,
)
from modelkeep.identification.families._adapters import adapters, declared_unet
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.rules import Rule, Variant

_BASE = BaseModelType.Kolors
#: Width of the text, and what it is brought to for the U-Net.
_TEXT, _CONTEXT = 4096, 2048
_INPAINT = 9
_UNET = ("unet", "")

FAMILY = Family(
    name="kolors",
    base=_BASE,
    label="Kolors",
    sites={"civitai": ("Kolors",)},
    declared=("kolors",),
    kin="unet",
    marks=Marks(
        tensors=(Has("encoder_hid_proj.weight"),),
        modules=(Module("encoder_hid_proj"),),
        folders=(PipelineClass("Kolors*"),),
    ),
    rules=(
        Rule(
            name="kolors main, diffusers names",
            type=ModelType.Main,
            base=_BASE,
            format=ModelFormat.Checkpoint,
            requires=(
                Has("encoder_hid_proj.weight", "add_embedding.linear_1.weight", "conv_in.weight"),
                Dim("encoder_hid_proj.bias", 0, (_CONTEXT,), "text context width"),
                Lacks("controlnet_cond_embedding.conv_in.weight"),
            ),
            variants=(
                Variant("inpaint", (Dim("conv_in.weight", 1, (_INPAINT,), "input channels"),)),
                Variant("normal"),
            ),
        ),
        Rule(
            name="kolors main, original names",
            type=ModelType.Main,
            base=_BASE,
            format=ModelFormat.Checkpoint,
            requires=(
                Has("encoder_hid_proj.weight", "input_blocks.0.0.weight", "label_emb.0.0.weight"),
                Dim("encoder_hid_proj.bias", 0, (_CONTEXT,), "text context width"),
            ),
            variants=(
                Variant(
                    "inpaint", (Dim("input_blocks.0.0.weight", 1, (_INPAINT,), "input channels"),)
                ),
                Variant("normal"),
            ),
        ),
        Rule(
            name="kolors main, folder",
            type=ModelType.Main,
            base=_BASE,
            format=ModelFormat.Diffusers,
            requires=(
                AnyOf(
                    PipelineClass("Kolors*"),
                    ConfigValue(_UNET, "encoder_hid_dim", (_TEXT,)),
                ),
                ConfigValue(_UNET, "_class_name", ("UNet2DConditionModel",)),
            ),
            variants=(
                Variant("inpaint", (ConfigValue(_UNET, "in_channels", (_INPAINT,)),)),
                Variant("normal"),
            ),
        ),
        # The modules of its U-Net are SDXL's: only a header tells.
        *adapters(
            _BASE,
            Declares(_BASE.value),
            AnyOf(TextContext(_CONTEXT), declared_unet(_BASE), Module("encoder_hid_proj")),
        ),
    ),
)
