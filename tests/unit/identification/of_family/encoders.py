"""Encoders of text and of pictures: a layer of each, and what stands around the layers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from sample_models import Shapes
from unit.identification.cases import Case, file, folder, plain

_Q_NORM, _KEY_BIAS = "self_attn.q_norm.weight", "self_attn.k_proj.bias"


def _layer(width: int, inner: int, heads: int, key_heads: int, head: int) -> Shapes:
    """One layer of a language model: grouped attention and a gated feed-forward."""
    return {
        "self_attn.q_proj.weight": (heads * head, width),
        "self_attn.k_proj.weight": (key_heads * head, width),
        "self_attn.v_proj.weight": (key_heads * head, width),
        "self_attn.o_proj.weight": (width, heads * head),
        "mlp.gate_proj.weight": (inner, width),
        "mlp.up_proj.weight": (inner, width),
        "mlp.down_proj.weight": (width, inner),
        "input_layernorm.weight": (width,),
        "post_attention_layernorm.weight": (width,),
    }


def language_model(layer: Shapes, words: int, layers: int, prefix: str = "model.") -> Shapes:
    """A language model: its words, its layers, and the norm behind them.

    Args:
        layer: Tensors of each layer.
        words: How many words it knows.
        layers: How many layers it has.
        prefix: What stands before every name.
    """
    width = layer.get("input_layernorm.weight", layer.get("post_attention_layernorm.weight", ()))[0]
    shapes = {"embed_tokens.weight": (words, width), "norm.weight": (width,)}
    for number in range(layers):
        shapes |= {f"layers.{number}.{name}": shape for name, shape in layer.items()}
    return {f"{prefix}{name}": shape for name, shape in shapes.items()}


def _qwen3(width: int = 2560, inner: int = 9728, layers: int = 36) -> Shapes:
    layer = _layer(width, inner, 32, 8, 128)
    return language_model(layer | {_Q_NORM: (128,)}, 151936, layers)


def _qwen25() -> Shapes:
    """Qwen2.5-VL 7B with its encoder of pictures."""
    layer = _layer(3584, 18944, 28, 4, 128)
    vision = {"visual.patch_embed.proj.weight": (1280, 3, 2, 14, 14)}
    return vision | language_model(layer | {_KEY_BIAS: (512,)}, 152064, 28)


def _gemma(width: int, layers: int, more: Shapes | None = None) -> Shapes:
    norms = {
        "pre_feedforward_layernorm.weight": (width,),
        "post_feedforward_layernorm.weight": (width,),
    }
    layer = _layer(width, width * 4, 8, 4, 256) | norms | (more or {})
    return language_model(layer, 262208, layers)


def _gemma3() -> Shapes:
    """Gemma 3 12B with its vision tower, which makes it no encoder of pictures."""
    vision = {
        "vision_model.embeddings.patch_embedding.weight": (1152, 3, 14, 14),
        "vision_model.encoder.layers.0.layer_norm1.weight": (1152,),
        "multi_modal_projector.mm_input_projection_weight": (1152, 3840),
    }
    return vision | _gemma(3840, 48, {_Q_NORM: (256,)})


def _gpt_oss() -> Shapes:
    layer = _layer(2880, 2880, 64, 8, 64) | {"self_attn.sinks": (64,), _KEY_BIAS: (512,)}
    return language_model(layer, 201088, 24)


def _qwen35() -> Shapes:
    """Qwen3.5: three layers of four have linear attention."""
    layer = {
        "linear_attn.A_log": (32,),
        "input_layernorm.weight": (2560,),
        "post_attention_layernorm.weight": (2560,),
        "mlp.gate_proj.weight": (9216, 2560),
    }
    return language_model(layer, 248320, 32, "model.language_model.")


def _phi3() -> Shapes:
    layer = {
        "self_attn.qkv_proj.weight": (9216, 3072),
        "self_attn.o_proj.weight": (3072, 3072),
        "mlp.gate_up_proj.weight": (16384, 3072),
        "input_layernorm.weight": (3072,),
        "post_attention_layernorm.weight": (3072,),
    }
    return language_model(layer, 32064, 32)


def _phi() -> Shapes:
    layer = {
        "self_attn.q_proj.weight": (2560, 2560),
        "self_attn.dense.weight": (2560, 2560),
        "mlp.fc1.weight": (10240, 2560),
        "input_layernorm.weight": (2560,),
    }
    return language_model(layer, 51200, 32)


def _deepseek() -> Shapes:
    layer = {
        "self_attn.q_a_proj.weight": (1536, 5120),
        "self_attn.kv_a_proj_with_mqa.weight": (576, 5120),
        "mlp.gate_proj.weight": (12288, 5120),
        "input_layernorm.weight": (5120,),
        "post_attention_layernorm.weight": (5120,),
    }
    return language_model(layer, 102400, 60)


def _without(layer: Shapes, *names: str) -> Shapes:
    return {name: shape for name, shape in layer.items() if name not in names}


def _command_r() -> Shapes:
    layer = _layer(8192, 22528, 64, 64, 128)
    return language_model(_without(layer, "post_attention_layernorm.weight"), 256000, 40)


def _olmo2() -> Shapes:
    layer = _layer(4096, 11008, 32, 32, 128) | {"post_feedforward_layernorm.weight": (4096,)}
    return language_model(
        _without(layer, "input_layernorm.weight") | {_Q_NORM: (4096,)}, 100352, 32
    )


def _blocks(names: Mapping[str, tuple[int, ...]], block: str, layers: int, rest: Shapes) -> Shapes:
    """A language model in names of its own."""
    return rest | {
        f"{block}{number}.{name}": shape
        for number in range(layers)
        for name, shape in names.items()
    }


def _gpt2() -> Shapes:
    names = {"attn.c_attn.weight": (768, 2304), "ln_1.weight": (768,)}
    return _blocks(names, "transformer.h.", 12, {"transformer.wte.weight": (50257, 768)})


def _falcon() -> Shapes:
    names = {"self_attention.query_key_value.weight": (4672, 4544), "ln_attn.weight": (4544,)}
    rest: Shapes = {"transformer.word_embeddings.weight": (65024, 4544)}
    return _blocks(names, "transformer.h.", 32, rest)


def _gpt_neox() -> Shapes:
    names = {"attention.query_key_value.weight": (6144, 2048), "input_layernorm.weight": (2048,)}
    return _blocks(names, "gpt_neox.layers.", 16, {"gpt_neox.embed_in.weight": (50304, 2048)})


def _opt() -> Shapes:
    names = {"self_attn.q_proj.weight": (768, 768), "fc1.weight": (3072, 768)}
    rest: Shapes = {
        "model.decoder.embed_tokens.weight": (50272, 768),
        "model.decoder.embed_positions.weight": (2050, 768),
    }
    return _blocks(names, "model.decoder.layers.", 12, rest)


def _glm() -> Shapes:
    """GLM-4 9B, which reads the text of CogView4."""
    layer = _layer(4096, 13696, 32, 2, 128)
    layer["mlp.gate_up_proj.weight"] = (27392, 4096)
    return language_model(layer | {_KEY_BIAS: (256,)}, 151552, 40)


def _chatglm() -> Shapes:
    """ChatGLM3 6B, which reads the text of Kolors."""
    return {
        "embedding.word_embeddings.weight": (65024, 4096),
        "encoder.layers.0.input_layernorm.weight": (4096,),
        "encoder.layers.0.self_attention.query_key_value.weight": (4608, 4096),
        "encoder.layers.27.self_attention.query_key_value.weight": (4608, 4096),
    }


def _ling() -> Shapes:
    return {
        "thinker.model.word_embeddings.weight": (157184, 2048),
        "thinker.model.layers.0.input_layernorm.weight": (2048,),
        "thinker.model.layers.0.attention.query_key_value.weight": (3072, 2048),
        "thinker.model.layers.1.mlp.image_gate.weight": (256, 2048),
    }


def _t5gemma() -> Shapes:
    return {
        "encoder.embed_tokens.weight": (256000, 2304),
        "encoder.layers.0.pre_self_attn_layernorm.weight": (2304,),
        "encoder.layers.0.self_attn.q_proj.weight": (2048, 2304),
        "encoder.layers.0.post_feedforward_layernorm.weight": (2304,),
    }


def _gguf() -> Shapes:
    """Qwen3 4B in the names of llama.cpp, as its files hold them."""
    shapes: Shapes = {"token_embd.weight": (151936, 2560), "output_norm.weight": (2560,)}
    for number in range(36):
        shapes[f"blk.{number}.attn_norm.weight"] = (2560,)
        shapes[f"blk.{number}.attn_q.weight"] = (4096, 2560)
        shapes[f"blk.{number}.ffn_norm.weight"] = (2560,)
    return shapes


def umt5_of_wan() -> Shapes:
    """UMT5-XXL in Wan's own names."""
    shapes: Shapes = {"token_embedding.weight": (256384, 4096), "norm.weight": (4096,)}
    for number in range(24):
        shapes[f"blocks.{number}.attn.q.weight"] = (4096, 4096)
        shapes[f"blocks.{number}.ffn.gate.0.weight"] = (10240, 4096)
        shapes[f"blocks.{number}.pos_embedding.embedding.weight"] = (32, 64)
    return shapes


