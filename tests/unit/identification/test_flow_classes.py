"""Flow models as diffusers makes them: every tensor at full size, and LoRAs of their layers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from modelkeep.errors import AmbiguousModelError, UnknownModelError
from modelkeep.identification.engine import decide
from modelkeep.identification.header import TensorHeader, TensorInfo
from modelkeep.identification.known_families import load_rules
from modelkeep.identification.view import ModelView
from sample_models import Shapes
from support.meta_models import class_shapes

pytest.importorskip("diffusers")

#: Class, what it is made from, base and variant.
_FLUX2 = "Flux2Transformer2DModel"
_SANA: dict[str, Any] = {"num_attention_heads": 36, "attention_head_dim": 32}
MODELS: list[tuple[str, dict[str, Any], str, str]] = [
    ("FluxTransformer2DModel", {"guidance_embeds": True}, "flux", "dev"),
    ("FluxTransformer2DModel", {}, "flux", "schnell"),
    ("FluxTransformer2DModel", {"in_channels": 384, "guidance_embeds": True}, "flux", "fill"),
    ("FluxTransformer2DModel", {"in_channels": 196, "guidance_embeds": True}, "flux", "flex-2"),
    (_FLUX2, {}, "flux2", "dev"),
    (
        _FLUX2,
        {"num_attention_heads": 32, "num_single_layers": 24, "joint_attention_dim": 12288},
        "flux2",
        "klein-9b",
    ),
    (
        _FLUX2,
        {
            "num_attention_heads": 24,
            "num_layers": 5,
            "num_single_layers": 20,
            "joint_attention_dim": 7680,
        },
        "flux2",
        "klein-4b",
    ),
    ("ChromaTransformer2DModel", {}, "chroma", "normal"),
    ("Flux3Transformer2DModel", {}, "flux3", "normal"),
    ("Flux3Transformer2DModel", {"flow_map": True}, "flux3", "distilled"),
    (
        "LongCatImageTransformer2DModel",
        {"num_layers": 10, "num_single_layers": 20},
        "longcat",
        "normal",
    ),
    ("OvisImageTransformer2DModel", {}, "ovis-image", "normal"),
    ("BriaTransformer2DModel", {"num_layers": 8, "num_single_layers": 28}, "bria", "normal"),
    (
        "BriaFiboTransformer2DModel",
        {"num_layers": 8, "num_single_layers": 38, "in_channels": 48},
        "bria-fibo",
        "fibo",
    ),
    ("BriaFibo2Transformer2DModel", {}, "bria-fibo", "fibo-2"),
    ("ZImageTransformer2DModel", {}, "z-image", "normal"),
    ("ZImageTransformer2DModel", {"siglip_feat_dim": 1152}, "z-image", "omni"),
    ("Lumina2Transformer2DModel", {"cap_feat_dim": 2304}, "lumina2", "normal"),
    (
        "LuminaNextDiT2DModel",
        {"num_kv_heads": 8, "num_layers": 24, "hidden_size": 2304},
        "lumina",
        "normal",
    ),
    (
        "SD3Transformer2DModel",
        {"num_layers": 24, "num_attention_heads": 24, "caption_projection_dim": 1536},
        "sd-3",
        "normal",
    ),
    (
        "SD3Transformer2DModel",
        {
            "num_layers": 24,
            "num_attention_heads": 24,
            "caption_projection_dim": 1536,
            "qk_norm": "rms_norm",
            "dual_attention_layers": tuple(range(13)),
        },
        "sd-3",
        "3.5-medium",
    ),
    (
        "SD3Transformer2DModel",
        {
            "num_layers": 38,
            "num_attention_heads": 38,
            "caption_projection_dim": 2432,
            "qk_norm": "rms_norm",
        },
        "sd-3",
        "3.5-large",
    ),
    ("AuraFlowTransformer2DModel", {}, "auraflow", "normal"),
    ("HunyuanImageTransformer2DModel", {"text_embed_2_dim": 1472}, "hunyuan-image", "normal"),
    (
        "HunyuanImageTransformer2DModel",
        {"text_embed_2_dim": 1472, "use_meanflow": True, "guidance_embeds": True},
        "hunyuan-image",
        "distilled",
    ),
    (
        "HunyuanImageTransformer2DModel",
        {
            "in_channels": 128,
            "num_attention_heads": 26,
            "patch_size": (1, 1, 1),
            "rope_axes_dim": (16, 56, 56),
            "use_meanflow": True,
        },
        "hunyuan-image",
        "refiner",
    ),
    (
        "HunyuanDiT2DModel",
        {
            "in_channels": 4,
            "patch_size": 2,
            "hidden_size": 1408,
            "num_layers": 40,
            "mlp_ratio": 4.3637,
        },
        "hunyuan-dit",
        "normal",
    ),
    (
        "HiDreamImageTransformer2DModel",
        {
            "patch_size": 2,
            "in_channels": 16,
            "caption_channels": [4096, 4096],
            "llama_layers": list(range(48)),
        },
        "hidream",
        "full",
    ),
    (
        "PixArtTransformer2DModel",
        {"caption_channels": 4096, "use_additional_conditions": True},
        "pixart",
        "alpha",
    ),
    (
        "PixArtTransformer2DModel",
        {"caption_channels": 4096, "use_additional_conditions": False},
        "pixart",
        "sigma",
    ),
    ("SanaTransformer2DModel", {}, "sana", "1.6b"),
    ("SanaTransformer2DModel", {"guidance_embeds": True}, "sana", "sprint-1.6b"),
    (
        "SanaTransformer2DModel",
        _SANA
        | {"num_layers": 28, "num_cross_attention_heads": 16}
        | {"cross_attention_head_dim": 72, "cross_attention_dim": 1152},
        "sana",
        "0.6b",
    ),
    ("SanaVideoTransformer3DModel", {}, "sana", "video"),
    ("SanaWMTransformer3DModel", {}, "sana", "wm"),
    ("CogView3PlusTransformer2DModel", {}, "cogview3", "normal"),
    (
        "CogView4Transformer2DModel",
        {"num_layers": 28, "num_attention_heads": 32, "attention_head_dim": 128},
        "cogview4",
        "normal",
    ),
    (
        "OmniGenTransformer2DModel",
        {"rope_scaling": {"long_factor": [1.0] * 48, "short_factor": [1.0] * 48, "type": "su"}},
        "omnigen",
        "normal",
    ),
    (
        "JoyImageEditTransformer3DModel",
        {"hidden_size": 4096, "num_attention_heads": 32, "num_layers": 40},
        "joyimage",
        "edit",
    ),
]
#: Bases of which only a declaration tells a LoRA, and those whose part another has too.
_BY_DECLARATION = {"bria", "pixart"}
#: Parts of names of matrices that belong to no linear layer.
_NO_LAYERS = ("table", "token", "style_embedder", ".gate.")
#: Parts of names of layers that quantisers leave as they are.
_KEPT = ("embed", "norm", "proj_out", "time_", "table", "token")
_NAMES = [f"{base} {variant}" for _, _, base, variant in MODELS]
_RULES = load_rules()


@functools.cache
def _model(number: int) -> Shapes:
    name, config, _, _ = MODELS[number]
    return class_shapes(f"diffusers.{name}", config)


def _view(shapes: Shapes, metadata: Mapping[str, str] | None = None) -> ModelView:
    tensors = {name: TensorInfo("BF16", shape) for name, shape in shapes.items()}
    header = TensorHeader("m", "safetensors", 1, tensors, dict(metadata or {}))
    return ModelView("some-model", header=header, names=_RULES.names)


def _layers(shapes: Shapes) -> dict[str, tuple[int, int]]:
    """Return what the linear layers take and give."""
    found = {}
    for name, shape in shapes.items():
        module = name.removesuffix(".weight")
        is_other = any(word in name for word in _NO_LAYERS)
        if module != name and len(shape) == len(("given", "taken")) and not is_other:
            found[module] = (shape[1], shape[0])
    return found


def _bases(shapes: Shapes, metadata: Mapping[str, str] | None = None) -> tuple[str, ...]:
    try:
        return (str(decide(_view(shapes, metadata), _RULES, "m").rule.base),)
    except AmbiguousModelError as error:
        return tuple(map(str, error.candidates))
    except UnknownModelError:
        return ()


def _diffusers(name: str, taken: int, given: int) -> Shapes:
    return {
        f"transformer.{name}.lora_A.weight": (8, taken),
        f"transformer.{name}.lora_B.weight": (given, 8),
    }


def _onetrainer(name: str, taken: int, given: int) -> Shapes:
    flat = "lora_transformer_" + name.replace(".", "_")
    return {
        f"{flat}.lora_down.weight": (8, taken),
        f"{flat}.lora_up.weight": (given, 8),
        f"{flat}.alpha": (),
        f"{flat}.dora_scale": (given, 1),
    }


def _lora(
    layers: Mapping[str, tuple[int, int]], spell: Callable[[str, int, int], Shapes]
) -> Shapes:
    shapes: Shapes = {}
    for name, (taken, given) in layers.items():
        shapes |= spell(name, taken, given)
    return shapes


@pytest.mark.parametrize("number", range(len(MODELS)), ids=_NAMES)
@pytest.mark.parametrize("prefix", ["", "model.diffusion_model.", "transformer."])
def test_the_model_of_a_class_is_recognised(number: int, prefix: str) -> None:
    shapes = {prefix + name: shape for name, shape in _model(number).items()}

    match = decide(_view(shapes), _RULES, "m")

    variant = match.variant.name if match.variant else None
    assert (match.rule.type, match.rule.base, variant) == ("main", *MODELS[number][2:])


def _packed(shapes: Shapes) -> dict[str, TensorInfo]:
    """Return tensors as bitsandbytes packs all that are matrices."""
    found = {}
    for name, shape in shapes.items():
        if len(shape) != len(("given", "taken")) or not name.endswith(".weight"):
            found[name] = TensorInfo("BF16", shape)
            continue
        found[name] = TensorInfo("U8", (shape[0] * shape[1] // 2, 1))
        found[f"{name}.absmax"] = TensorInfo("F32", (4,))
    return found


def _halved(shapes: Shapes) -> dict[str, TensorInfo]:
    """Return tensors as NVFP4 packs the layers of blocks: two weights a byte."""
    found = {}
    for name, shape in shapes.items():
        is_layer = len(shape) == len(("given", "taken")) and name.endswith(".weight")
        if not is_layer or any(word in name for word in _KEPT):
            found[name] = TensorInfo("BF16", shape)
            continue
        found[name] = TensorInfo("U8", (shape[0], shape[1] // 2))
        found[f"{name}_scale"] = TensorInfo("F8_E4M3", (shape[0], shape[1] // 16))
    return found


@pytest.mark.parametrize("number", range(len(MODELS)), ids=_NAMES)
@pytest.mark.parametrize("pack", [_packed, _halved])
def test_a_packed_model_is_recognised_with_its_variant(
    number: int, pack: Callable[[Shapes], dict[str, TensorInfo]]
) -> None:
    header = TensorHeader("m", "safetensors", 1, pack(_model(number)), {})

    match = decide(ModelView("some-model", header=header, names=_RULES.names), _RULES, "m")

    variant = match.variant.name if match.variant else None
    assert (match.rule.base, variant) == MODELS[number][2:]


@pytest.mark.parametrize("number", range(len(MODELS)), ids=_NAMES)
@pytest.mark.parametrize("spell", [_diffusers, _onetrainer])
def test_a_lora_of_every_layer_is_right(
    number: int, spell: Callable[[str, int, int], Shapes]
) -> None:
    base = MODELS[number][2]
    lora = _lora(_layers(_model(number)), spell)
    metadata = {"ss_base_model_version": base} if base in _BY_DECLARATION else {}

    assert _bases(lora, metadata) == (base,)


@pytest.mark.parametrize("number", range(len(MODELS)), ids=_NAMES)
@pytest.mark.parametrize("part", ["attn", "ff", "mlp", "norm", "blocks.0.", "layers.3."])
def test_a_lora_of_some_layers_is_right_or_open(number: int, part: str) -> None:
    base = MODELS[number][2]
    layers = {name: each for name, each in _layers(_model(number)).items() if part in name}
    if not layers or base in _BY_DECLARATION:
        return

    found = _bases(_lora(layers, _diffusers))

    assert not found or base in found
