"""AuraFlow, and Pony V7, which is one by its keys."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, Module, PipelineClass
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._flow_models import main_folder
from modelkeep.identification.families._transformers import (
    DIFFUSERS,
    ORIGINAL,
    main_file,
    same,
    two_layers,
    under,
)
from modelkeep.identification.family import Family, Lineage, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths

_BASE = BaseModelType.AuraFlow
_WIDTH, _INNER, _TEXT = 3072, 8192, 2048
_DOUBLE, _SINGLE = 4, 32


def _feed_forward(*names: str) -> dict[str, Widths]:
    first, second, back = names
    return {first: (_WIDTH, _INNER), second: (_WIDTH, _INNER), back: (_INNER, _WIDTH)}


def _original() -> dict[str, Widths]:
    double, single = f"double_layers.{{{_DOUBLE}}}", f"single_layers.{{{_SINGLE}}}"
    inner = _feed_forward("c_fc1", "c_fc2", "c_proj")
    ones, twos = ("w1q", "w1k", "w1v", "w1o"), ("w2q", "w2k", "w2v", "w2o")
    return (
        under(f"{double}.attn", same(_WIDTH, *ones, *twos))
        | under(f"{double}.mlpX", inner)
        | under(f"{double}.mlpC", inner)
        | under(f"{single}.attn", same(_WIDTH, *ones))
        | under(f"{single}.mlp", inner)
        | {
            f"{double}.modX.1": (_WIDTH, 6 * _WIDTH),
            f"{double}.modC.1": (_WIDTH, 6 * _WIDTH),
            f"{single}.modCX.1": (_WIDTH, 6 * _WIDTH),
            "modF.1": (_WIDTH, 2 * _WIDTH),
            "cond_seq_linear": (_TEXT, _WIDTH),
            "init_x_linear": (16, _WIDTH),
            "final_linear": (_WIDTH, 16),
            "t_embedder.mlp.0": (256, _WIDTH),
            "t_embedder.mlp.2": (_WIDTH, _WIDTH),
        }
    )


def _diffusers() -> dict[str, Widths]:
    double = f"joint_transformer_blocks.{{{_DOUBLE}}}"
    single = f"single_transformer_blocks.{{{_SINGLE}}}"
    inner = _feed_forward("linear_1", "linear_2", "out_projection")
    own = same(_WIDTH, "to_q", "to_k", "to_v", "to_out.0")
    added = same(_WIDTH, "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out")
    return (
        under(f"{double}.attn", own | added)
        | under(f"{double}.ff", inner)
        | under(f"{double}.ff_context", inner)
        | under(f"{single}.attn", own)
        | under(f"{single}.ff", inner)
        | two_layers("time_step_proj", 256, _WIDTH, _WIDTH)
        | {
            f"{double}.norm1.linear": (_WIDTH, 6 * _WIDTH),
            f"{double}.norm1_context.linear": (_WIDTH, 6 * _WIDTH),
            f"{single}.norm1.linear": (_WIDTH, 6 * _WIDTH),
            "context_embedder": (_TEXT, _WIDTH),
            "pos_embed.proj": (16, _WIDTH),
            "norm_out.linear": (_WIDTH, 2 * _WIDTH),
            "proj_out": (_WIDTH, 16),
        }
    )


TABLES = (ModuleTable(_original()), ModuleTable(_diffusers()))

FAMILY = Family(
    name="auraflow",
    base=_BASE,
    label="AuraFlow",
    words=("Pony V7",),
    sites={"civitai": ("AuraFlow", "Pony V7")},
    declared=("auraflow", "aura-flow", "pony-v7"),
    kin="flux",
    marks=Marks(
        tensors=(
            Has("cond_seq_linear.weight"),
            Has("joint_transformer_blocks.0.ff.linear_1.weight"),
        ),
        modules=(Module("joint_transformer_blocks_*"),),
        folders=(PipelineClass("AuraFlow*"),),
    ),
    lineages=(Lineage("pony-v7", r"\bpony( diffusion)? ?v? ?7\b"),),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Has("cond_seq_linear.weight", "double_layers.0.attn.w1q.weight"),
            Has("single_layers.0.modCX.1.weight"),
        ),
        main_file(
            _BASE,
            DIFFUSERS,
            Has("joint_transformer_blocks.0.attn.add_q_proj.weight", "register_tokens"),
            Has("joint_transformer_blocks.0.ff.linear_1.weight", "context_embedder.weight"),
        ),
        main_folder(_BASE, "AuraFlowTransformer2DModel", pipelines=("AuraFlow*",)),
        *table_adapters(_BASE, *TABLES),
    ),
)
