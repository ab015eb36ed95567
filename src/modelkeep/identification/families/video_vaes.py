"""VAEs of the bases of videos, and those that bases of pictures took over from them."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    Condition,
    ConfigValue,
    Dim,
    Has,
    NameHint,
    Not,
)
from modelkeep.identification.families._autoencoders import vae_class_folder, vae_file
from modelkeep.identification.family import Family
from modelkeep.identification.prefixes import VAE, Part

_WAN, _QWEN = BaseModelType.Wan, BaseModelType.QwenImage
_MING = BaseModelType("ming-image")
_HUNYUAN = BaseModelType.HunyuanVideo
_LTX = BaseModelType.LTXVideo
_MOCHI = BaseModelType.Mochi
_COSMOS = BaseModelType.Cosmos
_COGVIDEO = BaseModelType("cogvideox")
_SVD = BaseModelType.StableVideoDiffusion
_SEEDVR = BaseModelType.SeedVR2
_H3 = BaseModelType("minimax-h3")
_KANDINSKY = BaseModelType("kandinsky6")
_ALLEGRO = BaseModelType("allegro")
_EASY = BaseModelType("easyanimate")

_CONV = "decoder.conv_in.conv.weight"
#: Mochi's stand without a name before them in files of the decoder or the encoder alone.
_MOCHI_PART: Part = (*VAE, "decoder.", "encoder.")


def _latent(*channels: int, name: str = _CONV) -> Dim:
    return Dim(name, 1, channels, "the number of latent channels")


def _colours(channels: int, name: str) -> Dim:
    return Dim(name, 1, (channels,), "the number of colours")


def _unless(words: str, reason: str) -> Condition:
    return Not(NameHint(words), f"named after {reason}")


#: Qwen-Image and Wan 2.1 have VAEs of the same names and shapes.
_SMALL_WAN = AnyOf(
    AllOf(
        Has("decoder.middle.0.residual.0.gamma"),
        _latent(16, name="decoder.conv1.weight"),
        _colours(3, "encoder.conv1.weight"),
    ),
    AllOf(
        Has("decoder.mid_block.attentions.0.norm.gamma"),
        _latent(16, name="decoder.conv_in.weight"),
        _colours(3, "encoder.conv_in.weight"),
    ),
)
_BIG_WAN = AnyOf(
    AllOf(
        Has("decoder.upsamples.0.upsamples.0.residual.2.weight"),
        _latent(48, name="decoder.conv1.weight"),
    ),
    AllOf(
        Has("decoder.up_blocks.0.resnets.0.norm1.gamma"),
        _latent(48, name="decoder.conv_in.weight"),
    ),
)
#: With a fourth channel for what is transparent.
_LAYERED = AnyOf(
    AllOf(
        Has("decoder.middle.0.residual.0.gamma"),
        _latent(16, name="decoder.conv1.weight"),
        _colours(4, "encoder.conv1.weight"),
    ),
    AllOf(
        Has("decoder.mid_block.attentions.0.norm.gamma"),
        _latent(16, name="decoder.conv_in.weight"),
        _colours(4, "encoder.conv_in.weight"),
    ),
)
_NOT_WAN, _NOT_QWEN = _unless(r"\bwan", "Wan"), _unless(r"\bqwen|\banima", "Qwen-Image")
_NOT_MING = _unless(r"\bming", "Ming-Image")
_LTX_VAE = AnyOf(
    AllOf(Has("decoder.up_blocks.0.res_blocks.0.conv1.conv.weight"), _latent(128)),
    AllOf(Has("decoder.mid_block.resnets.0.conv1.conv.weight"), _latent(128)),
)

_WAN_RULES = (
    vae_file(_WAN, _BIG_WAN),
    vae_file(_WAN, _SMALL_WAN, _NOT_QWEN, kind="2.1 vae"),
    vae_class_folder(_WAN, "AutoencoderKLWan"),
    vae_file(_QWEN, _SMALL_WAN, _NOT_WAN),
    vae_file(_QWEN, _LAYERED, _NOT_MING, kind="layered vae"),
    vae_file(_MING, _LAYERED, _NOT_QWEN),
    vae_class_folder(
        _QWEN,
        "AutoencoderKLQwenImage",
        signs=(
            AnyOf(
                ConfigValue(("",), "input_channels", (3,), absent=True),
                NameHint(r"\bqwen|\blayered"),
            ),
        ),
    ),
)
_HUNYUAN_RULES = (
    vae_file(
        _HUNYUAN,
        _latent(16),
        AnyOf(
            Has("decoder.up.0.block.0.norm1.weight"),
            Has("decoder.up_blocks.0.resnets.0.norm1.weight"),
        ),
    ),
    vae_file(_HUNYUAN, Has("decoder.up.0.block.0.norm1.gamma"), _latent(32), kind="1.5 vae"),
    vae_class_folder(_HUNYUAN, "AutoencoderKLHunyuanVideo", "AutoencoderKLHunyuanVideo15"),
)

FAMILY = Family(
    name="video vaes",
    base=BaseModelType.Any,
    rules=(
        *_WAN_RULES,
        *_HUNYUAN_RULES,
        vae_file(_LTX, _LTX_VAE),
        vae_file(
            _LTX,
            AnyOf(Has("decoder.conv_in_x_t.weight"), Has("decoder.det_stages.0.0.norm1.weight")),
            kind="diffusion decoder",
        ),
        vae_class_folder(
            _LTX,
            "AutoencoderKLLTXVideo",
            "AutoencoderKLLTX2Video",
            "LTX2VideoDiffusionDecoderModel",
        ),
        vae_file(
            _MOCHI,
            AnyOf(
                Has("blocks.2.blocks.3.stack.5.weight"),
                Has("layers.4.layers.1.attn_block.attn.qkv.weight"),
                Has("block_in.resnets.0.norm1.norm_layer.weight"),
            ),
            part=_MOCHI_PART,
        ),
        vae_class_folder(_MOCHI, "AutoencoderKLMochi"),
        vae_file(
            _COSMOS,
            AnyOf(Has("decoder.unpatcher3d.wavelets"), Has("decoder.conv_in.conv_s.weight")),
        ),
        vae_class_folder(_COSMOS, "AutoencoderKLCosmos"),
        vae_file(
            _COGVIDEO,
            AnyOf(
                Has("decoder.mid_block.resnets.0.norm1.norm_layer.weight"),
                Has("decoder.mid.block_1.norm1.conv_y.conv.weight"),
            ),
            _latent(16),
        ),
        vae_class_folder(_COGVIDEO, "AutoencoderKLCogVideoX"),
        vae_file(
            _SVD,
            AnyOf(
                Has("decoder.time_conv_out.weight"), Has("decoder.conv_out.time_mix_conv.weight")
            ),
            _latent(4, name="decoder.conv_in.weight"),
        ),
        vae_class_folder(_SVD, "AutoencoderKLTemporalDecoder"),
        vae_file(_SEEDVR, Has("decoder.up_blocks.2.upsamplers.0.upscale_conv.weight")),
        vae_file(_H3, Has("decoder.transformer_blocks.0.scale1")),
        vae_class_folder(_H3, "AutoencoderKLMiniMaxH3"),
        vae_file(
            _KANDINSKY,
            Has("decoder.mid.block_1.norm1.conv_b.weight"),
            _latent(64, name="decoder.mid.block_1.norm1.conv_y.weight"),
        ),
        vae_class_folder(_KANDINSKY, "Kandinsky6SRVAE"),
        vae_file(
            _ALLEGRO,
            Has("decoder.temp_conv_in.weight"),
            _latent(4, name="decoder.conv_in.weight"),
        ),
        vae_class_folder(_ALLEGRO, "AutoencoderKLAllegro"),
        vae_file(
            _EASY,
            Has("decoder.mid_block.convs.0.norm1.weight"),
            _latent(16, name="decoder.conv_in.weight"),
        ),
        vae_class_folder(_EASY, "AutoencoderKLMagvit"),
    ),
)
