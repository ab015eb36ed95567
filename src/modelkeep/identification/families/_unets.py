"""Main models and ControlNets of the families with a U-Net.

SD 1, SD 2, SDXL and the refiner have the same names of tensors and differ in widths.
"""

from __future__ import annotations

import msgspec

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType, SchedulerPredictionType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    ComponentClass,
    Condition,
    ConfigValue,
    Dim,
    Has,
    HasFile,
    Lacks,
    NameHint,
    NotKin,
    PipelineClass,
)
from modelkeep.identification.prefixes import CONTROL
from modelkeep.identification.rules import LegacyConfigs, Rule, Variant

EPSILON = SchedulerPredictionType.Epsilon
V = SchedulerPredictionType.VPrediction

#: Tensors that make a ControlNet of such a U-Net, or a model of videos, views or examples.
_NOT_IMAGE_UNET = (
    "learnable_vector",
    "position_net.null_positive_feature",
    "camera_embed.0.weight",
    "init_attn.0.norm.weight",
    "down_blocks.0.motion_modules.0.temporal_transformer.norm.weight",
    "down_blocks.0.temp_attentions.0.norm.weight",
    "controlnet_cond_embedding.conv_in.weight",
)


_TEXT_ENCODERS = (
    "cond_stage_model.transformer.text_model.",
    "cond_stage_model.transformer.",
    "conditioner.embedders.0.transformer.text_model.",
    "text_encoder.text_model.",
    "text_encoders.clip_l.transformer.text_model.",
)


class UNetVariant(msgspec.Struct, frozen=True):
    """A variant of such a model.

    Attributes:
        channels: Input channels of its U-Net.
        legacy: Its legacy configuration files.
        file: What else must hold of a file.
        folder: What else must hold of a folder.
    """

    name: str
    channels: int
    legacy: LegacyConfigs = msgspec.field(default_factory=dict)
    file: tuple[Condition, ...] = ()
    folder: tuple[Condition, ...] = ()


def pix2pix(legacy: LegacyConfigs | None = None) -> UNetVariant:
    """Return the variant of InstructPix2Pix, which takes a picture and text.

    IC-Light, Zero123 and others have eight input channels too, and no text encoder beside them.
    """
    named = NameHint(r"\bpix ?2 ?pix|\bp2p\b|\binstruct")
    text = (Has(f"{start}embeddings.token_embedding.weight") for start in _TEXT_ENCODERS)
    return UNetVariant(
        "pix2pix",
        8,
        legacy or {},
        file=(AnyOf(*text, Has("edm_vpred.sigma_max"), named),),
        folder=(AnyOf(PipelineClass("*InstructPix2Pix*"), named),),
    )


class UNetShape(msgspec.Struct, frozen=True):
    """The widths in which the families differ; their names and marks are in their files.

    Attributes:
        ldm_blocks: First block with cross-attention, in names of the original code: one of these.
        diffusers_block: The same in names of diffusers.
        small_block: The same of models with one block on each level; None where it is no other.
        extra: Width of the vector for size and pooled text; None where there is none.
    """

    base: BaseModelType
    context: int
    # SDXS has one block less on each level, and no attention on the first one.
    ldm_blocks: tuple[str, ...] = ("input_blocks.1.1", "input_blocks.3.1")
    diffusers_block: str = "down_blocks.0.attentions.0"
    small_block: str | None = "down_blocks.1.attentions.0"
    extra: int | None = None

    @property
    def tag(self) -> str:
        """The base as rule names begin with."""
        return self.base.value

    def ldm(self) -> tuple[Condition, ...]:
        """Conditions on names of the original code."""
        extra = (
            (Dim("label_emb.0.0.weight", 1, (self.extra,), "size and text vector width"),)
            if self.extra
            else ()
        )
        return (_any_of(*map(self._context_in, self.ldm_blocks)), *extra)

    def diffusers(self) -> tuple[Condition, ...]:
        """Conditions on names of diffusers."""
        extra = (
            (Dim("add_embedding.linear_1.weight", 1, (self.extra,), "size and text vector width"),)
            if self.extra
            else (Lacks("add_embedding.linear_1.weight"),)
        )
        contexts = [self._context_in(self.diffusers_block)]
        if self.small_block is not None:
            is_small = Lacks("down_blocks.0.resnets.1.norm1.weight", "class_embedding.weight")
            contexts.append(AllOf(is_small, self._context_in(self.small_block)))
        return (_any_of(*contexts), *extra)

    def _context_in(self, block: str) -> Condition:
        to_k = f"{block}.transformer_blocks.0.attn2.to_k.weight"
        return Dim(to_k, -1, (self.context,), "text context width")

    def configs(self, component: str) -> tuple[Condition, ...]:
        """Conditions on the config of a U-Net or ControlNet."""
        extra = (
            (ConfigValue((component,), "projection_class_embeddings_input_dim", (self.extra,)),)
            if self.extra
            else ()
        )
        return (ConfigValue((component,), "cross_attention_dim", (self.context,)), *extra)


def _any_of(first: Condition, *others: Condition) -> Condition:
    return AnyOf(first, *others) if others else first


