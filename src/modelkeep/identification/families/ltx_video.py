"""LTX-Video: 0.9 in two sizes, and LTX-2, which makes sound as well."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Dim,
    Has,
    Lacks,
    Module,
)
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._ltx_modules import TABLES
from modelkeep.identification.families._transformers import (
    classed,
    config,
    main_file,
    main_folder,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.LTXVideo
_SMALL, _LARGE = 2048, 4096
_SOUND = Has("transformer_blocks.0.audio_attn1.to_q.bias")
_TIMES = "adaln_single.emb.timestep_embedder.linear_1.bias"
_OWN_TIMES = "time_embed.emb.timestep_embedder.linear_1.bias"
_NOT_PICTURES = Lacks("pos_embed.proj.bias")


def _versions(patches: str) -> tuple[Variant, ...]:
    """Return the variants; ``patches`` is the bias of the first module."""
    prompts = Has("transformer_blocks.0.prompt_scale_shift_table")
    gates = Has("transformer_blocks.0.attn1.to_gate_logits.weight")
    return (
        Variant("2.5", (Has("keyframes_abs_pos_embedding"),)),
        Variant("2.3", (AnyOf(prompts, gates),)),
        Variant("2.0", (_SOUND,)),
        Variant("13b", (Dim(patches, 0, (_LARGE,), "hidden width"),)),
        Variant("2b", (Dim(patches, 0, (_SMALL,), "hidden width"),)),
    )


def _blocks(norm: str) -> Condition:
    return AllOf(
        Has(
            f"transformer_blocks.0.attn1.{norm}.weight", f"transformer_blocks.0.attn2.{norm}.weight"
        ),
        Has("proj_out.bias", "scale_shift_table"),
        _NOT_PICTURES,
    )


_CONFIG_SOUND = classed("LTX2*")
_ON = (True,)
_MAINS = (
    main_file(
        _BASE,
        "original names",
        Has(_TIMES),
        Dim("patchify_proj.bias", 0, (_SMALL, _LARGE), "hidden width"),
        _blocks("q_norm"),
        variants=_versions("patchify_proj.bias"),
    ),
    main_file(
        _BASE,
        "diffusers names",
        Has(_OWN_TIMES),
        Dim("proj_in.bias", 0, (_SMALL, _LARGE), "hidden width"),
        _blocks("norm_q"),
        variants=_versions("proj_in.bias"),
    ),
    main_folder(
        _BASE,
        (
            *("LTXPipeline", "LTXImageToVideoPipeline", "LTXConditionPipeline"),
            *("LTXI2VLongMultiPromptPipeline", "LTX2Pipeline", "LTX2ImageToVideoPipeline"),
            *("LTX2ConditionPipeline", "LTX2InContextPipeline", "LTX2HDRPipeline"),
            *("LTX2DFRPipeline", "LTX2DFRTemporalRefinePipeline", "LTX*ModularPipeline"),
        ),
        ("LTXVideoTransformer3DModel", "LTX2VideoTransformer3DModel"),
        variants=(
            Variant("2.5", (classed("LTX25*"),)),
            Variant("2.5", (_CONFIG_SOUND, config("use_keyframes_abs_pos_embedding", *_ON))),
            Variant("2.3", (_CONFIG_SOUND, config("gated_attn", *_ON))),
            Variant("2.0", (_CONFIG_SOUND,)),
            Variant("13b", (config("attention_head_dim", 128),)),
            Variant("2b", (config("attention_head_dim", 64, absent=True),)),
        ),
    ),
)

FAMILY = Family(
    name="ltx-video",
    base=_BASE,
    label="LTX-Video",
    words=("LTX-2", "LTXV 2.0"),
    sites={"civitai": ("LTXV", "LTXV2", "LTXV 2.3", "LTXV 2.5")},
    declared=("ltx", "ltxv", "ltxvideo"),
    marks=Marks(
        tensors=(
            AllOf(Has(_TIMES), Has("patchify_proj.bias"), _NOT_PICTURES),
            AllOf(Has(_OWN_TIMES), Has("proj_in.bias"), _NOT_PICTURES),
        ),
        modules=(Module("transformer_blocks_#_attn2_to_k", (_SMALL, _LARGE)),),
    ),
    rules=(*_MAINS, *table_adapters(_BASE, *TABLES)),
)
