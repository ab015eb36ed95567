"""What the VAE rules of the families share."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    ComponentClass,
    Condition,
    ConfigValue,
    Dim,
    Has,
    Lacks,
    WithoutParts,
)
from modelkeep.identification.prefixes import DENOISER_HEADS, VAE, Part
from modelkeep.identification.rules import Rule

#: Heads of names in files that hold more than a VAE.
OTHER_PARTS = (*DENOISER_HEADS, "cond_stage_model", "conditioner", "text_encoders")
#: Tensors of VAEs that are built around one of pictures: of videos, codebooks, masked pictures.
_NOT_OF_PICTURES = Lacks(
    "decoder.time_conv_out.weight",
    "decoder.conv_out.time_mix_conv.weight",
    "decoder.mid.block_1.mix_factor",
    "decoder.up.3.block.0.mix_factor",
    "decoder.mid_block.resnets.0.temporal_res_block.norm1.weight",
    "decoder.mid.block_1.time_stack.in_layers.0.weight",
    "decoder.temp_conv_in.weight",
    "decoder.condition_encoder.layers.0.weight",
    "decoder_unet.conv_in.weight",
    "quantize.embedding.weight",
)
#: Channels of the levels of the VAEs of SD and FLUX.1, as configs state them, and of tiny VAEs.
_LEVELS = ConfigValue(
    ("",), "block_out_channels", ([128, 256, 512, 512], [64, 64, 64, 64]), absent=True
)
#: The tiny autoencoders: decoder alone (its first tensor is ``1``), or both under their names.
_TINY: Part = (
    *("", "taesd_decoder.", "taesd_encoder.", "first_stage_model.taesd_decoder.", "vae."),
)


def vae_files(
    base: BaseModelType, channels: int, *signs: Condition, before: tuple[str, ...] = ()
) -> tuple[Rule, ...]:
    """Return the rules for VAEs and tiny VAEs in one file.

    Args:
        base: The base.
        channels: Latent channels.
        signs: What else must hold, where another base has the same names and shapes.
        before: Bases whose VAE rules lose when these hold too.
    """
    meaning = "the number of latent channels"
    latent = Dim("decoder.conv_in.weight", 1, (channels,), meaning)
    return (
        Rule(
            name=f"{base.value} vae",
            type=ModelType.Vae,
            base=base,
            format=ModelFormat.Checkpoint,
            part=VAE,
            requires=(
                latent,
                Dim("decoder.conv_in.weight", 0, (512,), "the width of the middle"),
                # Others have three levels, or more than four.
                AnyOf(
                    AllOf(
                        Has("decoder.up.3.block.0.norm1.weight"),
                        Lacks("decoder.up.4.block.0.norm1.weight"),
                    ),
                    AllOf(
                        Has("decoder.up_blocks.3.resnets.0.norm1.weight"),
                        Lacks("decoder.up_blocks.4.resnets.0.norm1.weight"),
                    ),
                ),
                _NOT_OF_PICTURES,
                WithoutParts(*OTHER_PARTS),
                *signs,
            ),
            before=tuple(f"{loser} vae" for loser in before),
        ),
        tiny_vae(base, channels, *signs, before=before),
    )


def tiny_vae(
    base: BaseModelType, channels: int, *signs: Condition, before: tuple[str, ...] = ()
) -> Rule:
    """Return the rule for tiny VAEs in one file: decoder, encoder, or both.

    Args:
        base: The base.
        channels: Latent channels.
        signs: What else must hold, where another base has the same names and shapes.
        before: Bases whose rules lose when this one holds too.
    """
    meaning = "the number of latent channels"
    return Rule(
        name=f"{base.value} tiny vae",
        type=ModelType.Vae,
        base=base,
        format=ModelFormat.Checkpoint,
        part=_TINY,
        requires=(
            AnyOf(
                AllOf(Dim("1.weight", 1, (channels,), meaning), Has("3.conv.0.weight")),
                AllOf(
                    Dim("decoder.layers.0.weight", 1, (channels,), meaning),
                    Has("decoder.layers.2.conv.0.weight"),
                ),
                AllOf(
                    Dim("14.weight", 0, (channels,), meaning),
                    Has("0.weight", "1.conv.0.weight", "13.conv.0.weight"),
                ),
            ),
            WithoutParts(*OTHER_PARTS),
            *signs,
        ),
        before=tuple(f"{loser} tiny vae" for loser in before),
    )


def vae_file(
    base: BaseModelType,
    *signs: Condition,
    kind: str = "vae",
    part: Part = VAE,
    before: tuple[str, ...] = (),
) -> Rule:
    """Return the rule for VAEs in one file whose architecture is their base's own.

    Args:
        base: The base.
        signs: What must hold, the rarest tensor first.
        kind: What the rule's name says behind the base.
        part: Prefixes of its tensors.
        before: Names of rules that lose when this one holds too.
    """
    return Rule(
        name=f"{base.value} {kind}",
        type=ModelType.Vae,
        base=base,
        format=ModelFormat.Checkpoint,
        part=part,
        requires=(*signs, WithoutParts(*OTHER_PARTS)),
        before=before,
    )


def vae_class_folder(base: BaseModelType, *classes: str, signs: tuple[Condition, ...] = ()) -> Rule:
    """Return the rule for VAE folders whose class is their base's own.

    Args:
        base: The base.
        classes: Names of classes.
        signs: Conditions on the config.
    """
    return Rule(
        name=f"{base.value} own vae, folder",
        type=ModelType.Vae,
        base=base,
        format=ModelFormat.Diffusers,
        requires=(ComponentClass(*classes), *signs),
    )


def vae_folder(base: BaseModelType, *signs: Condition, before: tuple[str, ...] = ()) -> Rule:
    """Return the rule for VAE folders.

    Args:
        base: The base.
        signs: Conditions on the config.
        before: Bases whose rule loses when this one holds too.
    """
    return Rule(
        name=f"{base.value} vae, folder",
        type=ModelType.Vae,
        base=base,
        format=ModelFormat.Diffusers,
        requires=(ComponentClass("AutoencoderKL", "AutoencoderTiny"), _LEVELS, *signs),
        before=tuple(f"{loser} vae, folder" for loser in before),
    )
