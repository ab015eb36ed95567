"""VAEs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelkeep.identification.prefixes import Part
from modelkeep.load.facts.family_facts import PartFacts
from modelkeep.load.facts.spelling import Spelling

_SHAPE: Mapping[str, Any] = {
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "in_channels": 3,
    "latent_channels": 4,
    "layers_per_block": 2,
    "out_channels": 3,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
}
_SD: Mapping[str, Any] = {**_SHAPE, "sample_size": 512, "scaling_factor": 0.18215}
_SDXL: Mapping[str, Any] = {
    **_SHAPE,
    "force_upcast": True,
    "sample_size": 1024,
    "scaling_factor": 0.13025,
}
_WIDE: Mapping[str, Any] = {**_SDXL, "latent_channels": 16}
#: By base.
VAES: Mapping[str, Mapping[str, Any]] = {
    "sd-1": _SD,
    "sd-2": {**_SD, "sample_size": 768},
    "sdxl": _SDXL,
    "sdxl-refiner": _SDXL,
    "sd-3": {**_WIDE, "scaling_factor": 1.5305, "shift_factor": 0.0609},
    "flux": {**_WIDE, "scaling_factor": 0.3611, "shift_factor": 0.1159},
}

_MARKS = {"use_quant_conv": "quant_conv.weight", "use_post_quant_conv": "post_quant_conv.weight"}
_DIMS = {"latent_channels": ("decoder.conv_in.weight", 1)}
#: What training leaves beside a VAE.
_TRAINING = ("loss.", "model_ema.")
_SPELLINGS = (
    Spelling("decoder.mid.block_1.norm1.weight", "ldm_vae", _DIMS, marks=_MARKS, drops=_TRAINING),
    Spelling("decoder.mid_block.resnets.0.norm1.weight", "", _DIMS, marks=_MARKS, drops=_TRAINING),
)
#: Prefixes of a VAE in the file of a whole model.
_IN_MODELS = ("first_stage_model.", "vae.", "autoencoder.")
#: Prefixes of a tiny VAE, with the part of the name that tells its halves apart.
_TINY = ("", "first_stage_model.", "vae.")
_TINY_SPELLINGS = (
    Spelling(
        "taesd_decoder.1.weight",
        "taesd",
        {"latent_channels": ("taesd_decoder.1.weight", 1)},
        drops=("vae_scale", "vae_shift"),
    ),
    Spelling("decoder.layers.0.weight", dims={"latent_channels": ("decoder.layers.0.weight", 1)}),
)

#: A tiny VAE: its class knows the rest.
TINY_VAE = PartFacts("vae", "diffusers", "AutoencoderTiny", {}, _TINY, _TINY_SPELLINGS)


def vae(base: str, prefixes: Part = _IN_MODELS) -> PartFacts:
    """Return the facts of the VAE of a base.

    Args:
        base: The base.
        prefixes: What may stand before the names of its tensors.
    """
    return PartFacts("vae", "diffusers", "AutoencoderKL", VAES[base], prefixes, _SPELLINGS)
