"""Stable Diffusion 2."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    ConfigValue,
    Declares,
    EmbeddingFor,
    NoModule,
    Not,
    NotKin,
    Projected,
    TextContext,
)
from modelkeep.identification.families._adapters import (
    NO_CONTEXT,
    SHALLOW,
    declared_text,
    declared_unet,
    either_unet,
    embeddings,
    ip_adapters,
    text_encoder,
    text_layers,
    unet_adapters,
)
from modelkeep.identification.families._unets import (
    EPSILON,
    UNetShape,
    UNetVariant,
    V,
    controlnets,
    latent_upscalers,
    mains,
    onnx_folders,
)
from modelkeep.identification.family import Family, Marks, Predictions

_BASE = BaseModelType.StableDiffusion2
_SHAPE = UNetShape(_BASE, context=1024)
_PIPELINE = (
    ConfigValue(("text_encoder",), "hidden_size", (1024,)),
    ConfigValue(("unet",), "cross_attention_dim", (1024,)),
)

FAMILY = Family(
    name="sd-2",
    base=_BASE,
    label="SD 2",
    sites={"civitai": ("SD 2.0", "SD 2.0 768", "SD 2.1", "SD 2.1 768", "SD 2.1 Unclip")},
    declared=("stable-diffusion-v2", "sd_v2", "sd_2", "sd2"),
    kin="unet",
    marks=Marks(folders=_PIPELINE),
    predictions=Predictions(
        steps={"220000": EPSILON, "110000": V},
        names=((r"\b768 ?v\b|\bv?2 [01] 768\b", V), (r"\b512 base\b|\bv2 [01] 512\b", EPSILON)),
        upcast=V,
        usual={"": V, "inpaint": EPSILON, "depth": EPSILON},
    ),
    rules=(
        *mains(
            _SHAPE,
            # 512 models predict epsilon, 768 models v; keys do not show which.
            UNetVariant("normal", 4, {EPSILON: "v2-inference.yaml", V: "v2-inference-v.yaml"}),
            UNetVariant("inpaint", 9, {None: "v2-inpainting-inference.yaml"}),
            UNetVariant("depth", 5, {None: "v2-midas-inference.yaml"}),
            UNetVariant("upscale", 7),
        ),
        *latent_upscalers(_BASE, 1024, 7),
        *onnx_folders(
            _BASE,
            NotKin(),
            AnyOf(*_PIPELINE),
        ),
        *controlnets(_SHAPE, {None: "cldm_v21.yaml"}),
        *unet_adapters(
            _BASE,
            TextContext(1024),
            AllOf(
                NO_CONTEXT,
                SHALLOW,
                AnyOf(Declares(_BASE.value), text_layers("text", 1024)),
            ),
            AllOf(
                NO_CONTEXT,
                SHALLOW,
                Projected(2),
                NoModule("*attn2_to_k", "*attn2_to_v"),
                Not(Projected(4), "for a U-Net whose projections are convolutions"),
                Not(text_layers("text", 768), "for a text encoder of SD 1"),
            ),
            text_encoder(1024),
            declared_text(_BASE, 1024),
            declared_unet(_BASE),
            either_unet(),
        ),
        *embeddings(_BASE, EmbeddingFor(text=1024)),
        *ip_adapters(_BASE, 1024, r"\bsd ?2|\bsd21"),
    ),
)
