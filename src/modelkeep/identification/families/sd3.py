"""Stable Diffusion 3 and 3.5."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    ComponentClass,
    ConfigValue,
    Declares,
    EmbeddingFor,
    Has,
    Lacks,
    Module,
    NameHint,
    PipelineClass,
)
from modelkeep.identification.families._adapters import embeddings
from modelkeep.identification.families._autoencoders import vae_files, vae_folder
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.rules import Rule, Variant

_BASE = BaseModelType.StableDiffusion3
_NORMAL = (Variant("normal"),)
_NAMES = r"\bsd ?3|\bstable diffusion 3"

FAMILY = Family(
    name="sd-3",
    base=_BASE,
    label="SD 3",
    words=("SD 3.0",),
    sites={"civitai": ("SD 3", "SD 3.5", "SD 3.5 Large", "SD 3.5 Large Turbo", "SD 3.5 Medium")},
    declared=("stable-diffusion-3", "sd3"),
    kin="flux",
    marks=Marks(modules=(Module("transformer_blocks_#_attn_to_*", (1536, 2432)),)),
    rules=(
        Rule(
            name="sd-3 main, original names",
            type=ModelType.Main,
            base=_BASE,
            format=ModelFormat.Checkpoint,
            requires=(
                Has("joint_blocks.0.context_block.attn.qkv.weight", "x_embedder.proj.weight"),
                Lacks("controlnet_blocks.0.weight"),
            ),
            variants=_NORMAL,
        ),
        Rule(
            name="sd-3 main, folder",
            type=ModelType.Main,
            base=_BASE,
            format=ModelFormat.Diffusers,
            requires=(
                AnyOf(PipelineClass("StableDiffusion3*"), ComponentClass("SD3Transformer2DModel")),
                ConfigValue(("transformer", ""), "_class_name", ("SD3Transformer2DModel",)),
            ),
            variants=_NORMAL,
        ),
        # Names and shapes of FLUX.1's VAE: that is the default, this needs a sign and wins.
        *vae_files(_BASE, 16, AnyOf(Declares("sd-3"), NameHint(_NAMES)), before=("flux",)),
        vae_folder(
            _BASE,
            ConfigValue(("",), "latent_channels", (16,)),
            AnyOf(
                ConfigValue(("",), "scaling_factor", (1.5305,)),
                AllOf(NameHint(_NAMES), ConfigValue(("",), "scaling_factor", (1.0,), absent=True)),
            ),
            before=("flux",),
        ),
        *embeddings(
            _BASE,
            EmbeddingFor(clip_l=768, clip_g=1280, t5=4096),
            EmbeddingFor(clip_g=1280, t5=4096),
            declared=(
                EmbeddingFor(clip_l=768, clip_g=1280),
                EmbeddingFor(clip_l=768, t5=4096),
                EmbeddingFor(clip_l=768),
                EmbeddingFor(clip_g=1280),
                EmbeddingFor(t5=4096),
            ),
        ),
    ),
)
