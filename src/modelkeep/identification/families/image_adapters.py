"""IP-Adapters, style models, motion modules, hypernetworks and latent upscalers."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import (
    AdapterOnly,
    AllOf,
    AnyOf,
    ComponentClass,
    Condition,
    ConfigValue,
    Declares,
    Dim,
    EmbeddingFor,
    Has,
    Lacks,
    Module,
)
from modelkeep.identification.families._adapters import KOLORS_IMAGE
from modelkeep.identification.family import Family
from modelkeep.identification.prefixes import PLAIN, Part
from modelkeep.identification.rules import Rule

_ANY = BaseModelType.Any
_SD1, _SD2 = BaseModelType.StableDiffusion1, BaseModelType.StableDiffusion2
_SDXL, _SD3 = BaseModelType.StableDiffusionXL, BaseModelType.StableDiffusion3
_FLUX, _KOLORS = BaseModelType.Flux, BaseModelType.Kolors
_CASCADE, _PIXART = BaseModelType.StableCascade, BaseModelType.PixArt
_MOTION: Part = ("", "module.", "motion_module.", "state_dict.", "state_dict.module.")
_KEYS = "ip_adapter.1.to_k_ip.weight"
_FIRST_KEYS = "ip_adapter.0.to_k_ip.weight"
_HIDDEN, _IMAGE = "the hidden width", "image context width"


def _file(
    type_: ModelType, base: BaseModelType, name: str, *signs: Condition, part: Part = PLAIN
) -> Rule:
    return Rule(
        name=name,
        type=type_,
        base=base,
        format=ModelFormat.Checkpoint,
        part=part,
        requires=signs,
    )


def _folder(type_: ModelType, base: BaseModelType, name: str, *signs: Condition) -> Rule:
    return Rule(name=name, type=type_, base=base, format=ModelFormat.Diffusers, requires=signs)


def _motion(level: int) -> tuple[str, str]:
    """Return the first motion module of one of the levels up, in both spellings."""
    block = f"up_blocks.{level}.motion_modules.0"
    return f"{block}.temporal_transformer.norm.weight", f"{block}.norm.weight"


_IMAGE_ADAPTERS = (
    _file(
        ModelType.IPAdapter,
        _KOLORS,
        "kolors ip-adapter",
        Dim(_KEYS, -1, (2048, 4096), _IMAGE),
        KOLORS_IMAGE,
    ),
    _file(
        ModelType.IPAdapter,
        _FLUX,
        "flux ip-adapter, InstantX",
        Dim(_FIRST_KEYS, 0, (3072,), _HIDDEN),
        Dim(_FIRST_KEYS, -1, (4096,), _IMAGE),
    ),
    _file(
        ModelType.IPAdapter,
        _SD3,
        "sd-3 ip-adapter",
        Has("ip_adapter.0.norm_ip.linear.weight"),
        Dim(_FIRST_KEYS, 0, (1536, 2432), _HIDDEN),
    ),
    _file(
        ModelType.StyleModel,
        _SD1,
        "sd-1 style model",
        Has("style_embedding", "ln_pre.weight"),
        Dim("proj", -1, (768,), "text context width"),
    ),
    _file(
        ModelType.StyleModel,
        _FLUX,
        "flux uso",
        Has("feature_embedder.mid_layer_norm.weight"),
        part=("", "model.", "module."),
    ),
)

_SMALL, _LARGE = _motion(2), _motion(3)
_NO_UNET = Lacks(
    "conv_in.weight", "controlnet_cond_embedding.weight", "time_embedding.linear_1.weight"
)
_MOTION_RULES = (
    _file(
        ModelType.MotionModule,
        _SD1,
        "sd-1 motion module",
        AnyOf(*(Dim(name, 0, (320,), "the width of its last level") for name in _LARGE)),
        _NO_UNET,
        part=_MOTION,
    ),
    _file(
        ModelType.MotionModule,
        _SDXL,
        "sdxl motion module",
        AnyOf(*(Dim(name, 0, (320,), "the width of its last level") for name in _SMALL)),
        Lacks(*_LARGE),
        _NO_UNET,
        part=_MOTION,
    ),
    _folder(
        ModelType.MotionModule,
        _SD1,
        "sd-1 motion module, folder",
        ComponentClass("MotionAdapter"),
        ConfigValue(("",), "block_out_channels", ([320, 640, 1280, 1280],), absent=True),
    ),
    _folder(
        ModelType.MotionModule,
        _SDXL,
        "sdxl motion module, folder",
        ComponentClass("MotionAdapter"),
        ConfigValue(("",), "block_out_channels", ([320, 640, 1280],)),
    ),
    Rule(
        name="sd-1 motion lora",
        type=ModelType.Lora,
        base=_SD1,
        format=ModelFormat.Lycoris,
        part=PLAIN,
        # SDXL has no fourth level.
        requires=(
            AdapterOnly(),
            AnyOf(
                Module("up_blocks_3_motion_modules_*"),
                Module("up_blocks_3_motion_modules_*", where="text"),
            ),
        ),
    ),
)


def _hypernetwork(base: BaseModelType, context: int) -> Rule:
    """Return the rule for hypernetworks, which hold two networks for each width of attention."""
    return _file(
        ModelType.Hypernetwork,
        base,
        f"{base.value} hypernetwork",
        AnyOf(
            Dim(f"{context}.0.linear.0.weight", 1, (context,), "text context width"),
            Dim(f"{context}.0.linear1.weight", 1, (context,), "text context width"),
        ),
        AnyOf(
            Has(f"{context}.1.linear.0.weight"),
            Has(f"{context}.1.linear1.weight"),
        ),
    )


def _declared_embedding(base: BaseModelType, *encoders: Condition) -> Rule:
    """Return the rule for embeddings that fit several bases, of which the header names one."""
    return Rule(
        name=f"{base.value} embedding",
        type=ModelType.TextualInversion,
        base=base,
        format=ModelFormat.EmbeddingFile,
        part=PLAIN,
        requires=(AnyOf(*encoders), Declares(base.value)),
    )


_LATENT_UPSCALERS = (
    _file(
        ModelType.Upscaler,
        _ANY,
        "ltx latent upscaler",
        Has("post_upsample_res_blocks.0.conv1.weight", "initial_conv.weight"),
    ),
    _file(
        ModelType.Upscaler,
        _ANY,
        "hunyuan latent upscaler",
        AnyOf(
            Has("blocks.0.block.0.conv.weight", "in_conv.conv.weight"),
            AllOf(
                Has("up.0.block.0.conv1.conv.weight"),
                Lacks("decoder.conv_in.conv.weight", "encoder.conv_in.conv.weight"),
            ),
        ),
    ),
    _folder(
        ModelType.Upscaler,
        _ANY,
        "video latent upscaler, folder",
        ComponentClass(
            "LTXLatentUpsamplerModel", "LTX2LatentUpsamplerModel", "Kandinsky6SRLatentUpscaler*"
        ),
    ),
)

FAMILY = Family(
    name="image adapters",
    base=_ANY,
    rules=(
        *_IMAGE_ADAPTERS,
        *_MOTION_RULES,
        _hypernetwork(_SD1, 768),
        _hypernetwork(_SD2, 1024),
        _declared_embedding(_CASCADE, EmbeddingFor(clip_g=1280), EmbeddingFor(text=1280)),
        _declared_embedding(_PIXART, EmbeddingFor(t5=4096), EmbeddingFor(text=4096)),
        *_LATENT_UPSCALERS,
    ),
)
