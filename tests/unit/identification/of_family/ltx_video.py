"""LTX-Video and LTX-2 in their own names and those of diffusers, and LoRAs of them."""

from __future__ import annotations

from functools import partial
from typing import Any

from sample_models import Shapes
from support.lora_shapes import having, lora, modules_of
from unit.identification.cases import Case, file, folder, plain
from unit.identification.of_family.wan import linear


def _attention(name: str, width: int, given: int | None = None, text: int | None = None) -> Shapes:
    inner = given or width
    shapes = linear(f"{name}.to_q", width, inner) | linear(f"{name}.to_out.0", inner, width)
    for part in ("to_k", "to_v"):
        shapes |= linear(f"{name}.{part}", text or width, inner)
    return shapes | {f"{name}.{part}_norm.weight": (inner,) for part in "qk"}


def _embedder(name: str, width: int, times: int) -> Shapes:
    shapes = linear(f"{name}.emb.timestep_embedder.linear_1", 256, width)
    shapes |= linear(f"{name}.emb.timestep_embedder.linear_2", width, width)
    return shapes | linear(f"{name}.linear", width, times * width)


def ltx(width: int = 2048, blocks: int = 28, *, prefix: str = "", text: int = 4096) -> Shapes:
    """LTX-Video 0.9."""
    shapes: Shapes = {"scale_shift_table": (2, width)}
    shapes |= linear("patchify_proj", 128, width) | linear("proj_out", width, 128)
    shapes |= _embedder("adaln_single", width, 6)
    shapes |= linear("caption_projection.linear_1", text, width)
    shapes |= linear("caption_projection.linear_2", width, width)
    for number in range(blocks):
        block = f"transformer_blocks.{number}"
        shapes |= {f"{block}.scale_shift_table": (6, width)}
        shapes |= _attention(f"{block}.attn1", width) | _attention(f"{block}.attn2", width)
        shapes |= linear(f"{block}.ff.net.0.proj", width, 4 * width)
        shapes |= linear(f"{block}.ff.net.2", 4 * width, width)
    return {f"{prefix}{name}": shape for name, shape in shapes.items()}


def ltx2(version: str = "2.0", *, prefix: str = "") -> Shapes:
    """LTX-2, with the modules that make sound."""
    shapes = ltx(4096, 48, text=3840) | {"audio_scale_shift_table": (2, 2048)}
    shapes |= linear("audio_patchify_proj", 128, 2048) | linear("audio_proj_out", 2048, 128)
    shapes |= _embedder("audio_adaln_single", 2048, 6)
    shapes |= _embedder("av_ca_video_scale_shift_adaln_single", 4096, 4)
    shapes |= _embedder("av_ca_a2v_gate_adaln_single", 4096, 1)
    for number in range(48):
        block = f"transformer_blocks.{number}"
        shapes |= _attention(f"{block}.audio_attn1", 2048)
        shapes |= _attention(f"{block}.audio_attn2", 2048)
        shapes |= _attention(f"{block}.audio_to_video_attn", 4096, 2048, 2048)
        shapes |= _attention(f"{block}.video_to_audio_attn", 2048, 2048, 4096)
        shapes |= linear(f"{block}.audio_ff.net.0.proj", 2048, 8192)
        if version != "2.0":
            shapes |= {f"{block}.prompt_scale_shift_table": (2, 4096)}
            shapes |= linear(f"{block}.attn1.to_gate_logits", 4096, 32)
    if version == "2.5":
        shapes |= {"keyframes_abs_pos_embedding": (1, 4096)}
    return {f"{prefix}{name}": shape for name, shape in shapes.items()}


def renamed(shapes: Shapes) -> Shapes:
    """The same in the names of diffusers."""
    words = (
        *(("audio_patchify_proj", "audio_proj_in"), ("patchify_proj", "proj_in")),
        ("av_ca_video_scale_shift_adaln_single", "av_cross_attn_video_scale_shift"),
        ("av_ca_a2v_gate_adaln_single", "av_cross_attn_video_a2v_gate"),
        *(("adaln_single", "time_embed"), ("q_norm", "norm_q"), ("k_norm", "norm_k")),
    )
    found = {}
    for name, shape in shapes.items():
        new = name
        for old, word in words:
            new = new.replace(old, word)
        found[new] = shape
    return found


def _folder(variant: str, kind: str, part: str, **values: Any) -> Case:
    configs = {
        "model_index.json": {"_class_name": kind},
        "transformer/config.json": {"_class_name": part, **values},
    }
    answer = ("main", "ltx-video", "diffusers", variant)
    weights = {"transformer/diffusion_pytorch_model.safetensors": plain}
    return Case("ltx-video main, folder", answer, folder(configs, weights))


def _mains() -> list[Case]:
    def case(variant: str, make: Any, rule: str = "original names") -> Case:
        answer = ("main", "ltx-video", "checkpoint", variant)
        return Case(f"ltx-video main, {rule}", answer, file(make))

    return [
        case("2b", ltx),
        case("2b", partial(ltx, prefix="model.diffusion_model.")),
        case("13b", partial(ltx, 4096, 48)),
        *(case(version, partial(ltx2, version)) for version in ("2.0", "2.3", "2.5")),
        case("2.3", partial(ltx2, "2.3", prefix="model.diffusion_model.")),
        case("2b", lambda: renamed(ltx()), "diffusers names"),
        case("2.0", lambda: renamed(ltx2()), "diffusers names"),
    ]


def _adapters() -> list[Case]:
    answer = ("lora", "ltx-video", "lycoris", None)
    cases = []
    for shapes in (ltx(), ltx(4096, 48), ltx2("2.3"), renamed(ltx2())):
        modules = modules_of(shapes)
        for spelling in ("kohya", "diffusers", "ai-toolkit"):
            for parts in (("attn",), ("blocks.7.",), ("_blocks.",)):
                some = partial(lora, having(modules, *parts), spelling)
                cases.append(Case("ltx-video lora", answer, file(some)))
    weights = {"pytorch_lora_weights.safetensors": partial(lora, having(modules_of(ltx()), "attn"))}
    many = ("lora", "ltx-video", "diffusers", None)
    return [*cases, Case("ltx-video lora, folder", many, folder({}, weights))]


_FIRST, _SECOND = "LTXVideoTransformer3DModel", "LTX2VideoTransformer3DModel"
CASES = [
    *_mains(),
    _folder("2b", "LTXPipeline", _FIRST, attention_head_dim=64),
    _folder("13b", "LTXConditionPipeline", _FIRST, attention_head_dim=128),
    _folder("2.0", "LTX2Pipeline", _SECOND),
    _folder("2.5", "LTX25ModularPipeline", _SECOND),
    _folder("2.3", "LTX2Pipeline", _SECOND, gated_attn=True),
    _folder("2.5", "LTX2Pipeline", _SECOND, gated_attn=True, use_keyframes_abs_pos_embedding=True),
    *_adapters(),
]