def t5_layers(width: int = 4096, heads: int = 64, *, own_bias: bool = False) -> Shapes:
    """Two of the layers of T5: each takes the width of the model."""
    shapes: Shapes = {"shared.weight": (256384 if own_bias else 32128, width)}
    for number in range(2):
        start = f"encoder.block.{number}.layer.0.SelfAttention"
        shapes[f"{start}.k.weight"] = (heads * 64, width)
        if own_bias or number == 0:
            shapes[f"{start}.relative_attention_bias.weight"] = (32, heads)
    return shapes


def _with_decoder() -> Shapes:
    return t5_layers() | {"decoder.block.0.layer.0.SelfAttention.k.weight": (4096, 4096)}


def _awq() -> Shapes:
    """T5 with weights in four bits, as nunchaku packs them."""
    return {
        "shared.weight": (32128, 4096),
        "encoder.block.0.layer.0.SelfAttention.k.qweight": (1024, 2048),
        "encoder.block.0.layer.0.SelfAttention.k.wscales": (64, 4096),
        "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight": (32, 64),
    }


def vision(prefix: str = "vision_model.", width: int = 1024, layers: int = 24) -> Shapes:
    """An encoder of pictures of CLIP or SigLIP."""
    shapes: Shapes = {"embeddings.patch_embedding.weight": (width, 3, 14, 14)}
    for number in range(layers):
        shapes[f"encoder.layers.{number}.layer_norm1.weight"] = (width,)
        shapes[f"encoder.layers.{number}.mlp.fc1.weight"] = (width * 4, width)
    return {f"{prefix}{name}": shape for name, shape in shapes.items()}


