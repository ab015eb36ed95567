"""Kandinsky 6: videos with sound, lite and pro, and what enlarges them."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import AnyOf, Condition, Dim, Has
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._transformers import (
    ANY,
    classed,
    config,
    main_file,
    main_folder,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.Kandinsky6
_LITE, _PRO, _TEXT, _CLIP = 1792, 4096, 3584, 768
_POOLED, _ENLARGES = "video_pooled_text_embeddings.in_layer.bias", "pooled_bias"
_ATTENTION = ("to_query", "to_key", "to_value", "out_layer")


def _table(hidden: int, times: int, fits: str, most: int = 60) -> ModuleTable:
    """Return the modules of one size; how wide its sound is, no published model tells."""
    block = f"visual_transformer_blocks.{{{most}}}"
    modules: dict[str, Widths] = {
        "visual_embeddings.in_layer": (None, hidden),
        "out_layer.modulation.out_layer": (times, 2 * hidden),
        "out_layer.out_layer": (hidden, None),
        "audio_embeddings.in_layer": ANY,
        "audio_out_layer.modulation.out_layer": ANY,
        "audio_out_layer.out_layer": ANY,
        f"{block}.video_dec_block.visual_modulation.out_layer": (times, 9 * hidden),
        f"{block}.audio_dec_block.visual_modulation.out_layer": ANY,
        f"{block}.va_modulation.out_layer": (times, None),
        f"{block}.av_modulation.out_layer": ANY,
    }
    for kind, width in (("video", hidden), ("audio", None)):
        modules |= _stream(kind, width, times if width else None, block)
    for name in ("to_query", "out_layer"):
        modules[f"{block}.va_cross_attention.{name}"] = (hidden, hidden)
        modules[f"{block}.av_cross_attention.{name}"] = ANY
    for name in ("to_key", "to_value"):
        modules[f"{block}.va_cross_attention.{name}"] = (None, hidden)
        modules[f"{block}.av_cross_attention.{name}"] = (hidden, None)
    return ModuleTable(modules, (fits, f"{fits}-i2v"))


def _stream(kind: str, width: int | None, times: int | None, block: str) -> dict[str, Widths]:
    """Return the modules of one stream: those of its text, and its half of each block."""
    text, own = f"{kind}_text_transformer_blocks.{{4}}", f"{block}.{kind}_dec_block"
    inner = 4 * width if width else None
    modules: dict[str, Widths] = {
        f"{kind}_time_embeddings.timestep_embedder.linear_1": (width, times),
        f"{kind}_time_embeddings.timestep_embedder.linear_2": (times, times),
        f"{kind}_text_embeddings.in_layer": (_TEXT, width),
        f"{kind}_pooled_text_embeddings.in_layer": (_CLIP, times),
        f"{text}.text_modulation.out_layer": (times, 6 * width if width else None),
    }
    for place in (f"{text}.attn", f"{own}.self_attention", f"{own}.cross_attention"):
        modules |= {f"{place}.{name}": (width, width) for name in _ATTENTION}
    for place in (text, own):
        modules[f"{place}.feed_forward.net.0.proj"] = (width, inner)
        modules[f"{place}.feed_forward.net.2"] = (inner, width)
    return modules


def _enlarger() -> ModuleTable:
    block = "visual_transformer_blocks.{32}"
    modules: dict[str, Widths] = {
        f"{block}.self_attention.{name}": (_LITE, _LITE) for name in _ATTENTION
    }
    return ModuleTable(
        modules
        | {
            f"{block}.visual_modulation.out_layer": (512, 6 * _LITE),
            f"{block}.feed_forward.net.0.proj": (_LITE, 4 * _LITE),
            f"{block}.feed_forward.net.2": (4 * _LITE, _LITE),
            "time_embeddings.timestep_embedder.linear_1": (_LITE, 512),
            "time_embeddings.timestep_embedder.linear_2": (512, 512),
            "visual_embeddings.in_layer": (None, _LITE),
            "out_layer.modulation.out_layer": (512, 2 * _LITE),
            "out_layer.out_layer": (_LITE, None),
        },
        ("sr",),
    )


def _variants() -> tuple[Variant, ...]:
    picture = Has("visual_token_type_embeddings.weight")

    def size(width: int) -> Condition:
        return Dim("visual_embeddings.in_layer.bias", 0, (width,), "hidden width")

    return (
        Variant("pro-i2v", (size(_PRO), picture)),
        Variant("pro", (size(_PRO),)),
        Variant("lite-i2v", (size(_LITE), picture)),
        Variant("lite", (size(_LITE),)),
    )


def _picture() -> Condition:
    """Return the condition that a config has kinds of tokens, as for a first picture."""
    return AnyOf(*(config("visual_token_type_num_embeddings", n) for n in range(1, 9)))


FAMILY = Family(
    name="kandinsky6",
    base=_BASE,
    label="Kandinsky 6",
    words=("Kandinsky 6.0",),
    declared=("kandinsky6", "kandinsky-6", "kandinsky_6", "k6"),
    marks=Marks(tensors=(Has(_POOLED), Has(_ENLARGES, "visual_embeddings.in_layer.bias"))),
    rules=(
        main_file(
            _BASE,
            "original names",
            Has(_POOLED, "visual_embeddings.in_layer.bias"),
            Has("visual_blocks.#.videoT*", "visual_blocks.#.va_cross_attention*"),
            variants=_variants(),
        ),
        main_file(
            _BASE,
            "diffusers names",
            Has(_POOLED, "visual_embeddings.in_layer.bias"),
            Has("visual_transformer_blocks.0.video_dec_block.self_attention.key_norm.weight"),
            variants=_variants(),
        ),
        main_file(
            _BASE,
            "enlarging, diffusers names",
            Has(_ENLARGES, "time_embeddings.timestep_embedder.linear_1.bias"),
            Dim("visual_embeddings.in_layer.bias", 0, (_LITE,), "hidden width"),
            Has("visual_transformer_blocks.0.self_attention.key_norm.weight"),
            variants=(Variant("sr"),),
        ),
        main_folder(
            _BASE,
            ("Kandinsky6*Pipeline",),
            ("Kandinsky6Transformer3DModel", "Kandinsky6SRTransformer3DModel"),
            variants=(
                Variant("sr", (classed("Kandinsky6SR*"),)),
                Variant("pro-i2v", (config("model_dim", _PRO), _picture())),
                Variant("pro", (config("model_dim", _PRO, absent=True),)),
                Variant("lite-i2v", (config("model_dim", _LITE), _picture())),
                Variant("lite", (config("model_dim", _LITE),)),
            ),
        ),
        *table_adapters(_BASE, _table(_PRO, 1024, "pro"), _table(_LITE, 512, "lite"), _enlarger()),
    ),
)
