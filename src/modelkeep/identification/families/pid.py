"""PiD: turns latents of other models into larger pictures."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Dim, Has
from modelkeep.identification.families._transformers import ORIGINAL, main_file
from modelkeep.identification.families.pixeldit import CORE
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.PiD
_LATENT = "lq_proj.latent_proj.0.weight"


def _variant(name: str, width: int, channels: int) -> Variant:
    """Return the variant for latents of so many channels; FLUX.1, SD 3 and Qwen-Image share 16."""
    return Variant(
        name,
        (
            Dim(_LATENT, 0, (width,), "width of what it makes of latents"),
            Dim(_LATENT, 1, (channels,), "the number of latent channels"),
        ),
    )


FAMILY = Family(
    name="pid",
    base=_BASE,
    label="PiD",
    words=("Pixel Diffusion Decoder",),
    declared=("pid",),
    marks=Marks(tensors=(Has(_LATENT),)),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Has(
                _LATENT, "pixel_embedder.proj.weight", "lq_proj.gate_modules.0.content_proj.weight"
            ),
            variants=(
                _variant("sdxl", 512, 4),
                _variant("flux", 512, 16),
                _variant("flux2", 512, 128),
                _variant("v1.5-flux", 1024, 16),
                _variant("v1.5-flux2", 1024, 32),
            ),
            part=CORE,
        ),
    ),
)