def _dino(width: int = 1536) -> Shapes:
    return {
        "embeddings.cls_token": (1, 1, width),
        "embeddings.patch_embeddings.projection.weight": (width, 3, 14, 14),
        "encoder.layer.0.layer_scale1.lambda1": (width,),
        "encoder.layer.39.layer_scale2.lambda1": (width,),
    }


FILES: tuple[tuple[str, str, Shapes], ...] = (
    ("gemma 2 text encoder", "text_encoder", _gemma(2304, 26)),
    ("gemma 3 text encoder", "text_encoder", _gemma3()),
    (
        "gemma 4 text encoder",
        "text_encoder",
        _gemma(3840, 48, {"layer_scalar": (1,), _Q_NORM: (256,)}),
    ),
    ("gpt-oss text encoder", "text_encoder", _gpt_oss()),
    ("qwen 2 text encoder", "text_encoder", _qwen25()),
    ("qwen 3 text encoder", "text_encoder", _qwen3()),
    ("qwen 3 text encoder", "text_encoder", _qwen3(1024, 3072, 28)),
    ("qwen 3.5 text encoder", "text_encoder", _qwen35()),
    (
        "llama text encoder",
        "text_encoder",
        language_model(_layer(4096, 14336, 32, 8, 128), 128320, 32),
    ),
    (
        "llama text encoder",
        "text_encoder",
        language_model(_layer(5120, 32768, 32, 8, 128), 131072, 40, "language_model.model."),
    ),
    ("phi 3 text encoder", "text_encoder", _phi3()),
    ("phi text encoder", "text_encoder", _phi()),
    ("deepseek text encoder", "text_encoder", _deepseek()),
    ("command r text encoder", "text_encoder", _command_r()),
    ("olmo 2 text encoder", "text_encoder", _olmo2()),
    ("gpt-2 text encoder", "text_encoder", _gpt2()),
    ("falcon and bloom text encoder", "text_encoder", _falcon()),
    ("gpt-neox text encoder", "text_encoder", _gpt_neox()),
    ("opt text encoder", "text_encoder", _opt()),
    ("glm text encoder", "text_encoder", _glm()),
    ("chatglm text encoder", "text_encoder", _chatglm()),
    ("ling text encoder", "text_encoder", _ling()),
    ("t5gemma text encoder", "text_encoder", _t5gemma()),
    (
        "jina-clip text encoder",
        "text_encoder",
        {
            "text_model.transformer.embeddings.word_embeddings.weight": (250002, 1024),
            "text_model.transformer.encoder.layers.0.mixer.Wqkv.weight": (3072, 1024),
        },
    ),
    (
        "bert text encoder",
        "text_encoder",
        {
            "bert.embeddings.word_embeddings.weight": (47020, 1024),
            "bert.encoder.layer.0.attention.self.query.weight": (1024, 1024),
        },
    ),
    ("llama.cpp text encoder", "text_encoder", _gguf()),
    ("t5", "t5_encoder", t5_layers()),
    ("t5", "t5_encoder", t5_layers(1472, 6)),
    ("t5", "t5_encoder", _awq()),
    ("t5, with its decoder", "t5_encoder", _with_decoder()),
    ("umt5", "t5_encoder", t5_layers(own_bias=True)),
    ("umt5, Wan's names", "t5_encoder", umt5_of_wan()),
    (
        "t5, llama.cpp names",
        "t5_encoder",
        {
            "token_embd.weight": (32128, 4096),
            "enc.blk.0.attn_norm.weight": (4096,),
            "enc.blk.0.attn_q.weight": (4096, 4096),
        },
    ),
    (
        "clip text",
        "clip_embed",
        {
            "embeddings.token_embedding.weight": (49408, 768),
            "encoder.layers.0.layer_norm1.weight": (768,),
            "final_layer_norm.weight": (768,),
        },
    ),
    ("clip vision", "clip_vision", vision()),
    ("clip vision", "clip_vision", vision("", 1664, 48)),
    (
        "clip vision",
        "clip_vision",
        vision() | {"multi_modal_projector.linear_1.weight": (4096, 1024)},
    ),
    (
        "clip vision, open_clip names",
        "clip_vision",
        {
            "visual.conv1.weight": (1280, 3, 14, 14),
            "visual.transformer.resblocks.0.attn.in_proj_weight": (3840, 1280),
        },
    ),
    (
        "clip vision, Wan's names",
        "clip_vision",
        {
            "log_scale": (),
            "visual.patch_embedding.weight": (1280, 3, 14, 14),
            "visual.transformer.0.attn.to_qkv.weight": (3840, 1280),
            "textual.token_embedding.weight": (250002, 1024),
        },
    ),
    (
        "eva clip",
        "clip_vision",
        {
            "logit_scale": (),
            "text.transformer.resblocks.0.attn.in_proj_weight": (2304, 768),
            "visual.patch_embed.proj.weight": (1024, 3, 14, 14),
            "visual.blocks.0.attn.q_proj.weight": (1024, 1024),
        },
    ),
    ("dino vision", "clip_vision", _dino()),
    (
        "dino 3 vision",
        "clip_vision",
        {
            "embeddings.register_tokens": (1, 4, 1024),
            "embeddings.patch_embeddings.weight": (1024, 3, 16, 16),
            "layer.0.attention.o_proj.weight": (1024, 1024),
            "layer.23.attention.o_proj.bias": (1024,),
        },
    ),
    (
        "dino vision, original names",
        "clip_vision",
        {
            "cls_token": (1, 1, 1024),
            "patch_embed.proj.weight": (1024, 3, 14, 14),
            "blocks.0.ls1.gamma": (1024,),
            "norm.weight": (1024,),
        },
    ),
    (
        "vision projector, llama.cpp names",
        "clip_vision",
        {
            "v.patch_embd.weight": (1280, 3, 14, 14),
            "v.blk.0.attn_q.weight": (1280, 1280),
            "mm.0.weight": (5120, 5120),
        },
    ),
)

