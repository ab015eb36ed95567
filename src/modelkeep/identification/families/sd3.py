"""Stable Diffusion 3 and 3.5."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    ComponentClass,
    ConfigValue,
    Declares,
    Dim,
    EmbeddingFor,
    Has,
    Lacks,
    Module,
    NameHint,
    PipelineClass,
)
from modelkeep.identification.families._adapters import (
    declared_text,
    embeddings,
    table_adapters,
)
from modelkeep.identification.families._autoencoders import vae_files, vae_folder
from modelkeep.identification.families._sd3_modules import diffusers_modules, original_modules
from modelkeep.identification.families._transformers import DIFFUSERS, config, main_file
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable
from modelkeep.identification.rules import Rule, Variant

_BASE = BaseModelType.StableDiffusion3
#: Width and blocks of the large one; SD 3 and 3.5 medium have the same.
_LARGE, _LARGE_BLOCKS = 2432, 38
_MEDIUM, _MEDIUM_BLOCKS, _DUAL_BLOCKS = 1536, 24, 13
TABLES = tuple(
    ModuleTable(modules(*size), fits=(name,))
    for name, size in {
        "normal": (_MEDIUM, _MEDIUM_BLOCKS),
        "3.5-medium": (_MEDIUM, _MEDIUM_BLOCKS, _DUAL_BLOCKS),
        "3.5-large": (_LARGE, _LARGE_BLOCKS),
    }.items()
    for modules in (original_modules, diffusers_modules)
)
_NAMES = r"\bsd ?3|\bstable diffusion 3"

FAMILY = Family(
    name="sd-3",
    base=_BASE,
    label="SD 3",
    words=("SD 3.0", "SD 3.5"),
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
            variants=(
                Variant(
                    "3.5-large", (Has(f"joint_blocks.{_LARGE_BLOCKS - 1}.x_block.attn.qkv.weight"),)
                ),
                Variant("3.5-medium", (Has("joint_blocks.0.x_block.attn2.qkv.weight"),)),
                Variant("normal"),
            ),
        ),
        main_file(
            _BASE,
            DIFFUSERS,
            Has("transformer_blocks.0.attn.add_q_proj.weight", "pos_embed.proj.weight"),
            Has("time_text_embed.text_embedder.linear_1.weight", "context_embedder.weight"),
            Dim("pos_embed.proj.bias", 0, (_MEDIUM, _LARGE), "hidden width"),
            Lacks("controlnet_blocks.0.weight", "pos_embed_input.proj.weight"),
            variants=(
                Variant("3.5-large", (Dim("pos_embed.proj.bias", 0, (_LARGE,), "hidden width"),)),
                Variant("3.5-medium", (Has("transformer_blocks.0.attn2.to_q.weight"),)),
                Variant("normal"),
            ),
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
            variants=(
                Variant("3.5-large", (config("num_layers", _LARGE_BLOCKS),)),
                Variant("3.5-medium", (config("qk_norm", "rms_norm"),)),
                Variant("normal"),
            ),
        ),
        *table_adapters(
            _BASE,
            *TABLES,
            # The second of three text encoders is SDXL's, the first is everybody's.
            others=(declared_text(_BASE, 768, 1280),),
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
