"""Stable Diffusion 1."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    ConfigValue,
    Declares,
    EmbeddingFor,
    Has,
    Not,
    NotKin,
    PipelineClass,
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
    t2i_adapters,
    text_encoder,
    text_layers,
    unet_adapters,
)
from modelkeep.identification.families._autoencoders import vae_files, vae_folder
from modelkeep.identification.families._unets import (
    EPSILON,
    UNetShape,
    UNetVariant,
    V,
    controlnets,
    mains,
    onnx_folders,
    pix2pix,
)
from modelkeep.identification.family import Family, Predictions

_BASE = BaseModelType.StableDiffusion1
_SHAPE = UNetShape(_BASE, context=768)

FAMILY = Family(
    name="sd-1",
    base=_BASE,
    label="SD 1",
    sites={"civitai": ("SD 1.4", "SD 1.5", "SD 1.5 LCM", "SD 1.5 Hyper")},
    declared=("stable-diffusion-v1", "sd_v1", "sd_1", "sd1"),
    kin="unet",
    predictions=Predictions(usual={"": EPSILON}),
    rules=(
        *mains(
            _SHAPE,
            UNetVariant("normal", 4, {None: "v1-inference.yaml", V: "v1-inference-v.yaml"}),
            UNetVariant("inpaint", 9, {None: "v1-inpainting-inference.yaml"}),
            UNetVariant(
                "zero123",
                8,
                file=(Has("cc_projection.weight"),),
                folder=(PipelineClass("*Zero1*"),),
            ),
            pix2pix(),
        ),
        *onnx_folders(
            _BASE,
            NotKin(),
        ),
        *controlnets(_SHAPE, {None: "cldm_v15.yaml"}),
        # Files of SD 1 and SDXL have the same names and shapes: SDXL's rules need a sign and win.
        *vae_files(_BASE, 4),
        vae_folder(
            _BASE,
            ConfigValue(("",), "latent_channels", (4,), absent=True),
            ConfigValue(("",), "scaling_factor", (0.18215, 1.0), absent=True),
        ),
        *unet_adapters(
            _BASE,
            TextContext(768),
            AllOf(
                NO_CONTEXT,
                SHALLOW,
                AnyOf(
                    # All else in these blocks SD 2 has in the same shapes.
                    Projected(4),
                    AllOf(
                        Declares(_BASE.value), Not(Projected(2), "for the plain matrices of SD 2")
                    ),
                    text_layers("text", 768),
                ),
            ),
            text_encoder(768),
            declared_text(_BASE, 768),
            declared_unet(_BASE),
            either_unet(),
        ),
        *embeddings(_BASE, EmbeddingFor(text=768), declared=(EmbeddingFor(clip_l=768),)),
        *ip_adapters(_BASE, 768, r"\bsd ?1|\bsd15"),
        *t2i_adapters(_BASE, (64, 192), ("full_adapter", "light_adapter")),
    ),
)
