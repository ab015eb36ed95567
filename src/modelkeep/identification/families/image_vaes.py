"""VAEs of the bases of pictures that have an architecture of their own."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    Begins,
    Condition,
    ConfigValue,
    Dim,
    Has,
    Lacks,
    NameHint,
    Not,
)
from modelkeep.identification.families._autoencoders import (
    tiny_vae,
    vae_class_folder,
    vae_file,
)
from modelkeep.identification.family import Family

_SD1, _SD2 = BaseModelType.StableDiffusion1, BaseModelType.StableDiffusion2
_FLUX2 = BaseModelType.Flux2
_SANA = BaseModelType.Sana
_CASCADE = BaseModelType.StableCascade
_COGVIEW3, _COGVIEW4 = BaseModelType("cogview3"), BaseModelType.CogView4
_HUNYUAN = BaseModelType.HunyuanImage
_HUNYUAN_VIDEO = BaseModelType.HunyuanVideo
_QWEN2 = BaseModelType("qwen-image-2")
_MAGE = BaseModelType("mage-flow")

_LATENT = "the number of latent channels"
_MIDDLE = "the width of the middle"
_ONE_LEVEL = "decoder.up.0.block.0.norm1.weight"
_ONE_LEVEL_DIFFUSERS = "decoder.up_blocks.0.resnets.0.norm1.weight"
_COGVIEW_LEVELS = ([128, 512, 1024, 1024],)


def _latent(channels: int, name: str = "decoder.conv_in.weight") -> Dim:
    return Dim(name, 1, (channels,), _LATENT)


def _wide(width: int) -> Dim:
    return Dim("decoder.conv_in.weight", 0, (width,), _MIDDLE)


def _unless(words: str, reason: str) -> Condition:
    return Not(NameHint(words), f"named after {reason}")


#: Both bases have VAEs of the same names and shapes.
_NOT_COGVIEW3 = _unless(r"\bcogview ?3", "CogView3")
_NOT_COGVIEW4 = _unless(r"\bcogview ?4", "CogView4")
_COGVIEW_FILE = (_latent(16), _wide(1024), AnyOf(Has(_ONE_LEVEL), Has(_ONE_LEVEL_DIFFUSERS)))
_COGVIEW_FOLDER = (
    ConfigValue(("",), "latent_channels", (16,)),
    ConfigValue(("",), "block_out_channels", _COGVIEW_LEVELS),
)
_NOT_HUNYUAN_IMAGE = _unless(r"image|refiner", "HunyuanImage")
_NOT_HUNYUAN_VIDEO = _unless(r"video|\bhv|\b1 5\b", "HunyuanVideo")
_REFINER = (
    Has("decoder.up_blocks.0.resnets.0.norm1.gamma"),
    _latent(32, "decoder.conv_in.conv.weight"),
)

_SANA_VAE = AnyOf(
    AllOf(
        Has("encoder.project_in.conv.bias"),
        AnyOf(
            _latent(32, "decoder.project_in.main.conv.weight"),
            _latent(32, "decoder.project_in.conv.weight"),
        ),
    ),
    AllOf(Has("encoder.down_blocks.0.0.conv1.weight", "encoder.conv_in.weight"), _latent(32)),
)
_QWEN2_VAE = AnyOf(
    AllOf(Has("decoder.mid_block.attentions.0.norm.gamma"), _wide(1152), _latent(64)),
    AllOf(
        Has("decoder.upsamples.0.upsamples.0.residual.2.weight"),
        Dim("decoder.head.2.weight", 2, (1,), "the frames that its last layer takes"),
    ),
)

FAMILY = Family(
    name="image vaes",
    base=BaseModelType.Any,
    rules=(
        vae_file(
            _FLUX2,
            Has("bn.running_mean"),
            _latent(32),
            AnyOf(Has(_ONE_LEVEL), Has(_ONE_LEVEL_DIFFUSERS)),
        ),
        vae_class_folder(_FLUX2, "AutoencoderKLFlux2"),
        tiny_vae(_FLUX2, 32),
        vae_file(_SANA, _SANA_VAE),
        vae_class_folder(
            _SANA, "AutoencoderDC", signs=(ConfigValue(("",), "latent_channels", (32,)),)
        ),
        vae_file(
            _CASCADE,
            Has("up_blocks.0.0.weight"),
            # By the original name, and by that of diffusers.
            AnyOf(
                Has("vquantizer.codebook.weight"),
                Has("vquantizer.embedding.weight", "down_blocks.0.gammas"),
            ),
        ),
        vae_class_folder(_CASCADE, "PaellaVQModel"),
        vae_file(_COGVIEW3, *_COGVIEW_FILE, _NOT_COGVIEW4),
        vae_file(_COGVIEW4, *_COGVIEW_FILE, _NOT_COGVIEW3),
        vae_class_folder(_COGVIEW3, "AutoencoderKL", signs=(*_COGVIEW_FOLDER, _NOT_COGVIEW4)),
        vae_class_folder(_COGVIEW4, "AutoencoderKL", signs=(*_COGVIEW_FOLDER, _NOT_COGVIEW3)),
        vae_file(
            _HUNYUAN,
            _latent(64),
            _wide(1024),
            AnyOf(Has(_ONE_LEVEL), Has("decoder.up_blocks.0.norm1.weight")),
        ),
        vae_file(
            _HUNYUAN,
            Has("decoder.up.0.block.0.norm1.gamma"),
            _latent(32),
            Dim("decoder.conv_in.weight", 4, (3,), "the frames that its first layer takes"),
            kind="refiner vae",
        ),
        vae_file(_HUNYUAN, *_REFINER, _NOT_HUNYUAN_VIDEO, kind="refiner vae, diffusers names"),
        vae_file(_HUNYUAN_VIDEO, *_REFINER, _NOT_HUNYUAN_IMAGE, kind="1.5 vae, diffusers names"),
        vae_class_folder(_HUNYUAN, "AutoencoderKLHunyuanImage", "AutoencoderKLHunyuanImageRefiner"),
        vae_file(_QWEN2, _QWEN2_VAE),
        vae_class_folder(_QWEN2, "AutoencoderKLQwenImage21"),
        tiny_vae(_QWEN2, 64),
        vae_file(
            _MAGE,
            AnyOf(Begins("student.dconv_encoder."), Begins("vae.student.dconv_encoder.")),
        ),
        # Decoders that work with the latents of SD 1.
        vae_file(_SD1, Has("decoder_unet.conv_in.weight"), kind="consistency decoder"),
        vae_file(
            _SD1,
            Has("decoder.condition_encoder.layers.0.weight"),
            _latent(4),
            kind="asymmetric vae",
        ),
        vae_class_folder(_SD1, "ConsistencyDecoderVAE", "AsymmetricAutoencoderKL"),
        # The one of the x4 upscaler has three levels.
        vae_file(
            _SD2,
            _latent(4),
            AnyOf(
                AllOf(
                    Has("decoder.up.2.block.0.norm1.weight"),
                    Lacks("decoder.up.3.block.0.norm1.weight"),
                ),
                AllOf(
                    Has("decoder.up_blocks.2.resnets.0.norm1.weight"),
                    Lacks("decoder.up_blocks.3.resnets.0.norm1.weight"),
                ),
            ),
            _wide(512),
            NameHint(r"\bx4\b|\b4x\b|upscal"),
            Lacks("quantize.embedding.weight"),
            kind="upscaler vae",
        ),
        vae_class_folder(
            _SD2, "AutoencoderKL", signs=(ConfigValue(("",), "scaling_factor", (0.08333,)),)
        ),
    ),
)
