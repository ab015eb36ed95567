"""Cosmos: its first release, Predict2 and 2.5, Transfer and Cosmos 3."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import (
    Condition,
    Dim,
    Fits,
    Has,
    Lacks,
    Module,
    Not,
    PipelineClass,
)
from modelkeep.identification.families._adapters import adapters
from modelkeep.identification.families._cosmos_blocks import diffusers, predict1, predict2
from modelkeep.identification.families._transformers import (
    DIFFUSERS,
    ORIGINAL,
    classed,
    config,
    gated_ways,
    main_file,
    main_folder,
    same,
    under,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.Cosmos
_FIRST = "blocks.block0.blocks.0.block.attn.to_q.0.weight"
_THIRD = "layers.0.mlp_moe_gen.down_proj.weight"
#: Hidden widths of each size.
_SIZES_1, _SIZES_2 = {"7b": 4096, "14b": 5120}, {"2b": 2048, "14b": 5120}
#: Input channels after patching: 16 or 17 and the mask of padding, 2 x 2 pixels each.
_TO_VIDEO = 72
_YES = (True,)
_OF_ANIMA = tuple(f"llm_adapter.{name}.weight" for name in ("embed", "out_proj", "norm"))


def _variants(release: str, sizes: dict[str, int], width: str, patch: str) -> list[Variant]:
    """Return tasks and sizes of one release; ``width`` and ``patch`` are tensors."""
    found: list[Variant] = []
    for size, hidden in sizes.items():
        is_size = Dim(width, 0, (hidden,), "hidden width")
        video = Dim(patch, 1, (_TO_VIDEO,), "the input width")
        first = "t2w" if release == "predict1" else "t2i"
        found += [
            Variant(f"{release}-v2w-{size}", (is_size, video)),
            Variant(f"{release}-{first}-{size}", (is_size,)),
        ]
    return found


def _newest(width: str) -> list[Variant]:
    is_projected = Has("crossattn_proj.0.weight")
    return [
        Variant(f"predict2.5-{size}", (is_projected, Dim(width, 0, (hidden,), "hidden width")))
        for size, hidden in _SIZES_2.items()
    ]


def _after(sign: Condition, variants: list[Variant]) -> list[Variant]:
    return [Variant(one.name, (sign, *one.when)) for one in variants]


_DIFFUSERS_NAMES = ("time_embed.norm.weight", "patch_embed.proj.weight")
_MAINS = (
    main_file(
        _BASE,
        "names of Predict1",
        Has(_FIRST, "x_embedder.proj.1.weight", "final_layer.linear.weight"),
        variants=tuple(
            _variants("predict1", _SIZES_1, "affline_norm.weight", "x_embedder.proj.1.weight")
        ),
    ),
    main_file(
        _BASE,
        ORIGINAL,
        Has("blocks.0.mlp.layer1.weight", "x_embedder.proj.1.weight", "t_embedding_norm.weight"),
        Has("final_layer.linear.weight"),
        Lacks("control_blocks.0.mlp.layer1.weight", *_OF_ANIMA),
        variants=(
            *_newest("t_embedding_norm.weight"),
            *_variants("predict2", _SIZES_2, "t_embedding_norm.weight", "x_embedder.proj.1.weight"),
        ),
    ),
    main_file(
        _BASE,
        DIFFUSERS,
        Has("time_embed.t_embedder.linear_1.weight", *_DIFFUSERS_NAMES, "proj_out.weight"),
        Has("transformer_blocks.0.norm1.linear_1.weight"),
        Lacks("control_blocks.0.norm1.linear_1.weight", "patch_embed_base.proj.weight"),
        variants=(
            *_newest(_DIFFUSERS_NAMES[0]),
            *_after(
                Has("learnable_pos_embed.pos_emb_t"),
                _variants("predict1", _SIZES_1, *_DIFFUSERS_NAMES),
            ),
            *_variants("predict2", _SIZES_2, *_DIFFUSERS_NAMES),
        ),
    ),
    main_file(
        _BASE,
        "names of Cosmos 3",
        Has(_THIRD, "norm_moe_gen.weight", "layers.0.self_attn.add_q_proj.weight"),
        variants=(Variant("cosmos3"),),
    ),
)


def _folder_variants() -> tuple[Variant, ...]:
    heads = {"2b": 16, "7b": 32, "14b": 40}
    found = [
        Variant(f"transfer2.5-{size}", (PipelineClass("Cosmos2_5_Transfer*"), is_size))
        for size in _SIZES_2
        for is_size in [config("num_attention_heads", heads[size])]
    ]
    found += [
        Variant(
            f"predict2.5-{size}",
            (
                config("use_crossattn_projection", *_YES),
                config("num_attention_heads", heads[size]),
            ),
        )
        for size in _SIZES_2
    ]
    for release, sizes in (("predict1", _SIZES_1), ("predict2", _SIZES_2)):
        first = "t2w" if release == "predict1" else "t2i"
        learnt = config("extra_pos_embed_type", "learnable")
        for task, channels in (("v2w", 17), (first, 16)):
            found += [
                Variant(
                    f"{release}-{task}-{size}",
                    (
                        *((learnt,) if release == "predict1" else ()),
                        config("num_attention_heads", heads[size]),
                        config("in_channels", channels),
                    ),
                )
                for size in sizes
            ]
    return (*found, Variant("cosmos3", (classed("Cosmos3*"),)))


def _third() -> dict[str, Widths]:
    """Return the modules of Cosmos 3 in the names of diffusers."""
    hidden, grouped, ways = 4096, 1024, ("gate_proj", "up_proj", "down_proj")
    block: dict[str, Widths] = same(hidden, *("to_q", "to_out", "add_q_proj", "to_add_out"))
    block |= dict.fromkeys(("to_k", "to_v", "add_k_proj", "add_v_proj"), (hidden, grouped))
    block = under("self_attn", block)
    for place in ("mlp", "mlp_moe_gen"):
        block |= under(place, gated_ways(hidden, 12288, ways))
    return {
        **under("layers.{36}", block),
        "proj_in": (192, hidden),
        "proj_out": (hidden, 192),
        "time_embedder.linear_1": (256, hidden),
        "time_embedder.linear_2": (hidden, hidden),
    }


def _fits(release: str, size: str) -> tuple[str, ...]:
    if release == "predict1":
        return (f"predict1-t2w-{size}", f"predict1-v2w-{size}")
    return (f"predict2-t2i-{size}", f"predict2-v2w-{size}", f"predict2.5-{size}")


#: What 2.5 makes of the layers of its language model.
_PROJECTION: dict[str, Widths] = {"crossattn_proj.0": (None, 1024)}
_BLOCKS = {2048: 28, 4096: 28, 5120: 36}
TABLES = (
    *(
        ModuleTable(predict2(w, _BLOCKS[w]) | _PROJECTION, _fits("predict2", s))
        for s, w in _SIZES_2.items()
    ),
    *(ModuleTable(predict1(w, _BLOCKS[w]), _fits("predict1", s)) for s, w in _SIZES_1.items()),
    ModuleTable(diffusers(2048, 28) | _PROJECTION, _fits("predict2", "2b")),
    ModuleTable(diffusers(4096, 28), _fits("predict1", "7b")),
    ModuleTable(
        diffusers(5120, 36) | _PROJECTION, (*_fits("predict1", "14b"), *_fits("predict2", "14b"))
    ),
    ModuleTable(_third(), ("cosmos3",)),
)

FAMILY = Family(
    name="cosmos",
    base=_BASE,
    label="Cosmos",
    words=("Cosmos Predict2", "Cosmos Predict2.5", "Cosmos 3"),
    declared=("cosmos",),
    marks=Marks(tensors=(Has(_FIRST), Has(_THIRD))),
    rules=(
        *_MAINS,
        main_folder(
            _BASE,
            ("CosmosTextToWorld*", "CosmosVideoToWorld*", "Cosmos2*", "Cosmos3*"),
            ("CosmosTransformer3DModel", "Cosmos3OmniTransformer"),
            variants=_folder_variants(),
        ),
        *adapters(
            _BASE,
            Fits(*TABLES),
            # T5 reads the text for Cosmos; Anima has a language model.
            Not(Module("*layers_#_self_attn_q_proj", where="text"), "for a language model too"),
        ),
    ),
)
