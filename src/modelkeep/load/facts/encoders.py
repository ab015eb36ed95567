"""Encoders of texts and pictures that are a model of their own: CLIP, SigLIP and T5."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.prefixes import TEXT, Part
from modelkeep.load.facts.family_facts import PartFacts
from modelkeep.load.facts.spelling import Shapes, Spelling
from modelkeep.load.facts.text_encoders import (
    CLIP_L,
    OPEN_CLIP_G,
    OPEN_CLIP_H,
    clip,
    clip_with_projection,
)

_BLOCK = "encoder.block.0.layer"
_KEY = f"{_BLOCK}.0.SelfAttention.k.weight"
#: Shows the heads, and the positions that they tell apart.
_BIAS = f"{_BLOCK}.0.SelfAttention.relative_attention_bias.weight"
_FORWARD = f"{_BLOCK}.1.DenseReluDense"
#: Each layer of UMT5 has a bias of its own.
_OWN_BIAS = "encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight"
_VISION: Part = ("", "image_encoder.", "vision_tower.")
_START = "vision_model."
_CLASS = "embeddings.class_embedding"
_POSITIONS = "embeddings.position_embedding.weight"
_PATCHES = "embeddings.patch_embedding.weight"

#: What does not show in the shapes of a vision encoder of CLIP, by its width.
_CLIP_VISION: Mapping[int, Mapping[str, Any]] = {
    768: {"hidden_act": "quick_gelu", "num_attention_heads": 12},
    1024: {"hidden_act": "quick_gelu", "num_attention_heads": 16},
    1280: {"hidden_act": "gelu", "num_attention_heads": 16},
    1664: {"hidden_act": "gelu", "num_attention_heads": 16},
}
#: The same of SigLIP, with the size of its pictures by the number of patches.
_SIGLIP: Mapping[int, Mapping[str, Any]] = {
    768: {"num_attention_heads": 12},
    1024: {"num_attention_heads": 16},
    1152: {"num_attention_heads": 16},
}
_SIGLIP_SIZES: Mapping[int, int] = {729: 384}

_T5_SPELLING = Spelling(
    _KEY,
    dims={
        "d_model": (_KEY, 1),
        "vocab_size": ("shared.weight", 0),
        "num_heads": (_BIAS, 1),
        "relative_attention_num_buckets": (_BIAS, 0),
    },
    counts={"num_layers": "encoder.block"},
    drops=(
        # Its own decoder and vocabulary, and a text encoder of CLIP in one of its spellings.
        *("decoder.", "lm_head.", "spiece_model", "logit_scale", "text_model.", "text_projection"),
        *("positional_embedding", "token_embedding.", "transformer.resblocks.", "ln_final."),
    ),
)


def _vision_spelling(start: str) -> Spelling:
    """Return the names of transformers, which begin with ``vision_model.`` or do not."""
    layers = f"{start}encoder.layers"
    return Spelling(
        start + _PATCHES,
        dims={
            "hidden_size": (start + _PATCHES, 0),
            "num_channels": (start + _PATCHES, 1),
            "patch_size": (start + _PATCHES, 3),
            "intermediate_size": (f"{layers}.0.mlp.fc1.weight", 0),
            "projection_dim": ("visual_projection.weight", 0),
        },
        counts={"num_hidden_layers": layers},
        marks={"vision_use_head": f"{start}head.probe"},
        drops=("text_model.", "text_projection.", "logit_", f"{start}embeddings.position_ids"),
    )


#: Text encoders of CLIP by their width.
_CLIP_TEXT: Mapping[int, Mapping[str, Any]] = {768: CLIP_L, 1024: OPEN_CLIP_H, 1280: OPEN_CLIP_G}
#: Of these, the one whose projection pipelines use.
_PROJECTED = 1280
#: SD 2 listens to the last but one of the layers of OpenCLIP-H.
_LAST_OF_H = "transformer.resblocks.23."
#: What files of text encoders of CLIP may have beside it: a vision encoder, a T5 encoder.
BESIDE_CLIP = (
    *("visual.", "vision_model.", "visual_projection."),
    *("encoder.block.", "encoder.final_layer_norm.", "shared."),
)


def clip_text(width: int, base: BaseModelType, *, has_projection: bool) -> PartFacts | None:
    """Return the facts of a text encoder of CLIP; None where nothing is known of its width.

    Args:
        width: Its width.
        base: What it is used with, where that is known.
        has_projection: The file has the projection, which only some pipelines use.
    """
    config = _CLIP_TEXT.get(width)
    if config is None:
        return None
    if has_projection and (width == _PROJECTED or base is BaseModelType.StableDiffusion3):
        return clip_with_projection("", config, TEXT)
    is_shorter = base is BaseModelType.StableDiffusion2
    return clip("", config, TEXT, *((_LAST_OF_H,) if is_shorter else ()))


#: Their classes and the rest of their settings follow from the tensors.
VISION = PartFacts(
    "",
    "transformers",
    "CLIPVisionModel",
    {},
    _VISION,
    (_vision_spelling(_START), _vision_spelling("")),
)
T5 = PartFacts(
    "",
    "transformers",
    "T5EncoderModel",
    {"is_encoder_decoder": False, "layer_norm_epsilon": 1e-06, "tie_word_embeddings": False},
    TEXT,
    (_T5_SPELLING,),
)


def clip_vision(shapes: Shapes) -> tuple[str, Mapping[str, Any]] | None:
    """Return class and settings of a vision encoder that its spelling does not tell.

    Args:
        shapes: The tensors, by their names without prefix.

    Returns:
        None where nothing is known of its width.
    """
    plain = {name.removeprefix(_START): shape for name, shape in shapes.items()}
    width, patch = _dim(plain, _PATCHES, 0), _dim(plain, _PATCHES, -1)
    positions = _dim(plain, _POSITIONS, 0)
    is_clip = _CLASS in plain
    known = (_CLIP_VISION if is_clip else _SIGLIP).get(width)
    if known is None:
        return None
    size = patch * round(max(positions - is_clip, 0) ** 0.5)
    if not is_clip:
        return "SiglipVisionModel", {"image_size": _SIGLIP_SIZES.get(positions, size), **known}
    has_projection = "visual_projection.weight" in plain
    name = "CLIPVisionModelWithProjection" if has_projection else "CLIPVisionModel"
    return name, {"image_size": size, **known}


def t5(shapes: Shapes) -> tuple[str, Mapping[str, Any]]:
    """Return class and settings of a T5 encoder; see ``clip_vision``."""
    is_gated = f"{_FORWARD}.wi_0.weight" in shapes
    settings = {
        "d_ff": _dim(shapes, f"{_FORWARD}.{'wi_0' if is_gated else 'wi'}.weight", 0),
        "d_kv": _dim(shapes, _KEY, 0) // max(_dim(shapes, _BIAS, 1), 1),
        "feed_forward_proj": "gated-gelu" if is_gated else "relu",
        "vocab_size": _dim(shapes, "encoder.embed_tokens.weight", 0),
    }
    return ("UMT5EncoderModel" if _OWN_BIAS in shapes else "T5EncoderModel"), settings


def _dim(shapes: Shapes, name: str, axis: int) -> int:
    """Return one dimension of a tensor; 0 where it has none."""
    shape = shapes.get(name) or (0,)
    return shape[axis] if axis < len(shape) else 0
