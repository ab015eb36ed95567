"""Language models as text encoders: one rule for each architecture. They belong to no one base."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import (
    AnyOf,
    ComponentClass,
    Condition,
    ConfigValue,
    Has,
    Lacks,
    NoName,
    WithoutParts,
)
from modelkeep.identification.family import Family
from modelkeep.identification.prefixes import LANGUAGE, PLAIN, Part
from modelkeep.identification.rules import Rule

_ANY = BaseModelType.Any
_FIRST = "layers.0."
_NORM = f"{_FIRST}input_layernorm.weight"
_AFTER = f"{_FIRST}post_attention_layernorm.weight"
_GEMMA = f"{_FIRST}post_feedforward_layernorm.weight"
_Q_NORM = f"{_FIRST}self_attn.q_norm.weight"
_SINKS = f"{_FIRST}self_attn.sinks"
_KEY_BIAS = f"{_FIRST}self_attn.k_proj.bias"
_LINEAR = f"{_FIRST}linear_attn.A_log"
_FUSED_MLP = f"{_FIRST}mlp.gate_up_proj.weight"
_FUSED_QKV = f"{_FIRST}self_attn.qkv_proj.weight"
_QUERY = f"{_FIRST}self_attn.q_proj.weight"
#: Of DeepSeek: keys and values of all heads out of one narrow layer.
_LATENT = f"{_FIRST}self_attn.kv_a_proj_with_mqa.weight"

#: Models of pictures, videos or music that are built into a language model.
_ALONE = (
    Lacks("x_embedder.proj1.weight", "t_embedder1.mlp.0.weight"),
    WithoutParts(
        *("diffusion_model", "first_stage_model", "vae", "unet", "net", "control_model"),
        *("double_blocks", "joint_blocks", "single_blocks", "input_blocks", "transformer_blocks"),
        *("gen_head", "gen_embed", "gen_vision_model", "gen_aligner", "vae2llm", "llm2vae"),
        *("time_embedder", "fm_modules", "fm_head", "input_image_proj", "cond_layer_logits"),
        *("latent_pos_embed", "audio_tower", "vqmodel", "x_embedder", "final_layer"),
        *("t_embedder", "input_x_embedder", "time_token"),
    ),
    NoName("diffusion_model.", "_moe_gen", "_mot_gen", ".lora_", "adaLN", "audio_tower."),
    NoName("vqmodel.", "gen_vision_model.", "vision_tower.convs."),
)


def _file(name: str, *signs: Condition, part: Part = LANGUAGE) -> Rule:
    return Rule(
        name=f"{name} text encoder",
        type=ModelType.TextEncoder,
        base=_ANY,
        format=ModelFormat.Checkpoint,
        part=part,
        requires=(*signs, *_ALONE),
    )


#: Classes of transformers, and what configs say that name none.
_CLASSES = (
    *("Gemma*", "Qwen2*", "Qwen3*", "Mistral*", "Ministral*", "Llama*", "Llava*", "Phi*"),
    *(
        "SmolLM3*",
        "GptOss*",
        "GlmModel",
        "GlmFor*",
        "Glm4*",
        "GlmImageFor*",
        "ChatGLM*",
        "T5Gemma*",
        "LLaDA2*",
        "DiffusionGemma*",
    ),
    *("Deepseek*", "Cohere*", "Olmo*", "GPT2*", "Falcon*", "Bloom*", "GPTNeoX*", "OPT*"),
    *("BertModel", "XLMRobertaModel", "JinaCLIP*", "Bailing*", "RobertaSeries*", "MCLIP*"),
)
_TYPES = (
    *("gemma", "gemma2", "gemma3", "gemma3_text", "gemma4", "qwen2", "qwen2_vl", "qwen2_5_vl"),
    *("qwen3", "qwen3_vl", "qwen3_5", "mistral", "mistral3", "ministral", "ministral3"),
    *("deepseek_v2", "deepseek_v3", "cohere", "cohere2", "olmo2", "olmo3", "gpt2", "falcon"),
    *(
        "bloom",
        "gpt_neox",
        "opt",
        "llama",
        "llava",
        "phi",
        "phi3",
        "smollm3",
        "gpt_oss",
        "glm",
        "glm4",
        "chatglm",
        "t5gemma",
    ),
)

FAMILY = Family(
    name="language models",
    base=_ANY,
    rules=(
        _file(
            "gemma 2",
            Has(_GEMMA, _NORM),
            Lacks(_Q_NORM, f"{_FIRST}pre_self_attn_layernorm.weight"),
        ),
        _file("gemma 3", Has(_GEMMA, _NORM, _Q_NORM), Lacks(f"{_FIRST}layer_scalar")),
        _file("gemma 4", Has(f"{_FIRST}layer_scalar", _GEMMA, _NORM)),
        _file("gpt-oss", Has(_SINKS, _NORM, _AFTER)),
        _file("qwen 2", Has(_KEY_BIAS, _NORM, _AFTER), Lacks(_SINKS, _GEMMA, _FUSED_MLP)),
        _file("qwen 3", Has(_Q_NORM, _NORM, _AFTER), Lacks(_SINKS, _GEMMA, _LINEAR, _KEY_BIAS)),
        _file("qwen 3.5", Has(_LINEAR, _NORM, _AFTER)),
        # Mistral, Ministral and SmolLM have the same names.
        _file(
            "llama",
            Has(_NORM, _AFTER),
            AnyOf(
                Has(f"{_FIRST}self_attn.q_proj.weight"), Has(f"{_FIRST}self_attn.q_proj.qweight")
            ),
            Lacks(_GEMMA, _Q_NORM, _SINKS, _KEY_BIAS, _FUSED_MLP, _FUSED_QKV, _LATENT),
        ),
        _file("deepseek", Has(_LATENT, _NORM, _AFTER)),
        _file(
            "command r", Has(_NORM, _QUERY, f"{_FIRST}mlp.gate_proj.weight"), Lacks(_AFTER, _GEMMA)
        ),
        _file("olmo 2", Has(_AFTER, _GEMMA, _QUERY), Lacks(_NORM)),
        _file("gpt-2", Has("h.0.attn.c_attn.weight", "wte.weight")),
        _file(
            "falcon and bloom",
            Has("h.0.self_attention.query_key_value.weight", "word_embeddings.weight"),
        ),
        _file(
            "gpt-neox",
            Has(f"{_FIRST}attention.query_key_value.weight", "embed_in.weight", _NORM),
            part=("", "gpt_neox."),
        ),
        _file(
            "opt",
            Has("decoder.layers.0.self_attn.q_proj.weight", "decoder.layers.0.fc1.weight"),
            Has("decoder.embed_positions.weight"),
            Lacks("encoder.layers.0.fc1.weight", "decoder.layers.0.encoder_attn.q_proj.weight"),
        ),
        _file("phi 3", Has(_FUSED_QKV, _FUSED_MLP, _NORM)),
        _file("phi", Has(f"{_FIRST}self_attn.dense.weight", f"{_FIRST}mlp.fc1.weight", _NORM)),
        _file("glm", Has(_FUSED_MLP, f"{_FIRST}self_attn.q_proj.weight", _NORM), Lacks(_FUSED_QKV)),
        _file(
            "chatglm",
            Has(
                "encoder.layers.0.self_attention.query_key_value.weight",
                "embedding.word_embeddings.weight",
            ),
        ),
        _file(
            "ling",
            Has(f"{_FIRST}attention.query_key_value.weight", "word_embeddings.weight", _NORM),
        ),
        _file("t5gemma", Has("encoder.layers.0.pre_self_attn_layernorm.weight")),
        _file(
            "jina-clip",
            AnyOf(
                Has("encoder.layers.0.mixer.Wqkv.weight"),
                Has("transformer.encoder.layers.0.mixer.Wqkv.weight"),
                Has("encoder.layers.0.mixer.Wqkv.parametrizations.weight.original"),
                Has("transformer.encoder.layers.0.mixer.Wqkv.parametrizations.weight.original"),
            ),
        ),
        _file(
            "bert",
            AnyOf(
                Has("encoder.layer.0.attention.self.query.weight"),
                Has("bert.encoder.layer.0.attention.self.query.weight"),
                Has("roberta.encoder.layer.0.attention.self.query.weight"),
            ),
            Lacks("logit_scale_a"),
            WithoutParts("audio_model", "text_projection", "cls", "vision_model", "visual_encoder"),
            part=("", "text_encoder.", "transformer."),
        ),
        _file(
            "llama.cpp",
            Has("token_embd.weight", "blk.0.ffn_norm.weight"),
            AnyOf(Has("blk.0.attn_norm.weight"), Has("blk.0.attn_q.weight")),
            part=PLAIN,
        ),
        Rule(
            name="text encoder, folder",
            type=ModelType.TextEncoder,
            base=_ANY,
            format=ModelFormat.Diffusers,
            requires=(AnyOf(ComponentClass(*_CLASSES), ConfigValue(("",), "model_type", _TYPES)),),
        ),
    ),
)
