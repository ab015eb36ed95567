"""Text encoders and their tokenizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelkeep.identification.prefixes import Part
from modelkeep.load.facts.family_facts import PartFacts, TokenizerFacts
from modelkeep.load.facts.spelling import Spelling

#: ``eos_token_id`` 2 has the class take the last token as its makers did.
_CLIP: Mapping[str, Any] = {
    "bos_token_id": 0,
    "eos_token_id": 2,
    "layer_norm_eps": 1e-05,
    "max_position_embeddings": 77,
    "model_type": "clip_text_model",
    "pad_token_id": 1,
    "vocab_size": 49408,
}
CLIP_L: Mapping[str, Any] = {
    **_CLIP,
    "hidden_act": "quick_gelu",
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "projection_dim": 768,
}
#: The last but one of its 24 layers is the one that SD 2 listens to.
OPEN_CLIP_H: Mapping[str, Any] = {
    **_CLIP,
    "hidden_act": "gelu",
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_attention_heads": 16,
    "num_hidden_layers": 23,
    "projection_dim": 512,
}
OPEN_CLIP_G: Mapping[str, Any] = {
    **_CLIP,
    "hidden_act": "gelu",
    "hidden_size": 1280,
    "intermediate_size": 5120,
    "num_attention_heads": 20,
    "num_hidden_layers": 32,
    "projection_dim": 1280,
}
T5_XXL: Mapping[str, Any] = {
    "d_ff": 10240,
    "d_kv": 64,
    "d_model": 4096,
    "feed_forward_proj": "gated-gelu",
    "is_encoder_decoder": True,
    "layer_norm_epsilon": 1e-06,
    "model_type": "t5",
    "num_decoder_layers": 24,
    "num_heads": 64,
    "num_layers": 24,
    "relative_attention_num_buckets": 32,
    "tie_word_embeddings": False,
    "vocab_size": 32128,
}


def _clip(start: str, *drops: str) -> Spelling:
    """Return the names of transformers, which begin with ``text_model.`` or do not."""
    tokens, block = f"{start}embeddings.token_embedding.weight", f"{start}encoder.layers"
    return Spelling(
        tokens,
        "clip",
        dims={
            "hidden_size": (tokens, 1),
            "vocab_size": (tokens, 0),
            "max_position_embeddings": (f"{start}embeddings.position_embedding.weight", 0),
            "intermediate_size": (f"{block}.0.mlp.fc1.weight", 0),
            "projection_dim": ("text_projection.weight", 0),
        },
        counts={"num_hidden_layers": block},
        drops=(f"{start}embeddings.position_ids", "logit_scale", *drops),
    )


def _open_clip(*drops: str) -> Spelling:
    return Spelling(
        "token_embedding.weight",
        "open_clip",
        dims={
            "hidden_size": ("token_embedding.weight", 1),
            "vocab_size": ("token_embedding.weight", 0),
            "max_position_embeddings": ("positional_embedding", 0),
            "intermediate_size": ("transformer.resblocks.0.mlp.c_fc.weight", 0),
            "projection_dim": ("text_projection", 1),
        },
        counts={"num_hidden_layers": "transformer.resblocks"},
        drops=("attn_mask", "logit_scale", *drops),
    )


_T5 = Spelling(
    "shared.weight",
    dims={
        "d_model": ("shared.weight", 1),
        "vocab_size": ("shared.weight", 0),
        "num_heads": ("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", 1),
        "d_ff": ("encoder.block.0.layer.1.DenseReluDense.wi_0.weight", 0),
    },
    counts={"num_layers": "encoder.block"},
    drops=("logit_scale",),
)


def clip(name: str, config: Mapping[str, Any], prefixes: Part, *drops: str) -> PartFacts:
    """Return the facts of a CLIP text encoder that ends in its last layer.

    Args:
        name: What pipelines call it.
        config: Settings of the class.
        prefixes: What may stand before the names of its tensors.
        drops: Beginnings of OpenCLIP's names that this encoder has no use for.
    """
    projection = "text_projection.weight"
    spellings = (_clip("text_model.", projection), _clip("", projection))
    return PartFacts(
        name,
        "transformers",
        "CLIPTextModel",
        config,
        prefixes,
        (*spellings, _open_clip("text_projection", *drops)),
        head_width=64,
    )


def clip_with_projection(name: str, config: Mapping[str, Any], prefixes: Part) -> PartFacts:
    """Return the facts of a CLIP text encoder that ends in a projection."""
    return PartFacts(
        name,
        "transformers",
        "CLIPTextModelWithProjection",
        config,
        prefixes,
        (_clip("text_model."), _open_clip()),
        head_width=64,
    )


def t5(name: str, prefixes: Part) -> PartFacts:
    """Return the facts of a T5 encoder."""
    return PartFacts(name, "transformers", "T5EncoderModel", T5_XXL, prefixes, (_T5,))


def clip_tokenizer(name: str, pad: str = "<|endoftext|>") -> TokenizerFacts:
    """Return the facts of a CLIP tokenizer.

    Args:
        name: What pipelines call it.
        pad: What fills up short texts; OpenCLIP takes ``!``.
    """
    return TokenizerFacts(name, "clip", "CLIPTokenizer", {"pad_token": pad, "model_max_length": 77})


def t5_tokenizer(name: str) -> TokenizerFacts:
    """Return the facts of a T5 tokenizer."""
    return TokenizerFacts(name, "t5", "T5Tokenizer", {"model_max_length": 512})
