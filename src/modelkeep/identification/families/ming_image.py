"""Ming-Image: Z-Image without pad tokens, led by a language model."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import AnyOf, Dim, Has, Lacks
from modelkeep.identification.families import z_image
from modelkeep.identification.families._adapters import adapters
from modelkeep.identification.families._flow_models import declared_modules
from modelkeep.identification.families._transformers import ORIGINAL, main_file
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable

_BASE = BaseModelType.MingImage

FAMILY = Family(
    name="ming-image",
    base=_BASE,
    label="Ming-Image",
    declared=("ming-image", "ming_image", "ming"),
    marks=Marks(tensors=(Has("__ming_image__"),)),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Dim("cap_embedder.1.bias", 0, (z_image.WIDTH,), "hidden width"),
            Has("layers.0.adaLN_modulation.0.bias", "context_refiner.0.attention_norm1.weight"),
            AnyOf(
                Has("__ming_image__"),
                Lacks("cap_pad_token", "x_pad_token", "dec_net.cond_embed.weight", "__x0__"),
            ),
            Lacks(
                "perceiver.latent_queries",
                "sigvq_embedder.1.weight",
                "dec_net.input_embedder.embedder.0.weight",
            ),
        ),
        # Its modules are Z-Image's: only a header tells.
        *adapters(_BASE, declared_modules(_BASE, ModuleTable(z_image.modules()))),
    ),
)
