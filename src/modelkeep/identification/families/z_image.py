"""Z-Image, and what was made from it: Omni, Zeta-Chroma, L2P and TwinFlow."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import (
    AnyOf,
    Dim,
    Has,
    Lacks,
    PipelineClass,
)
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._flow_models import main_folder
from modelkeep.identification.families._next_dit import (
    modulation,
    original_modules,
    split_attention,
)
from modelkeep.identification.families._transformers import (
    DIFFUSERS,
    ORIGINAL,
    config,
    main_file,
    under,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.ZImage
WIDTH, INNER, LAYERS, TEXT, TIME = 3840, 10240, 30, 2560, 256
_REFINERS = ("noise_refiner", "context_refiner", "siglip_refiner")
#: Input width of models that work on pixels.
_PIXELS = 768
_PIXEL_DECODER = AnyOf(
    Has("dec_net.cond_embed.weight"), Has("dec_net.input_embedder.embedder.0.weight"), Has("__x0__")
)
_OMNI = AnyOf(Has("siglip_embedder.0.weight"), Has("siglip_embedder.1.weight"))
#: Z-Image's norms are not those of FIBO 2 or Lumina 2, which have the same names.
_WIDTH = Dim("noise_refiner.0.attention_norm1.weight", 0, (WIDTH,), "hidden width")
_NO_KIN = Lacks("sigvq_embedder.1.weight", "__ming_image__", "perceiver.latent_queries")


def _original() -> dict[str, Widths]:
    return original_modules(WIDTH, INNER, LAYERS, text=TEXT, narrow=WIDTH, time=TIME)


def modules() -> dict[str, Widths]:
    """Return all modules, in the original names and in those of diffusers."""
    siglip = {
        name.replace("context_refiner", "siglip_refiner"): widths
        for name, widths in _original().items()
        if name.startswith("context_refiner")
    }
    ends: dict[str, Widths] = {"linear": (WIDTH, None), "adaLN_modulation.1": (TIME, WIDTH)}
    return (
        siglip
        | split_attention(WIDTH, WIDTH, LAYERS, "attention", *_REFINERS)
        | {"siglip_embedder.1": (None, WIDTH), "all_x_embedder.2-1": (64, WIDTH)}
        | under("all_final_layer.2-1", ends)
        | modulation(WIDTH, TIME, LAYERS, "adaLN_modulation.0")
        | _original()
    )


FAMILY = Family(
    name="z-image",
    base=_BASE,
    label="Z-Image",
    words=("Z-Image Turbo", "Z-Image Base", "Zeta-Chroma"),
    sites={"civitai": ("ZImageTurbo", "ZImageBase")},
    declared=("z-image", "z_image", "zimage"),
    marks=Marks(folders=(PipelineClass("ZImage*"),)),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            AnyOf(Has("cap_pad_token"), _PIXEL_DECODER),
            _WIDTH,
            Has("layers.0.attention_norm1.weight", "cap_embedder.1.weight"),
            Lacks("all_x_embedder.2-1.weight", "all_x_embedder.1-1.weight"),
            _NO_KIN,
            variants=(
                Variant("zeta-chroma", (_PIXEL_DECODER,)),
                Variant("l2p", (Has("local_decoder.enc1.0.weight"),)),
                Variant(
                    "l2p", (Dim("x_embedder.weight", 1, (_PIXELS,), "width of a patch of pixels"),)
                ),
                Variant("omni", (_OMNI,)),
                Variant("twinflow", (Has("t_embedder_2.mlp.0.weight"),)),
                Variant("normal"),
            ),
        ),
        main_file(
            _BASE,
            DIFFUSERS,
            Has("cap_pad_token", "all_x_embedder.2-1.weight"),
            _WIDTH,
            Has("layers.0.attention_norm1.weight", "cap_embedder.1.weight"),
            _NO_KIN,
            variants=(
                Variant("omni", (_OMNI,)),
                Variant("twinflow", (Has("t_embedder_2.mlp.0.weight"),)),
                Variant("normal"),
            ),
        ),
        main_folder(
            _BASE,
            "ZImageTransformer2DModel",
            pipelines=("ZImage*",),
            variants=(
                Variant("normal", (config("siglip_feat_dim", None, absent=True),)),
                Variant("omni"),
            ),
        ),
        *table_adapters(_BASE, ModuleTable(modules())),
    ),
)
