"""PixArt alpha and sigma."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import (
    AnyOf,
    ComponentClass,
    Dim,
    Has,
    Lacks,
    Module,
    NameHint,
    PipelineClass,
)
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._flow_models import feed_forward, main_folder, switched_on
from modelkeep.identification.families._transformers import (
    DIFFUSERS,
    ORIGINAL,
    config,
    main_file,
    same,
    two_layers,
    under,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.PixArt
_WIDTH, _TEXT, _BLOCKS = 1152, 4096, 28
#: How many tokens of text there are at most.
_ALPHA_TOKENS, _SIGMA_TOKENS = 120, 300
_HIDDEN = "hidden width"


def _original() -> dict[str, Widths]:
    block = f"blocks.{{{_BLOCKS}}}"
    return {
        f"{block}.attn.qkv": (_WIDTH, 3 * _WIDTH),
        f"{block}.attn.proj": (_WIDTH, _WIDTH),
        f"{block}.cross_attn.q_linear": (_WIDTH, _WIDTH),
        f"{block}.cross_attn.kv_linear": (_WIDTH, 2 * _WIDTH),
        f"{block}.cross_attn.proj": (_WIDTH, _WIDTH),
        f"{block}.mlp.fc1": (_WIDTH, 4 * _WIDTH),
        f"{block}.mlp.fc2": (4 * _WIDTH, _WIDTH),
        "t_block.1": (_WIDTH, 6 * _WIDTH),
        "t_embedder.mlp.0": (256, _WIDTH),
        "t_embedder.mlp.2": (_WIDTH, _WIDTH),
        "y_embedder.y_proj.fc1": (_TEXT, _WIDTH),
        "y_embedder.y_proj.fc2": (_WIDTH, _WIDTH),
        "x_embedder.proj": (4, _WIDTH),
        "final_layer.linear": (_WIDTH, 32),
        "csize_embedder.mlp.0": (256, _WIDTH // 3),
        "csize_embedder.mlp.2": (_WIDTH // 3, _WIDTH // 3),
        "ar_embedder.mlp.0": (256, _WIDTH // 3),
        "ar_embedder.mlp.2": (_WIDTH // 3, _WIDTH // 3),
    }


def _diffusers() -> dict[str, Widths]:
    block, third = f"transformer_blocks.{{{_BLOCKS}}}", _WIDTH // 3
    own = same(_WIDTH, "to_q", "to_k", "to_v", "to_out.0")
    return (
        under(f"{block}.attn1", own)
        | under(f"{block}.attn2", own)
        | under(f"{block}.ff", feed_forward(_WIDTH, 4 * _WIDTH))
        | two_layers("adaln_single.emb.timestep_embedder", 256, _WIDTH, _WIDTH)
        | two_layers("adaln_single.emb.resolution_embedder", 256, third, third)
        | two_layers("adaln_single.emb.aspect_ratio_embedder", 256, third, third)
        | two_layers("caption_projection", _TEXT, _WIDTH, _WIDTH)
        | {
            "adaln_single.linear": (_WIDTH, 6 * _WIDTH),
            "pos_embed.proj": (4, _WIDTH),
            "proj_out": (_WIDTH, 32),
        }
    )


FAMILY = Family(
    name="pixart",
    base=_BASE,
    label="PixArt",
    words=("PixArt alpha", "PixArt sigma"),
    sites={"civitai": ("PixArt a", "PixArt E")},
    declared=("pixart",),
    marks=Marks(
        tensors=(Has("t_block.1.weight", "y_embedder.y_embedding", "blocks.0.mlp.fc1.weight"),),
        modules=(Module("transformer_blocks_#_attn2_to_k", (_WIDTH,)),),
        folders=(PipelineClass("PixArt*"),),
    ),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Has("t_block.1.weight", "y_embedder.y_embedding", "blocks.0.mlp.fc1.weight"),
            Dim("t_block.1.bias", 0, (6 * _WIDTH,), "the modulation's width"),
            Lacks("controlnet.0.copied_block.attn.qkv.weight", "attention_y_norm.weight"),
            variants=(
                Variant("alpha", (Has("ar_embedder.mlp.0.weight"),)),
                Variant(
                    "alpha",
                    (Dim("y_embedder.y_embedding", 0, (_ALPHA_TOKENS,), "most tokens of text"),),
                ),
                Variant("sigma"),
            ),
        ),
        main_file(
            _BASE,
            DIFFUSERS,
            Has("adaln_single.linear.weight", "pos_embed.proj.weight"),
            Dim("pos_embed.proj.bias", 0, (_WIDTH,), _HIDDEN),
            Has("caption_projection.linear_1.weight", "transformer_blocks.0.attn2.to_k.bias"),
            Lacks("temporal_transformer_blocks.*", "controlnet_blocks.0.weight"),
            variants=(
                Variant("alpha", (Has("adaln_single.emb.aspect_ratio_embedder.linear_1.weight"),)),
                Variant("alpha", (NameHint(r"\balpha\b"),)),
                Variant("sigma"),
            ),
        ),
        main_folder(
            _BASE,
            "PixArtTransformer2DModel",
            "Transformer2DModel",
            pipelines=("PixArt*",),
            signs=(
                AnyOf(
                    PipelineClass("PixArt*"),
                    ComponentClass("PixArtTransformer2DModel"),
                    config("norm_type", "ada_norm_single"),
                ),
            ),
            variants=(
                Variant("alpha", (PipelineClass("PixArtAlpha*"),)),
                Variant("sigma", (PipelineClass("PixArtSigma*"),)),
                Variant("alpha", (switched_on("use_additional_conditions"),)),
                Variant("alpha", (NameHint(r"\balpha\b"),)),
                Variant("sigma"),
            ),
        ),
        *table_adapters(_BASE, ModuleTable(_original()), ModuleTable(_diffusers())),
    ),
)
