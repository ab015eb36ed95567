"""FLUX.1: dev, schnell, fill and the control models, with what belongs to them."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import (
    AdapterOnly,
    AllOf,
    AnyOf,
    ComponentClass,
    ConfigValue,
    Dim,
    EmbeddingFor,
    Factored,
    Fits,
    Has,
    Lacks,
    Module,
    NameHint,
    NotKin,
    PipelineClass,
    Undeclared,
)
from modelkeep.identification.families._adapters import (
    declared_text,
    embeddings,
    table_adapters,
)
from modelkeep.identification.families._autoencoders import vae_files, vae_folder
from modelkeep.identification.families._double_stream import (
    diffusers_blocks,
    diffusers_ends,
    original_blocks,
    original_ends,
    xlabs_blocks,
)
from modelkeep.identification.family import Family, Lineage
from modelkeep.identification.module_tables import ModuleTable
from modelkeep.identification.prefixes import CONTROL, PLAIN
from modelkeep.identification.rules import Rule, Variant

_BASE = BaseModelType.Flux
_MAIN = ModelType.Main
_HIDDEN = 3072
_TEXT = 4096
#: Input channels after patching: 16 latent channels x 4, more where pictures are added.
_CONTROL_INPUT, _FILL_INPUT = 128, 384
#: Flex.2 takes a picture, a control and a mask.
_FLEX_INPUT = 196
_DEPTH, _CANNY = NameHint(r"\bdepth\b"), NameHint(r"\bcanny\b")

_DEV = frozenset({"dev"})
_NO_CONTROLNET = Lacks("controlnet_blocks.0.weight", "controlnet_x_embedder.weight")


def _variants(inputs: str, guidance: str) -> tuple[Variant, ...]:
    control = Dim(inputs, 1, (_CONTROL_INPUT,), "the input width")
    return (
        Variant("fill", (Dim(inputs, 1, (_FILL_INPUT,), "the input width"),)),
        Variant("flex-2", (Dim(inputs, 1, (_FLEX_INPUT,), "the input width"),)),
        Variant("depth", (control, _DEPTH)),
        Variant("canny", (control, _CANNY)),
        Variant("control", (control,)),
        Variant("dev", (Has(guidance),)),
        Variant("schnell", (Lacks(guidance),)),
    )


def _folder_variants() -> tuple[Variant, ...]:
    def config(key: str, value: object) -> ConfigValue:
        return ConfigValue(("transformer", ""), key, (value,))

    control = config("in_channels", _CONTROL_INPUT)
    return (
        Variant("fill", (config("in_channels", _FILL_INPUT),)),
        Variant("flex-2", (config("in_channels", _FLEX_INPUT),)),
        Variant("depth", (control, _DEPTH)),
        Variant("canny", (control, _CANNY)),
        Variant("control", (control,)),
        Variant("dev", (config("guidance_embeds", value=True),)),
        Variant(
            "schnell", (ConfigValue(("transformer", ""), "guidance_embeds", (False,), absent=True),)
        ),
    )


_MAINS = (
    Rule(
        name="flux main, original names",
        type=_MAIN,
        base=_BASE,
        format=ModelFormat.Checkpoint,
        requires=(
            AnyOf(
                Has("double_blocks.0.img_attn.norm.key_norm.scale"),
                Has("double_blocks.0.img_attn.norm.key_norm.weight"),
            ),
            Dim("img_in.bias", 0, (_HIDDEN,), "hidden width"),
            Has("img_in.weight", "vector_in.in_layer.weight", "single_blocks.0.linear1.weight"),
            _NO_CONTROLNET,
            NotKin(),
        ),
        variants=_variants("img_in.weight", "guidance_in.in_layer.weight"),
    ),
    Rule(
        name="flux main, diffusers names",
        type=_MAIN,
        base=_BASE,
        format=ModelFormat.Checkpoint,
        requires=(
            AnyOf(
                Has("single_transformer_blocks.0.attn.norm_q.weight"),
                Has("single_transformer_blocks.0.norm_q.weight"),  # of Nunchaku
            ),
            Dim("x_embedder.bias", 0, (_HIDDEN,), "hidden width"),
            Has("x_embedder.weight", "time_text_embed.text_embedder.linear_1.weight"),
            Has("context_embedder.weight", "proj_out.weight"),
            _NO_CONTROLNET,
            NotKin(),
        ),
        variants=_variants(
            "x_embedder.weight", "time_text_embed.guidance_embedder.linear_1.weight"
        ),
    ),
    Rule(
        name="flux main, folder",
        type=_MAIN,
        base=_BASE,
        format=ModelFormat.Diffusers,
        requires=(
            AnyOf(PipelineClass("Flux*", "VisualCloze*"), ComponentClass("FluxTransformer2DModel")),
            NotKin(),
            ConfigValue(("transformer", ""), "_class_name", ("FluxTransformer2DModel",)),
            ConfigValue(("transformer", ""), "pooled_projection_dim", (768,), absent=True),
        ),
        variants=_folder_variants(),
    ),
)

#: 19 + 38 blocks, four times as wide inside of their feed-forward.
_ORIGINAL = original_blocks(_HIDDEN, 19, 38, 4 * _HIDDEN) | original_ends(_HIDDEN, _TEXT, 768)
_DIFFUSERS = diffusers_blocks(_HIDDEN, 19, 38, 4 * _HIDDEN) | diffusers_ends(_HIDDEN, _TEXT, 768)
TABLES = (
    ModuleTable(_ORIGINAL),
    ModuleTable(_DIFFUSERS),
    ModuleTable(xlabs_blocks(_HIDDEN, 19, 38)),
)

#: A LoKr whose factors stand the other way round shows the width of what it changes once.
_TURNED = AllOf(
    Factored(),
    Module("double_blocks_#_img_attn_proj", (_HIDDEN,)),
    Module("single_blocks_#_linear1"),
    Undeclared(_BASE.value),
)

_CONTROL_LORA = Rule(
    name="flux control-lora",
    type=ModelType.ControlLora,
    base=_BASE,
    format=ModelFormat.Lycoris,
    part=PLAIN,
    requires=(
        AnyOf(
            AllOf(
                Module("img_in", (_CONTROL_INPUT,)),
                Module("double_blocks_#_img_attn_qkv", (_HIDDEN,)),
            ),
            AllOf(
                Module("x_embedder", (_CONTROL_INPUT,)),
                Module("single_transformer_blocks_#_attn_to_*", (_HIDDEN,)),
            ),
        ),
        AdapterOnly(),
        Fits(*TABLES),
    ),
    before=("flux lora", "flux lora, folder"),
)

_CONTROLNETS = (
    Rule(
        name="flux controlnet, XLabs",
        type=ModelType.ControlNet,
        base=_BASE,
        format=ModelFormat.Checkpoint,
        part=CONTROL,
        requires=(
            Dim("controlnet_blocks.0.weight", 0, (_HIDDEN,), "hidden width"),
            Has("input_hint_block.0.weight", "double_blocks.0.img_attn.qkv.weight"),
            Dim("txt_in.weight", -1, (_TEXT,), "text context width"),
        ),
    ),
    Rule(
        name="flux controlnet, diffusers names",
        type=ModelType.ControlNet,
        base=_BASE,
        format=ModelFormat.Checkpoint,
        part=CONTROL,
        requires=(
            Dim("controlnet_x_embedder.weight", 0, (_HIDDEN,), "hidden width"),
            AnyOf(Has("controlnet_blocks.0.weight"), Has("controlnet_blocks.0.linear.weight")),
            Dim("context_embedder.weight", -1, (_TEXT,), "text context width"),
            Has("x_embedder.weight", "time_text_embed.text_embedder.linear_1.weight"),
        ),
    ),
    Rule(
        name="flux controlnet, folder",
        type=ModelType.ControlNet,
        base=_BASE,
        format=ModelFormat.Diffusers,
        requires=(ComponentClass("FluxControlNetModel"),),
    ),
)

_IMAGE_ADAPTERS = (
    Rule(
        name="flux ip-adapter, XLabs",
        type=ModelType.IPAdapter,
        base=_BASE,
        format=ModelFormat.Checkpoint,
        part=PLAIN,
        requires=(
            Has("double_blocks.0.processor.ip_adapter_double_stream_k_proj.weight"),
            Has("ip_adapter_proj_model.proj.weight"),
        ),
    ),
    Rule(
        name="flux redux",
        type=ModelType.StyleModel,
        base=_BASE,
        format=ModelFormat.Checkpoint,
        part=PLAIN,
        requires=(Has("redux_down.weight", "redux_up.weight"),),
    ),
)

FAMILY = Family(
    name="flux",
    base=_BASE,
    label="FLUX.1",
    words=("FLUX.1 dev", "FLUX.1 schnell"),
    sites={"civitai": ("Flux.1 S", "Flux.1 D", "Flux.1 Krea", "Flux.1 Kontext")},
    declared=("flux", "flex"),
    kin="flux",
    lineages=(
        Lineage("kontext", r"\bkontext", PipelineClass("FluxKontext*"), _DEV),
        Lineage("krea", r"\bkrea\b(?! ?2)", None, _DEV),
    ),
    rules=(
        *_MAINS,
        *table_adapters(_BASE, *TABLES, others=(declared_text(_BASE, 768), _TURNED)),
        _CONTROL_LORA,
        *_CONTROLNETS,
        *_IMAGE_ADAPTERS,
        *embeddings(
            _BASE,
            AllOf(
                AnyOf(
                    EmbeddingFor(clip_l=768, t5=4096),
                    # OneTrainer once wrote the vectors of CLIP-L under the name of the other.
                    EmbeddingFor(clip_g=768, t5=4096),
                    EmbeddingFor(t5=4096),
                ),
                Undeclared(_BASE.value),
            ),
            declared=(EmbeddingFor(clip_l=768),),
        ),
        *vae_files(_BASE, 16),
        vae_folder(
            _BASE,
            ConfigValue(("",), "latent_channels", (16,)),
            ConfigValue(("",), "scaling_factor", (0.3611, 1.0), absent=True),
        ),
    ),
)
