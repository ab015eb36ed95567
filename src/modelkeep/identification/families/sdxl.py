"""Stable Diffusion XL and its kin of the same keys (Pony, Illustrious, SSD-1B ...)."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    Condition,
    ConfigValue,
    Declares,
    Dim,
    EmbeddingFor,
    Gives,
    Has,
    Lacks,
    NameHint,
    PipelineClass,
    TextContext,
    Undeclared,
)
from modelkeep.identification.families._adapters import (
    DEEP,
    NO_CONTEXT,
    declared_text,
    declared_unet,
    embeddings,
    ip_adapters,
    t2i_adapters,
    text_encoder,
    unet_adapters,
)
from modelkeep.identification.families._autoencoders import vae_files, vae_folder
from modelkeep.identification.families._unets import (
    EPSILON,
    UNetShape,
    UNetVariant,
    controlnets,
    mains,
    onnx_folders,
    pix2pix,
)
from modelkeep.identification.family import Family, Lineage, Marks, Predictions
from modelkeep.identification.prefixes import CONTROL
from modelkeep.identification.rules import LegacyConfigs, Rule

_BASE = BaseModelType.StableDiffusionXL
_SHAPE = UNetShape(
    _BASE,
    context=2048,
    # KOALA has one block less on each level.
    ldm_blocks=("input_blocks.4.1", "input_blocks.3.1"),
    diffusers_block="down_blocks.1.attentions.0",
    small_block=None,
    extra=2816,
)
_NAMES = r"sdxl|xl\b|\bxl|\bpony\b|\billustrious|\bnoobai"
_LEGACY: LegacyConfigs = {None: "sd_xl_base.yaml"}
_PIPELINE = PipelineClass("*StableDiffusionXL*")


#: What attention and its feed-forward give: the refiner, the upscaler of SD 2 and DreamLite have
#: blocks of the same names.
_OWN_WIDTHS = Gives(
    (
        *("*_to_q", "*_to_k", "*_to_v", "*_to_out_0"),
        *("*_ff_net_0_proj", "*_ff_net_2"),
    ),
    frozenset((640, 1280, 5120, 10240)),
)


def _depth(original: str, *counts: int) -> Condition:
    """Return the condition that the first block of the deepest level has so many transformers.

    SDXL has ten there; models that were distilled from it have fewer.

    Args:
        original: The block in names of the original code.
        counts: The numbers that fit.
    """
    blocks = (original, "down_blocks.2.attentions.0")
    return AnyOf(
        *(
            AllOf(
                Has(f"{block}.transformer_blocks.{count - 1}.norm1.weight"),
                Lacks(f"{block}.transformer_blocks.{count}.norm1.weight"),
            )
            for block in blocks
            for count in counts
        )
    )


_LINEAGES = (
    Lineage("playground", r"\bplayground ?v?2", Has("edm_mean", "edm_std")),
    Lineage("ssd-1b", r"\bssd 1b\b", _depth("input_blocks.7.1", 4)),
    Lineage("vega", r"\bsegmind vega\b", _depth("input_blocks.7.1", 2)),
    Lineage("koala", r"\bkoala (?:700m|1b|lightning)\b", _depth("input_blocks.5.1", 5, 6)),
    Lineage("noobai", r"\bnoob ?(ai)?\b|\bnoobai"),
    Lineage("illustrious", r"\billustrious|\bilxl\b|\bilust"),
    Lineage("pony", r"\bpony(?! ?tails?\b)"),
    Lineage("animagine", r"\banimagine"),
)

FAMILY = Family(
    name="sdxl",
    base=_BASE,
    label="SDXL",
    words=("Playground v2",),
    sites={
        "civitai": (
            *("SDXL 0.9", "SDXL 1.0", "SDXL 1.0 LCM", "SDXL Lightning", "SDXL Hyper"),
            *("SDXL Turbo", "SDXL Distilled", "Pony", "Illustrious", "NoobAI"),
        )
    },
    declared=("stable-diffusion-xl", "sdxl"),
    kin="unet",
    marks=Marks(
        folders=(_PIPELINE, ConfigValue(("unet",), "cross_attention_dim", (2048,))),
    ),
    predictions=Predictions(usual={"": EPSILON}),
    lineages=_LINEAGES,
    rules=(
        *mains(
            _SHAPE,
            UNetVariant("normal", 4, _LEGACY),
            UNetVariant("inpaint", 9, _LEGACY),
            pix2pix(_LEGACY),
        ),
        *onnx_folders(_BASE, _PIPELINE),
        *controlnets(_SHAPE),
        Rule(
            name="sdxl control-lora",
            type=ModelType.ControlLora,
            base=_BASE,
            format=ModelFormat.Lycoris,
            part=CONTROL,
            requires=(
                Has("lora_controlnet", "input_hint_block.0.weight"),
                Dim(
                    "input_blocks.4.1.transformer_blocks.0.attn2.to_k.down",
                    -1,
                    (2048,),
                    "text context width",
                ),
            ),
        ),
        *vae_files(_BASE, 4, AnyOf(Declares("sdxl"), NameHint(_NAMES)), before=("sd-1",)),
        vae_folder(
            _BASE,
            AnyOf(
                # The second is that of Playground 2.5.
                ConfigValue(("",), "scaling_factor", (0.13025, 0.5)),
                AllOf(
                    NameHint(_NAMES),
                    ConfigValue(("",), "latent_channels", (4,), absent=True),
                    ConfigValue(("",), "scaling_factor", (1.0,), absent=True),
                ),
            ),
            before=("sd-1",),
        ),
        *unet_adapters(
            _BASE,
            AllOf(TextContext(2048), _OWN_WIDTHS),
            AllOf(NO_CONTEXT, DEEP, _OWN_WIDTHS),
            text_encoder(1280, second=True),
            declared_text(_BASE, 768, 1280),
            declared_unet(_BASE),
        ),
        *embeddings(
            _BASE,
            AllOf(
                AnyOf(EmbeddingFor(clip_l=768, clip_g=1280), EmbeddingFor(clip_g=1280)),
                Undeclared(_BASE.value),
            ),
            declared=(EmbeddingFor(clip_l=768),),
        ),
        *ip_adapters(_BASE, 2048, r"sdxl|xl\b"),
        *t2i_adapters(_BASE, (256, 768), ("full_adapter_xl", "light_adapter_xl")),
    ),
)
