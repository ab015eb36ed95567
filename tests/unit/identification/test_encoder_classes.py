"""Encoders that classes of transformers make at the sizes that are published."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from modelkeep.errors import UnknownModelError
from modelkeep.identification.engine import identify
from sample_models import Shapes, typed, write_safetensors
from support.gguf_files import write_gguf
from support.meta_models import class_shapes
from unit.identification.cases import file, folder, plain
from unit.identification.of_family.encoders import FILES, language_model

_T5: dict[str, Any] = {
    "d_model": 4096,
    "d_ff": 10240,
    "num_layers": 24,
    "num_heads": 64,
    "feed_forward_proj": "gated-gelu",
}


def _text(width: int, inner: int, layers: int, heads: tuple[int, int, int]) -> dict[str, Any]:
    """Heads are those of queries, those of keys, and how wide one is."""
    return {
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads[0],
        "num_key_value_heads": heads[1],
        "head_dim": heads[2],
    }


_QWEN3_4B = _text(2560, 9728, 36, (32, 8, 128))
_CLIP_G = {
    "hidden_size": 1280,
    "intermediate_size": 5120,
    "num_hidden_layers": 32,
    "num_attention_heads": 20,
}


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "config", "kind"),
    [
        ("T5EncoderModel", _T5, "t5_encoder"),
        ("T5EncoderModel", _T5 | {"d_model": 768, "d_ff": 3072, "feed_forward_proj": "relu",
                                  "num_heads": 12, "num_layers": 12}, "t5_encoder"),
        ("T5EncoderModel", _T5 | {"d_model": 1472, "d_ff": 3584, "num_heads": 6,
                                  "num_layers": 12, "vocab_size": 384}, "t5_encoder"),
        ("T5ForConditionalGeneration", _T5 | {"num_decoder_layers": 24}, "t5_encoder"),
        ("UMT5EncoderModel", _T5 | {"vocab_size": 256384}, "t5_encoder"),
        ("CLIPTextModel", {"hidden_size": 768, "num_hidden_layers": 12}, "clip_embed"),
        ("CLIPTextModelWithProjection", _CLIP_G, "clip_embed"),
        ("CLIPVisionModel", {"hidden_size": 1024, "num_hidden_layers": 24,
                             "num_attention_heads": 16}, "clip_vision"),
        ("CLIPVisionModelWithProjection", _CLIP_G, "clip_vision"),
        ("SiglipVisionModel", {"hidden_size": 1152, "num_hidden_layers": 27}, "clip_vision"),
        ("Siglip2VisionModel", {"hidden_size": 1152, "num_hidden_layers": 27}, "clip_vision"),
        ("Dinov2Model", {"hidden_size": 1536, "num_hidden_layers": 40}, "clip_vision"),
        ("DINOv3ViTModel", {"hidden_size": 1024, "num_hidden_layers": 24,
                             "num_attention_heads": 16}, "clip_vision"),
        ("Gemma2Model", _text(2304, 9216, 26, (8, 4, 256)), "text_encoder"),
        ("Gemma2ForCausalLM", _text(2304, 9216, 26, (8, 4, 256)), "text_encoder"),
        ("Gemma3TextModel", _text(3840, 15360, 48, (16, 8, 256)), "text_encoder"),
        ("Gemma3Model", {}, "text_encoder"),
        ("Gemma3ForConditionalGeneration", {}, "text_encoder"),
        ("Gemma4Model", {}, "text_encoder"),
        ("GptOssModel", {}, "text_encoder"),
        ("DeepseekV2ForCausalLM", {"num_hidden_layers": 3}, "text_encoder"),
        ("DeepseekV3Model", {"num_hidden_layers": 2}, "text_encoder"),
        ("CohereForCausalLM", {"num_hidden_layers": 2}, "text_encoder"),
        ("Cohere2ForCausalLM", {"num_hidden_layers": 2}, "text_encoder"),
        ("Olmo2ForCausalLM", {"num_hidden_layers": 2}, "text_encoder"),
        ("GPT2LMHeadModel", {}, "text_encoder"),
        ("GPT2Model", {}, "text_encoder"),
        ("FalconForCausalLM", {"num_hidden_layers": 2}, "text_encoder"),
        ("BloomForCausalLM", {"n_layer": 2}, "text_encoder"),
        ("GPTNeoXForCausalLM", {"num_hidden_layers": 2}, "text_encoder"),
        ("OPTForCausalLM", {"num_hidden_layers": 2}, "text_encoder"),
        ("OPTModel", {"num_hidden_layers": 2}, "text_encoder"),
        ("Qwen2Model", _text(2048, 11008, 36, (16, 2, 128)), "text_encoder"),
        ("Qwen2_5_VLForConditionalGeneration", {}, "text_encoder"),
        ("Qwen2VLForConditionalGeneration", {}, "text_encoder"),
        ("Qwen3Model", _QWEN3_4B, "text_encoder"),
        ("Qwen3ForCausalLM", _QWEN3_4B, "text_encoder"),
        ("Qwen3VLForConditionalGeneration", {}, "text_encoder"),
        ("Qwen3_5ForConditionalGeneration", {}, "text_encoder"),
        ("MistralModel", _text(5120, 32768, 40, (32, 8, 128)), "text_encoder"),
        ("Mistral3ForConditionalGeneration", {}, "text_encoder"),
        ("Ministral3Model", _text(3072, 9216, 26, (32, 8, 128)), "text_encoder"),
        ("LlamaForCausalLM", _text(4096, 14336, 32, (32, 8, 128)), "text_encoder"),
        ("LlavaForConditionalGeneration", {}, "text_encoder"),
        ("PhiModel", {}, "text_encoder"),
        ("Phi3ForCausalLM", {}, "text_encoder"),
        ("SmolLM3Model", {}, "text_encoder"),
        ("GlmModel", _text(4096, 13696, 40, (32, 2, 128)), "text_encoder"),
        ("T5GemmaForConditionalGeneration", {}, "text_encoder"),
        ("BertModel", {}, "text_encoder"),
        ("XLMRobertaModel", {}, "text_encoder"),
    ],
)  # fmt: skip
def test_the_encoder_of_a_class(
    name: str, config: Mapping[str, Any], kind: str, tmp_path: Path
) -> None:
    shapes = class_shapes(f"transformers.{name}", config)

    found = identify(write_safetensors(tmp_path / "m.safetensors", typed(shapes)))

    assert (found.type, found.base) == (kind, "any")


_LLAMA: Shapes = {
    "self_attn.q_proj.weight": (64, 64),
    "input_layernorm.weight": (64,),
    "post_attention_layernorm.weight": (64,),
}


@pytest.mark.parametrize(
    "more",
    [
        {"x_embedder.proj1.weight": (64, 64)},
        {"gen_head.output_mlp_projector.weight": (64, 64)},
        {"vae2llm.weight": (64, 64)},
        {"model.diffusion_model.img_in.weight": (64, 64)},
        {"model.layers.0.self_attn.q_proj_mot_gen.weight": (64, 64)},
        {"model.layers.0.input_layernorm_moe_gen.weight": (64,)},
    ],
)
def test_a_model_around_a_language_model_is_no_text_encoder(more: Shapes, tmp_path: Path) -> None:
    shapes = language_model(_LLAMA, 100, 2) | more

    with pytest.raises(UnknownModelError):
        identify(file(partial(dict, shapes))(tmp_path))


@pytest.mark.parametrize(
    "name", ["WhisperForConditionalGeneration", "ClapModel", "SamModel", "HunyuanImage3ForCausalMM"]
)
def test_other_classes_of_transformers_are_no_text_encoders(name: str, tmp_path: Path) -> None:
    made = folder({"config.json": {"architectures": [name]}}, {"model.safetensors": plain})

    with pytest.raises(UnknownModelError):
        identify(made(tmp_path))


@pytest.mark.parametrize(("kind", "shapes"), [one[1:] for one in FILES if "llama.cpp" in one[0]])
def test_an_encoder_in_gguf(kind: str, shapes: Shapes, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", typed(shapes))

    found = identify(path)

    assert (found.type, found.base, found.format) == (kind, "any", "gguf_quantized")
