"""ControlNets that are built around transformers, and the further kinds for U-Nets."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    Begins,
    ComponentClass,
    Condition,
    ConfigValue,
    Dim,
    Has,
    Lacks,
    NoName,
)
from modelkeep.identification.family import Family
from modelkeep.identification.prefixes import CONTROL, PLAIN, Part
from modelkeep.identification.rules import Rule

_SD1, _SD2 = BaseModelType.StableDiffusion1, BaseModelType.StableDiffusion2
_SDXL, _SD3 = BaseModelType.StableDiffusionXL, BaseModelType.StableDiffusion3
_FLUX, _WAN = BaseModelType.Flux, BaseModelType.Wan
_QWEN, _QWEN2 = BaseModelType.QwenImage, BaseModelType("qwen-image-2")
_ZIMAGE, _ANIMA = BaseModelType.ZImage, BaseModelType.Anima
_HUNYUAN, _SANA = BaseModelType.HunyuanDiT, BaseModelType.Sana
_PIXART, _KOLORS = BaseModelType.PixArt, BaseModelType.Kolors
_COSMOS, _H3 = BaseModelType.Cosmos, BaseModelType("minimax-h3")

_FIRST = "controlnet_blocks.0.weight"
_HIDDEN = "the hidden width"
_CONTEXT = "text context width"
_SUPIR: Part = ("", "model.", "model.control_model.", "control_model.", "model.diffusion_model.")


def _file(
    base: BaseModelType,
    kind: str,
    *signs: Condition,
    part: Part = CONTROL,
    before: tuple[str, ...] = (),
) -> Rule:
    return Rule(
        name=f"{base.value} {kind}",
        type=ModelType.ControlNet,
        base=base,
        format=ModelFormat.Checkpoint,
        part=part,
        requires=signs,
        before=before,
    )


def _folder(base: BaseModelType, *classes: str, signs: tuple[Condition, ...] = ()) -> Rule:
    return Rule(
        name=f"{base.value} own controlnet, folder",
        type=ModelType.ControlNet,
        base=base,
        format=ModelFormat.Diffusers,
        requires=(ComponentClass(*classes), *signs),
    )


def _crossed(base: BaseModelType, context: int) -> Rule:
    """Return the rule for ControlNet-XS, which is woven into a U-Net of some text context."""
    return _file(
        base,
        "controlnet-xs",
        Has("control_to_base_for_conv_in.weight"),
        Dim(
            "mid_block.midblock.attentions.0.transformer_blocks.0.attn2.to_k.weight",
            -1,
            (context,),
            _CONTEXT,
        ),
    )


def _control_lora(base: BaseModelType, block: str, context: int) -> Rule:
    return Rule(
        name=f"{base.value} control-lora",
        type=ModelType.ControlLora,
        base=base,
        format=ModelFormat.Lycoris,
        part=CONTROL,
        requires=(
            Has("lora_controlnet", "input_hint_block.0.weight"),
            Dim(f"{block}.transformer_blocks.0.attn2.to_k.down", -1, (context,), _CONTEXT),
        ),
    )


_UNETS = (
    _crossed(_SD2, 1024),
    _crossed(_SDXL, 2048),
    _control_lora(_SD1, "input_blocks.1.1", 768),
    _file(
        _SD1,
        "sparsectrl",
        AnyOf(
            Has("controlnet_cond_embedding.weight"),
            AllOf(
                Has("controlnet_cond_embedding.conv_in.weight"),
                AnyOf(
                    Has("down_blocks.0.motion_modules.0.norm.weight"),
                    Has("down_blocks.0.motion_modules.0.temporal_transformer.norm.weight"),
                ),
            ),
        ),
        Dim(
            "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight",
            -1,
            (768,),
            _CONTEXT,
        ),
        before=("sd-1 controlnet, diffusers names",),
    ),
    _file(_SDXL, "lllite", Begins("lllite_unet_"), NoName(".lora_", "lora_unet_"), part=PLAIN),
    _file(
        _SDXL,
        "supir",
        Has("input_hint_block.0.weight", "project_modules.#.*"),
        part=_SUPIR,
    ),
    _file(
        _KOLORS,
        "controlnet, diffusers names",
        Has("controlnet_cond_embedding.conv_in.weight", "encoder_hid_proj.weight"),
        Dim("add_embedding.linear_1.weight", 1, (5632,), "size and text vector width"),
    ),
    _folder(_SD1, "SparseControlNetModel"),
    _folder(
        _SD2,
        *("UNetControlNetXSModel", "ControlNetXSAdapter"),
        signs=(ConfigValue(("",), "cross_attention_dim", (1024,)),),
    ),
    _folder(
        _SDXL,
        *("UNetControlNetXSModel", "ControlNetXSAdapter"),
        signs=(ConfigValue(("",), "cross_attention_dim", (2048,)),),
    ),
    _folder(
        _KOLORS,
        "ControlNetModel",
        signs=(ConfigValue(("",), "projection_class_embeddings_input_dim", (5632,)),),
    ),
)
_QWEN_FUN = Has("control_img_in.weight", "control_blocks.0.after_proj.weight")
_TRANSFORMERS = (
    _file(
        _FLUX,
        "controlnet, MistoLine",
        Dim("controlnet_blocks.0.linear.weight", 0, (3072,), _HIDDEN),
        Has("double_blocks.0.img_attn.qkv.weight"),
    ),
    _file(
        _SD3, "controlnet", Has(_FIRST, "pos_embed_input.proj.weight", "context_embedder.weight")
    ),
    _file(_SD3, "3.5 controlnet", Has(_FIRST, "transformer_blocks.0.adaLN_modulation.1.bias")),
    _file(
        _QWEN,
        "controlnet, diffusers names",
        Has(_FIRST, "controlnet_x_embedder.weight"),
        Dim("txt_norm.weight", 0, (3584,), _CONTEXT),
    ),
    _file(
        _QWEN,
        "controlnet, Fun",
        _QWEN_FUN,
        Dim("control_blocks.0.after_proj.weight", 0, (3072,), _HIDDEN),
        Lacks("control_blocks.0.img_mlp.out.weight"),
    ),
    _file(
        _QWEN2,
        "controlnet, Fun",
        _QWEN_FUN,
        Dim("control_blocks.0.after_proj.weight", 0, (4096,), _HIDDEN),
        Has("control_blocks.0.img_mlp.out.weight"),
    ),
    _file(_QWEN, "controlnet, patch", Has("controlnet_blocks.0.y_rms.weight", "img_in.weight")),
    _file(
        _ZIMAGE,
        "controlnet",
        Has("control_all_x_embedder.2-1.weight", "control_layers.0.adaLN_modulation.0.weight"),
    ),
    _file(_ANIMA, "lllite", Begins("lllite_dit_"), part=PLAIN),
    _file(
        _HUNYUAN,
        "controlnet",
        AnyOf(
            Has("after_proj_list.18.bias"),
            Has(_FIRST, "input_block.weight", "text_embedder.linear_1.weight"),
        ),
    ),
    _file(_SANA, "controlnet", Has(_FIRST, "input_block.weight", "caption_norm.weight")),
    _file(
        _PIXART,
        "controlnet",
        AnyOf(Has("controlnet_blocks.0.before_proj.weight"), Has("0.before_proj.weight")),
        AnyOf(
            Dim("controlnet_blocks.0.after_proj.weight", 0, (1152,), _HIDDEN),
            Dim("0.after_proj.weight", 0, (1152,), _HIDDEN),
        ),
    ),
    _file(
        _COSMOS,
        "controlnet",
        Has("patch_embed_base.proj.weight", "control_blocks.0.norm1.linear_1.weight"),
    ),
    _file(_WAN, "uni3c", Has("controlnet_patch_embedding.weight")),
    _file(
        _WAN,
        "controlnet",
        Has(_FIRST, "blocks.0.attn1.to_q.weight"),
        Has("condition_embedder.time_embedder.linear_1.weight"),
    ),
    _file(
        _H3,
        "controlnet",
        Has("control_proj_in.weight"),
        Lacks("control_img_in.weight", "control_all_x_embedder.2-1.weight"),
    ),
    _folder(_SD3, "SD3ControlNetModel"),
    _folder(_QWEN, "QwenImageControlNetModel"),
    _folder(_ZIMAGE, "ZImageControlNetModel"),
    _folder(_HUNYUAN, "HunyuanDiT2DControlNetModel"),
    _folder(_SANA, "SanaControlNetModel"),
    _folder(_PIXART, "PixArtControlNetAdapterModel"),
    _folder(_COSMOS, "CosmosControlNetModel"),
)

FAMILY = Family(name="controlnets", base=BaseModelType.Any, rules=(*_UNETS, *_TRANSFORMERS))
