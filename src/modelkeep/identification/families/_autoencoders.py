"""What the VAE rules of the families share."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    ComponentClass,
    Condition,
    Dim,
    Has,
    WithoutParts,
)
from modelkeep.identification.prefixes import DENOISER_HEADS, VAE, Part
from modelkeep.identification.rules import Rule

_OTHER_PARTS = (*DENOISER_HEADS, "cond_stage_model", "conditioner", "text_encoders")
#: The tiny autoencoders: decoder alone (its first tensor is ``1``), or both under their names.
_TINY: Part = ("", "taesd_decoder.", "first_stage_model.taesd_decoder.", "vae.")


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
                AnyOf(
                    Has("decoder.up.0.block.0.norm1.weight"),
                    Has("decoder.up_blocks.0.resnets.0.norm1.weight"),
                ),
                WithoutParts(*_OTHER_PARTS),
                *signs,
            ),
            before=tuple(f"{loser} vae" for loser in before),
        ),
        Rule(
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
                ),
                WithoutParts(*_OTHER_PARTS),
                *signs,
            ),
            before=tuple(f"{loser} tiny vae" for loser in before),
        ),
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
        requires=(ComponentClass("AutoencoderKL", "AutoencoderTiny"), *signs),
        before=tuple(f"{loser} vae, folder" for loser in before),
    )
