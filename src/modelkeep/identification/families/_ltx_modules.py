"""The modules of LTX-Video and LTX-2, as adapters name them."""

from __future__ import annotations

from modelkeep.identification.families._transformers import (
    ANY,
    TIME,
    attention,
    feed_forward,
    two_layers,
)
from modelkeep.identification.module_tables import ModuleTable, Widths

_AUDIO = 2048
#: Width of the text of Gemma, which LTX-2 takes, and of T5 before.
_GEMMA, _T5 = 3840, 4096


def _embedder(name: str, width: int, given: int | None) -> dict[str, Widths]:
    """Return an embedder of times, which gives what scales and shifts."""
    layers = two_layers(f"{name}.emb.timestep_embedder", TIME, width, width)
    return layers | {f"{name}.linear": (width, given)}


def _first(width: int, blocks: int, *, own: bool) -> dict[str, Widths]:
    """Return the modules of LTX-Video; ``own`` in its own names, else in those of diffusers."""
    block = f"transformer_blocks.{{{blocks}}}"
    modules = attention(f"{block}.attn1", width) | attention(f"{block}.attn2", width)
    modules |= feed_forward(f"{block}.ff", width, 4 * width)
    modules |= _embedder("adaln_single" if own else "time_embed", width, None)
    modules |= two_layers("caption_projection", _T5, width, width)
    return modules | {
        "patchify_proj" if own else "proj_in": (None, width),
        "proj_out": (width, None),
    }


def _second(width: int, blocks: int, *, own: bool) -> dict[str, Widths]:
    """Return the modules of LTX-2: those of videos, those of sound, and between them."""
    modules = _first(width, blocks, own=own) | _streams(width, f"transformer_blocks.{{{blocks}}}")
    for name in ("prompt_adaln", "audio_prompt_adaln"):
        size = _AUDIO if name.startswith("audio") else width
        modules |= _embedder(f"{name}_single" if own else name, size, None)
    for kind, size in (("video", width), ("audio", _AUDIO)):
        gate = "a2v" if kind == "video" else "v2a"
        if own:
            modules |= _embedder(f"av_ca_{kind}_scale_shift_adaln_single", size, 4 * size)
            modules |= _embedder(f"av_ca_{gate}_gate_adaln_single", size, size)
        else:
            modules |= _embedder(f"av_cross_attn_{kind}_scale_shift", size, 4 * size)
            modules |= _embedder(f"av_cross_attn_{kind}_{gate}_gate", size, size)
        modules |= _connector(kind, own=own)
    modules |= _embedder("audio_adaln_single" if own else "audio_time_embed", _AUDIO, None)
    modules |= two_layers("caption_projection", _GEMMA, width, width)
    modules |= two_layers("audio_caption_projection", _GEMMA, _AUDIO, _AUDIO)
    return modules | {
        "audio_patchify_proj" if own else "audio_proj_in": (None, _AUDIO),
        "audio_proj_out": (_AUDIO, None),
    }


def _streams(width: int, block: str) -> dict[str, Widths]:
    modules = attention(f"{block}.audio_attn1", _AUDIO) | attention(f"{block}.audio_attn2", _AUDIO)
    modules |= feed_forward(f"{block}.audio_ff", _AUDIO, 4 * _AUDIO)
    modules |= {
        f"{block}.audio_to_video_attn.to_q": (width, _AUDIO),
        f"{block}.audio_to_video_attn.to_out.0": (_AUDIO, width),
        f"{block}.video_to_audio_attn.to_q": (_AUDIO, _AUDIO),
        f"{block}.video_to_audio_attn.to_out.0": (_AUDIO, _AUDIO),
    }
    for part in ("to_k", "to_v"):
        modules[f"{block}.audio_to_video_attn.{part}"] = (_AUDIO, _AUDIO)
        modules[f"{block}.video_to_audio_attn.{part}"] = (width, _AUDIO)
    for name in ("attn1", "attn2", "audio_to_video_attn"):
        modules[f"{block}.{name}.to_gate_logits"] = (width, None)
    for name in ("audio_attn1", "audio_attn2", "video_to_audio_attn"):
        modules[f"{block}.{name}.to_gate_logits"] = (_AUDIO, None)
    return modules


def _connector(kind: str, *, own: bool, most: int = 8) -> dict[str, Widths]:
    """Return the blocks that prepare the text for one stream; versions differ in their widths."""
    name = f"{kind}_embeddings_connector.transformer_1d_blocks.{{{most}}}"
    if not own:
        name = f"{kind}_connector.transformer_blocks.{{{most}}}"
    inner = ("to_q", "to_k", "to_v", "to_out.0", "to_gate_logits")
    parts = [*(f"attn1.{part}" for part in inner), "ff.net.0.proj", "ff.net.2"]
    modules = {f"{name}.{part}": ANY for part in parts}
    if own:
        joint = ("aggregate_embed", "video_aggregate_embed", "audio_aggregate_embed")
        return modules | {f"text_embedding_projection.{part}": ANY for part in joint}
    return modules | {f"connectors.{path}": ANY for path in (*modules, "text_proj_in")}


TABLES = tuple(
    table
    for own in (True, False)
    for table in (
        ModuleTable(_first(2048, 28, own=own), fits=("2b",)),
        ModuleTable(_first(4096, 48, own=own), fits=("13b",)),
        ModuleTable(_second(4096, 48, own=own), fits=("2.0", "2.3", "2.5")),
    )
)
