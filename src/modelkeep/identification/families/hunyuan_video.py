"""HunyuanVideo: 1.0 with its successors SkyReels and FramePack, and 1.5."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import (
    AllBlocks,
    AllOf,
    AnyOf,
    Dim,
    Fits,
    Has,
    Lacks,
    Module,
    NameHint,
    Not,
)
from modelkeep.identification.families._adapters import adapters
from modelkeep.identification.families._hunyuan_video_modules import (
    converted_names,
    diffusers_names,
    tencent_names,
)
from modelkeep.identification.families._transformers import (
    classed,
    config,
    main_file,
    main_folder,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.HunyuanVideo
_HIDDEN, _HIDDEN_15 = 3072, 2048
_REFINER = "txt_in.individual_token_refiner.blocks.0.norm1.weight"
_OWN_REFINER = "context_embedder.token_refiner.refiner_blocks.0.norm1.weight"
_I2V = NameHint(r"\bi2v\b|\bimage ?(?:to|2) ?video\b")
#: Words of what is built of the blocks of 1.0, and of those of 1.5.
_FIRST = ("t2v", "i2v", "skyreels-i2v", "framepack")
_SECOND = ("1.5", "1.5-sr")


def _tasks(inputs: str) -> tuple[Variant, ...]:
    """Return the tasks of 1.0: latents alone, with a picture, or with a picture and a mask."""

    def channels(*values: int) -> Dim:
        return Dim(inputs, 1, values, "input channels")

    return (
        Variant("framepack", (Has("clean_x_embedder.proj.bias"),)),
        Variant("skyreels-i2v", (channels(32),)),
        Variant("i2v", (channels(33),)),
        Variant("i2v", (_I2V,)),
        Variant("t2v"),
    )


def _second(inputs: str) -> tuple[Variant, ...]:
    upscaler = Dim(inputs, 1, (98,), "input channels")
    return (Variant("1.5-sr", (upscaler,)), Variant("1.5"))


_MAINS = (
    main_file(
        _BASE,
        "original names",
        Has(_REFINER, "vector_in.in_layer.bias", "img_in.proj.bias"),
        Dim(_REFINER, 0, (_HIDDEN,), "hidden width"),
        AnyOf(
            Has("double_blocks.0.img_attn_q_norm.weight"),
            Has("double_blocks.0.img_attn.norm.query_norm.scale"),
            Has("double_blocks.0.img_attn.norm.query_norm.weight"),
        ),
        Lacks("latent_in.weight"),
        variants=_tasks("img_in.proj.weight"),
    ),
    main_file(
        _BASE,
        "diffusers names",
        Has(_OWN_REFINER, "time_text_embed.text_embedder.linear_1.bias", "x_embedder.proj.bias"),
        Dim(_OWN_REFINER, 0, (_HIDDEN,), "hidden width"),
        Has("transformer_blocks.0.attn.norm_added_k.weight"),
        variants=_tasks("x_embedder.proj.weight"),
    ),
    main_file(
        _BASE,
        "1.5, original names",
        Has(_REFINER, "vision_in.proj.0.bias", "cond_type_embedding.weight"),
        Dim(_REFINER, 0, (_HIDDEN_15,), "hidden width"),
        variants=_second("img_in.proj.weight"),
    ),
    main_file(
        _BASE,
        "1.5, diffusers names",
        Has(_OWN_REFINER, "image_embedder.norm_in.bias", "cond_type_embed.weight"),
        Dim(_OWN_REFINER, 0, (_HIDDEN_15,), "hidden width"),
        variants=_second("x_embedder.proj.weight"),
    ),
    main_folder(
        _BASE,
        ("HunyuanVideo*Pipeline", "HunyuanSkyreels*Pipeline"),
        ("HunyuanVideo*Transformer3DModel",),
        variants=(
            Variant("1.5-sr", (classed("HunyuanVideo15*"), config("in_channels", 98))),
            Variant("1.5", (classed("HunyuanVideo15*"),)),
            Variant("framepack", (classed("HunyuanVideoFramepack*"),)),
            Variant("skyreels-i2v", (classed("HunyuanSkyreels*"),)),
            Variant("skyreels-i2v", (config("in_channels", 32),)),
            Variant("i2v", (classed("HunyuanVideoImageToVideo*"),)),
            Variant("i2v", (config("in_channels", 33),)),
            Variant("t2v"),
        ),
    ),
)

_TABLES = tuple(
    ModuleTable(names(hidden, double, single, text), fits=variants)
    for names in (tencent_names, converted_names, diffusers_names)
    for hidden, double, single, text, variants in (
        (_HIDDEN, 20, 40, 4096, _FIRST),
        (_HIDDEN_15, 54, 0, 3584, _SECOND),
    )
)

#: A model of sound has attention of the names and widths of 1.5, in 36 blocks.
_NO_MUSIC = Not(AllBlocks("transformer_blocks", 36), "for MiniMax Music")

FAMILY = Family(
    name="hunyuan-video",
    base=_BASE,
    label="HunyuanVideo",
    words=("HunyuanVideo 1.5", "FramePack"),
    sites={"civitai": ("Hunyuan Video",)},
    declared=("hunyuan-video", "hunyuan_video", "hunyuanvideo", "framepack"),
    kin="flux",
    marks=Marks(
        tensors=(
            AllOf(Has("vision_in.proj.0.weight"), Has("cond_type_embedding.weight")),
            AllOf(Has(_REFINER), Has("vector_in.in_layer.bias")),
            AllOf(Has(_OWN_REFINER), Has("time_text_embed.text_embedder.linear_1.bias")),
            AllOf(Has(_OWN_REFINER), Has("cond_type_embed.weight")),
        ),
        modules=(
            Module("double_blocks_#_img_mlp_fc*"),
            Module("double_blocks_#_img_mod_linear"),
            Module("single_blocks_#_modulation_linear"),
        ),
    ),
    rules=(*_MAINS, *adapters(_BASE, Fits(*_TABLES), _NO_MUSIC)),
)
