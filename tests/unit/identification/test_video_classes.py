"""Transformers of videos that classes of diffusers make at full size, and LoRAs of all of them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from modelkeep.errors import AmbiguousModelError, UnknownModelError
from modelkeep.identification.engine import identify
from sample_models import typed, write_safetensors
from support.lora_shapes import lora
from support.meta_models import class_layers


class Published(NamedTuple):
    """One published model: its class, what it is made from, and what it has to be called."""

    kind: str
    base: str
    variant: str | None
    config: dict[str, Any]


_CLIP = {"in_channels": 36, "image_dim": 1280, "added_kv_proj_dim": 5120}
_SMALL = {"num_attention_heads": 12, "ffn_dim": 8960, "num_layers": 30}
_LARGE_LTX = {"attention_head_dim": 128, "cross_attention_dim": 4096, "num_layers": 48}
_SMALL_WAN_VACE = {**_SMALL, "vace_layers": list(range(0, 30, 2))}
_GATED = {
    "gated_attn": True,
    "cross_attn_mod": True,
    "audio_gated_attn": True,
    "audio_cross_attn_mod": True,
    "use_prompt_embeddings": False,
}
_LARGE_COG = {"num_attention_heads": 48, "num_layers": 42}
_COG_15 = {**_LARGE_COG, "in_channels": 32, "patch_size_t": 2, "ofs_embed_dim": 512}
_ANIMATE = {"in_channels": 33, "out_channels": 16, "patch_size": 2}
_LATTE = {
    "num_attention_heads": 16,
    "attention_head_dim": 72,
    "in_channels": 4,
    "out_channels": 8,
    "num_layers": 28,
    "attention_bias": True,
    "sample_size": 64,
    "patch_size": 2,
    "activation_fn": "gelu-approximate",
    "norm_type": "ada_norm_single",
    "caption_channels": 4096,
    "cross_attention_dim": 1152,
}
_KANDINSKY = {
    "num_visual_blocks": 32,
    "num_text_blocks": 2,
    "model_dim": 1792,
    "time_dim": 512,
    "ff_dim": 7168,
    "axes_dims": (16, 24, 24),
    "visual_token_type_num_embeddings": 3,
}
MODELS = [
    Published("WanTransformer3DModel", "wan", "t2v-14b", {}),
    Published("WanTransformer3DModel", "wan", "i2v-14b", _CLIP),
    Published("WanTransformer3DModel", "wan", "t2v-1.3b", _SMALL),
    Published(
        "WanTransformer3DModel",
        "wan",
        "ti2v-5b",
        {"num_attention_heads": 24, "ffn_dim": 14336, "num_layers": 30, "in_channels": 48},
    ),
    Published("WanVACETransformer3DModel", "wan", "vace-14b", {}),
    Published("WanVACETransformer3DModel", "wan", "vace-1.3b", _SMALL_WAN_VACE),
    Published("AnyFlowTransformer3DModel", "wan", "anyflow-14b", {}),
    Published("AnyFlowFARTransformer3DModel", "wan", "anyflow-14b", {}),
    Published("HeliosTransformer3DModel", "wan", "helios-14b", {}),
    Published("HunyuanVideoTransformer3DModel", "hunyuan-video", "t2v", {}),
    Published("HunyuanVideoTransformer3DModel", "hunyuan-video", "i2v", {"in_channels": 33}),
    Published(
        "HunyuanVideoFramepackTransformer3DModel",
        "hunyuan-video",
        "framepack",
        {"has_image_proj": True, "image_proj_dim": 1152, "has_clean_x_embedder": True},
    ),
    Published("HunyuanVideo15Transformer3DModel", "hunyuan-video", "1.5", {}),
    Published("LTXVideoTransformer3DModel", "ltx-video", "2b", {}),
    Published("LTXVideoTransformer3DModel", "ltx-video", "13b", _LARGE_LTX),
    Published("LTX2VideoTransformer3DModel", "ltx-video", "2.0", {}),
    Published("LTX2VideoTransformer3DModel", "ltx-video", "2.3", _GATED),
    Published("MochiTransformer3DModel", "mochi", "normal", {}),
    Published("CogVideoXTransformer3DModel", "cogvideox", "2b", {}),
    Published("CogVideoXTransformer3DModel", "cogvideox", "5b", _LARGE_COG),
    Published("CogVideoXTransformer3DModel", "cogvideox", "1.5-5b-i2v", _COG_15),
    Published("AllegroTransformer3DModel", "allegro", "normal", {}),
    Published("LatteTransformer3DModel", "latte", "normal", _LATTE),
    Published("EasyAnimateTransformer3DModel", "easyanimate", "inpaint", _ANIMATE),
    Published("MiniMaxH3Transformer3DModel", "minimax-h3", "normal", {}),
    Published("Kandinsky6Transformer3DModel", "kandinsky6", "pro", {}),
    Published("Kandinsky6Transformer3DModel", "kandinsky6", "lite-i2v", _KANDINSKY),
    Published("Kandinsky6SRTransformer3DModel", "kandinsky6", "sr", {}),
]


def _label(model: Published) -> str:
    return f"{model.kind}-{model.variant}"


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=_label)
def test_a_class_and_loras_of_it(model: Published, tmp_path: Path) -> None:
    shapes, layers = class_layers(f"diffusers.{model.kind}", model.config)
    for prefix in ("", "model.diffusion_model."):
        found = identify(
            write_safetensors(tmp_path / "m.safetensors", typed(shapes, prefix=prefix))
        )

        assert (found.type, found.base) == ("main", model.base)
        assert (found.variant and found.variant.value) == model.variant

    for spelling in ("diffusers", "kohya"):
        path = write_safetensors(tmp_path / "all.safetensors", typed(lora(layers, spelling)))

        assert identify(path).base == model.base

    kinds = {path.rpartition("blocks.0.")[2]: path for path in layers if "blocks.0." in path}
    for name in kinds.values():
        file = write_safetensors(tmp_path / "one.safetensors", typed(lora({name: layers[name]})))

        assert model.base in _bases(file)


def _bases(file: Path) -> Collection[str]:
    """Return the base that an adapter is for, or all those that it fits alike."""
    try:
        return [identify(file).base]
    except AmbiguousModelError as error:
        return error.candidates


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [
        "AceStepTransformer1DModel",
        "StableAudioDiTModel",
        "StableAudio3DiTModel",
        "LongCatAudioDiTTransformer",
        "MiniMaxMusic3Transformer1DModel",
    ],
)
def test_models_of_sound_and_loras_of_them_are_unknown(kind: str, tmp_path: Path) -> None:
    shapes, layers = class_layers(f"diffusers.{kind}")
    attention = {path: shape for path, shape in layers.items() if "attn" in path}
    for made in (shapes, lora(layers), lora(attention), lora(attention, "kohya")):
        path = write_safetensors(tmp_path / "m.safetensors", typed(made))

        with pytest.raises(UnknownModelError):
            identify(path)