_CLASSES = {
    "text encoder, folder": (
        "text_encoder",
        (
            *("Gemma2Model", "Gemma3ForConditionalGeneration", "Gemma4ForConditionalGeneration"),
            *("Qwen2_5_VLForConditionalGeneration", "Qwen3ForCausalLM", "Qwen3Model"),
            *("Qwen3VLForConditionalGeneration", "Mistral3ForConditionalGeneration", "LlamaModel"),
            *("LlavaForConditionalGeneration", "PhiModel", "SmolLM3ForCausalLM", "GlmModel"),
            *("GptOssForCausalLM", "ChatGLMModel", "T5GemmaEncoder", "BertModel"),
            *("LLaDA2MoeModelLM", "DiffusionGemmaForBlockDiffusion"),
        ),
    ),
    "t5, folder": (
        "t5_encoder",
        ("UMT5EncoderModel", "T5ForConditionalGeneration", "MT5EncoderModel"),
    ),
    "clip vision, folder": (
        "clip_vision",
        ("SiglipVisionModel", "Siglip2VisionModel", "Dinov2Model", "DINOv3ViTModel"),
    ),
}


def encoder_cases() -> list[Case]:
    cases = [
        Case(rule, (kind, "any", "checkpoint", None), file(partial(dict, shapes)))
        for rule, kind, shapes in FILES
    ]
    for rule, (kind, classes) in _CLASSES.items():
        answer = (kind, "any", "diffusers", None)
        for name in classes:
            made = folder({"config.json": {"architectures": [name]}}, {"model.safetensors": plain})
            cases.append(Case(rule, answer, made))
    types = (
        ("text encoder, folder", "qwen3", "text_encoder"),
        ("t5, folder", "umt5", "t5_encoder"),
    )
    for rule, model_type, kind in types:
        made = folder({"config.json": {"model_type": model_type}}, {"model.safetensors": plain})
        cases.append(Case(rule, (kind, "any", "diffusers", None), made))
    return cases


CASES = encoder_cases()
