"""FLUX.3: blocks for each kind of input, then blocks for all."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, Module, PipelineClass
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._flow_models import main_folder, norm, switched_on
from modelkeep.identification.families._transformers import (
    DIFFUSERS,
    ORIGINAL,
    main_file,
    same,
    two_layers,
    under,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.Flux3
_HIDDEN, _TEXT, _LATENT = 3072, 20480, 128
_MODES, _SINGLE = 5, 28
_STREAMS = ("image", "image_cond", "txt")
_GATED: Widths = (_HIDDEN, 6 * _HIDDEN)
_BACK: Widths = (3 * _HIDDEN, _HIDDEN)


def _original() -> dict[str, Widths]:
    block = same(_HIDDEN, "q_proj", "k_proj", "v_proj", "attn_out") | {
        "mlp_in": _GATED,
        "mlp_out": _BACK,
    }
    modules = under(f"single_blocks.{{{_SINGLE}}}", block)
    modules |= under(f"txt_mode_blocks.{{{_MODES}}}", block)
    for stream in _STREAMS:
        modules |= under(f"content_mode_blocks.{stream}.{{{_MODES}}}", block)
        modules |= _modulation(stream, "lin")
    for name in ("time_in", "ref_time_in"):
        modules |= {f"{name}.in_layer": (256, _HIDDEN), f"{name}.out_layer": (_HIDDEN, _HIDDEN)}
    return modules | {
        "emb_in.image": (_LATENT, _HIDDEN),
        "emb_in.image_cond": (_LATENT, _HIDDEN),
        "txt_in": (_TEXT, _HIDDEN),
        "final_layer.image.linear": (_HIDDEN, _LATENT),
        "final_layer.image.adaLN_modulation.1": (_HIDDEN, 2 * _HIDDEN),
    }


def _modulation(stream: str, name: str) -> dict[str, Widths]:
    return {
        f"{when}_stream_modulations.{stream}.{name}": (_HIDDEN, 3 * _HIDDEN)
        for when in ("early", "single")
    }


def _diffusers() -> dict[str, Widths]:
    block = same(_HIDDEN, "attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out.0") | {
        "ff.linear_in": _GATED,
        "ff.linear_out": _BACK,
    }
    modules = under(f"single_transformer_blocks.{{{_SINGLE}}}", block)
    modules |= under(f"txt_mode_blocks.{{{_MODES}}}", block)
    for stream in _STREAMS:
        modules |= under(f"mode_blocks.{stream}.{{{_MODES}}}", block)
        modules |= _modulation(stream, "linear")
    for name in ("timestep_embedder", "target_timestep_embedder"):
        modules |= two_layers(name, 256, _HIDDEN, _HIDDEN)
    return modules | {
        "x_embedders.image": (_LATENT, _HIDDEN),
        "x_embedders.image_cond": (_LATENT, _HIDDEN),
        "context_embedder": (_TEXT, _HIDDEN),
        "norm_out.linear": (_HIDDEN, 2 * _HIDDEN),
        "proj_out": (_HIDDEN, _LATENT),
    }


TABLES = (ModuleTable(_original()), ModuleTable(_diffusers()))


def _variants(jump: str) -> tuple[Variant, ...]:
    return (Variant("distilled", (Has(jump),)), Variant("normal"))


FAMILY = Family(
    name="flux3",
    base=_BASE,
    label="FLUX.3",
    declared=("flux-3", "flux.3", "flux3"),
    kin="flux",
    marks=Marks(
        tensors=(
            Has("early_stream_modulations.image.lin.weight"),
            Has("early_stream_modulations.image.linear.weight"),
        ),
        modules=(
            Module("content_mode_blocks_*"),
            Module("mode_blocks_image_*"),
            Module("txt_mode_blocks_*"),
        ),
        folders=(PipelineClass("Flux3*"),),
    ),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Has("early_stream_modulations.image.lin.weight"),
            norm("content_mode_blocks.image.0.norm.query_norm"),
            norm("single_blocks.0.norm.query_norm"),
            variants=_variants("ref_time_in.in_layer.weight"),
        ),
        main_file(
            _BASE,
            DIFFUSERS,
            Has("early_stream_modulations.image.linear.weight"),
            Has("mode_blocks.image.0.attn.norm_q.weight"),
            Has("single_transformer_blocks.0.attn.norm_q.weight"),
            variants=_variants("target_timestep_embedder.linear_1.weight"),
        ),
        main_folder(
            _BASE,
            "Flux3Transformer2DModel",
            pipelines=("Flux3*",),
            variants=(Variant("distilled", (switched_on("flow_map"),)), Variant("normal")),
        ),
        *table_adapters(_BASE, *TABLES),
    ),
)