def mains(shape: UNetShape, *variants: UNetVariant) -> tuple[Rule, ...]:
    """Return the rules for main models: both spellings of one file, and folders."""

    def inputs(tensor: str) -> tuple[Variant, ...]:
        return tuple(
            Variant(
                one.name,
                (Dim(tensor, 1, (one.channels,), "the number of input channels"), *one.file),
                one.legacy,
            )
            for one in variants
        )

    tag, base, main = shape.tag, shape.base, ModelType.Main
    return (
        Rule(
            name=f"{tag} main, original names",
            type=main,
            base=base,
            format=ModelFormat.Checkpoint,
            requires=(
                Has("input_blocks.0.0.weight"),
                *shape.ldm(),
                Has("output_blocks.0.0.in_layers.0.weight"),
                Lacks(*_NOT_IMAGE_UNET),
                NotKin(),
            ),
            variants=inputs("input_blocks.0.0.weight"),
        ),
        Rule(
            name=f"{tag} main, diffusers names",
            type=main,
            base=base,
            format=ModelFormat.Checkpoint,
            requires=(
                Has("conv_in.weight", "conv_norm_out.weight"),
                *shape.diffusers(),
                Has("up_blocks.0.resnets.0.norm1.weight"),
                Lacks(*_NOT_IMAGE_UNET),
                NotKin(),
            ),
            variants=inputs("conv_in.weight"),
        ),
        _main_folder(shape, variants),
    )


def latent_upscalers(base: BaseModelType, context: int, channels: int) -> tuple[Rule, ...]:
    """Return the rules for one file of an upscaler: it has no attention in its first blocks.

    Args:
        base: The base.
        context: Width of its text context.
        channels: Input channels, with those of the small picture.
    """
    names = {
        "original names": ("input_blocks.0.0", "input_blocks.4.1", "label_emb"),
        "diffusers names": ("conv_in", "down_blocks.1.attentions.0", "class_embedding"),
    }
    return tuple(
        Rule(
            name=f"{base.value} upscaler main, {name}",
            type=ModelType.Main,
            base=base,
            format=ModelFormat.Checkpoint,
            requires=(
                Has(f"{noise}.weight", f"{block}.proj_in.weight"),
                Dim(
                    f"{block}.transformer_blocks.0.attn2.to_k.weight",
                    -1,
                    (context,),
                    "text context width",
                ),
                Dim(f"{inputs}.weight", 1, (channels,), "the number of input channels"),
            ),
            variants=(Variant("upscale"),),
        )
        for name, (inputs, block, noise) in names.items()
    )


def _main_folder(shape: UNetShape, variants: tuple[UNetVariant, ...]) -> Rule:
    pipeline = PipelineClass("StableDiffusion*", "StableUnCLIP*", "LatentConsistency*")
    whole = (
        ConfigValue(("unet",), "_class_name", ("UNet2DConditionModel",)),
        *shape.configs("unet"),
    )
    return Rule(
        name=f"{shape.tag} main, folder",
        type=ModelType.Main,
        base=shape.base,
        format=ModelFormat.Diffusers,
        requires=(
            AnyOf(pipeline, ComponentClass("UNet2DConditionModel")),
            AnyOf(AllOf(*whole), AllOf(*shape.configs(""))),
        ),
        variants=tuple(
            Variant(
                one.name, (ConfigValue(("unet", ""), "in_channels", (one.channels,)), *one.folder)
            )
            for one in variants
        ),
    )


def onnx_folders(base: BaseModelType, *signs: Condition) -> tuple[Rule, ...]:
    """Return the rules for pipelines in ONNX form, plain and made by Olive."""
    pipeline = PipelineClass("Onnx*", "ORT*")
    optimized = AnyOf(
        HasFile("*model_optimized*.onnx", "*_opt.onnx", "*.opt.onnx"),
        NameHint(r"\bolive\b"),
    )
    normal = (Variant("normal"),)
    return (
        Rule(
            name=f"{base.value} onnx, folder",
            type=ModelType.ONNX,
            base=base,
            format=ModelFormat.Onnx,
            requires=(pipeline, HasFile("*.onnx"), *signs),
            variants=normal,
        ),
        Rule(
            name=f"{base.value} olive, folder",
            type=ModelType.ONNX,
            base=base,
            format=ModelFormat.Olive,
            requires=(pipeline, HasFile("*.onnx"), optimized, *signs),
            variants=normal,
            before=(f"{base.value} onnx, folder",),
        ),
    )


def controlnets(shape: UNetShape, legacy: LegacyConfigs | None = None) -> tuple[Rule, ...]:
    """Return the rules for ControlNets: both spellings of one file, and folders."""
    tag, base, kind = shape.tag, shape.base, ModelType.ControlNet
    return (
        Rule(
            name=f"{tag} controlnet, original names",
            type=kind,
            base=base,
            format=ModelFormat.Checkpoint,
            part=CONTROL,
            requires=(
                Has("input_hint_block.0.weight", "zero_convs.0.0.weight"),
                *shape.ldm(),
                Lacks("lora_controlnet"),
            ),
            before=(f"{tag} main, original names",),
            legacy=legacy or {},
        ),
        Rule(
            name=f"{tag} controlnet, diffusers names",
            type=kind,
            base=base,
            format=ModelFormat.Checkpoint,
            part=CONTROL,
            requires=(
                Has("controlnet_cond_embedding.conv_in.weight", "conv_in.weight"),
                Lacks("control_to_base_for_conv_in.weight"),  # of ControlNet-XS
                *shape.diffusers(),
            ),
        ),
        Rule(
            name=f"{tag} controlnet, folder",
            type=kind,
            base=base,
            format=ModelFormat.Diffusers,
            requires=(
                ComponentClass("ControlNetModel", "ControlNetUnionModel"),
                *shape.configs(""),
            ),
        ),
    )
