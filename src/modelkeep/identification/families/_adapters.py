"""LoRAs, embeddings, IP-Adapters and T2I-Adapters of the families with a U-Net."""

from __future__ import annotations

from typing import Literal

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import (
    AdapterOnly,
    AllOf,
    AnyOf,
    ComponentClass,
    Condition,
    ConfigValue,
    Declares,
    DeepAttention,
    Dim,
    Fits,
    Has,
    HasFile,
    Lacks,
    Module,
    NameHint,
    NoModule,
    Not,
    Projected,
    TextContext,
    Undeclared,
)
from modelkeep.identification.module_tables import ModuleTable
from modelkeep.identification.prefixes import ADAPTER, PLAIN, Where
from modelkeep.identification.rules import Rule

#: The image features of Kolors are as wide as its text context; those of SDXL are narrower.
KOLORS_IMAGE = AnyOf(
    Dim("image_proj.layers.0.0.to_out.weight", 0, (2048,), "the width of the image features"),
    Dim(
        "image_proj.perceiver_resampler.layers.0.0.to_out.weight",
        0,
        (4096,),
        "the width of the image features",
    ),
)
#: Of the weight of a projection: of a plain matrix, and of a convolution.
_DIMENSIONS: tuple[Literal[2, 4], ...] = (2, 4)
_LORA_FILES = ("pytorch_lora_weights.*", "adapter_model.*")

#: Attention where SD 1 and SD 2 have it and SDXL has not, in both spellings.
_SHALLOW_GLOBS = (
    "down_blocks_0_attentions_*",
    "up_blocks_2_attentions_*",
    "up_blocks_3_attentions_*",
    "input_blocks_1_1_*",
    "input_blocks_2_1_*",
    *(f"output_blocks_{number}_1_*" for number in range(6, 12)),
)
_BLOCK_GLOBS = (
    "down_blocks_*",
    "up_blocks_*",
    "mid_block_*",
    "input_blocks_*",
    "output_blocks_*",
    "middle_block_*",
)

SHALLOW = AnyOf(*(Module(glob) for glob in _SHALLOW_GLOBS))
#: Attention where SDXL has it and SD 1 has not.
DEEP = AnyOf(
    DeepAttention(),
    Module("up_blocks_0_attentions_*"),
    *(Module(f"output_blocks_{number}_1_transformer*") for number in range(3)),
)
#: No cross-attention that shows the width of the text context.
NO_CONTEXT = TextContext(None)
#: What only U-Nets of videos have, and Kolors; their other modules look like those of images.
_NO_KIN = NoModule(
    *("*temporal_*", "*temp_attentions_*", "*temp_convs_*", "*motion_modules_*"),
    *("*time_stack_*", "*time_mixer_*", "encoder_hid_proj*"),
)
_TEXT_ALONE = NoModule("*")
_NO_THIRD = Not(Module("*", where="text_3"), "for three text encoders")
_UNETS = tuple(
    base.value
    for base in (
        BaseModelType.StableDiffusion1,
        BaseModelType.StableDiffusion2,
        BaseModelType.StableDiffusionXL,
        BaseModelType.StableDiffusionXLRefiner,
    )
)


def adapters(
    base: BaseModelType, *signs: Condition, before: tuple[str, ...] = ()
) -> tuple[Rule, ...]:
    """Return the rules for LoRA and LyCORIS: one file, and folders.

    Args:
        base: The base.
        signs: What must hold of the modules that are changed.
        before: Bases whose rules lose when these hold too.
    """
    return (
        Rule(
            name=f"{base.value} lora",
            type=ModelType.Lora,
            base=base,
            format=ModelFormat.Lycoris,
            part=PLAIN,
            requires=(AdapterOnly(), *signs),
            before=tuple(f"{loser} lora" for loser in before),
        ),
        Rule(
            name=f"{base.value} lora, folder",
            type=ModelType.Lora,
            base=base,
            format=ModelFormat.Diffusers,
            part=PLAIN,
            requires=(HasFile(*_LORA_FILES), AdapterOnly(), *signs),
            before=tuple(f"{loser} lora, folder" for loser in before),
        ),
    )


def table_adapters(
    base: BaseModelType, *tables: ModuleTable, others: tuple[Condition, ...] = ()
) -> tuple[Rule, ...]:
    """Return the rules for LoRA and LyCORIS of a transformer.

    Args:
        base: The base.
        tables: Its modules: a table for each size and spelling.
        others: One of these may hold instead, such as ``declared_text``.
    """
    fits = Fits(*tables)
    return adapters(base, AnyOf(fits, *others) if others else fits)


def unet_adapters(
    base: BaseModelType, *signs: Condition, before: tuple[str, ...] = ()
) -> tuple[Rule, ...]:
    """Return the rules for LoRA and LyCORIS of a U-Net of images.

    Args:
        base: The base.
        signs: One of these must hold of the modules that are changed.
        before: Bases whose rules lose when these hold too.
    """
    return adapters(base, AnyOf(*signs), _NO_KIN, Undeclared(*_UNETS), before=before)


def text_encoder(width: int, *, second: bool = False) -> Condition:
    """Return the condition that an adapter changes text encoders alone, the last this wide.

    Args:
        width: Width of the encoder.
        second: It is the second of two.
    """
    if second:
        return AllOf(text_layers("text_2", width), _TEXT_ALONE, _NO_THIRD)
    return AllOf(
        text_layers("text", width),
        _TEXT_ALONE,
        Not(Module("*", where="text_2"), "for two text encoders"),
        _NO_THIRD,
        # The first of two encoders is often the only one of SD 1.
        Undeclared("sd-1", "sd-2"),
    )


def declared_text(base: BaseModelType, *widths: int) -> Condition:
    """Return the condition that an adapter changes text encoders alone and the header names a base.

    Args:
        base: The base.
        widths: Widths of its encoders.
    """
    places: tuple[Where, ...] = ("text", "text_1", "text_2")
    layers = (text_layers(where, *widths) for where in places)
    return AllOf(AnyOf(*layers), _TEXT_ALONE, Declares(base.value))


def text_layers(where: Where, *widths: int) -> Condition:
    """Return the condition that an adapter changes layers of a text encoder, this wide."""
    layers = "*encoder_layers_#_self_attn_*"
    return AnyOf(*(Module(layers, widths, side, where) for side in ("in", "out")))


def declared_unet(base: BaseModelType) -> Condition:
    """Return the condition that the modules show only a U-Net and the header names the base."""
    return AllOf(
        NO_CONTEXT,
        AnyOf(*(Module(glob) for glob in _BLOCK_GLOBS)),
        Declares(base.value),
        Not(SHALLOW, "for a U-Net with attention in its first block"),
        Not(DEEP, "for a U-Net with deep attention"),
    )


def either_unet() -> Condition:
    """Return the condition that an adapter shows only what SD 1 and SD 2 have in one shape.

    That is self-attention and feed-forward layers, and all of them where an algorithm leaves no
    widths in the file. Without a declaration nothing tells these two apart.
    """
    wide = (text_layers("text", width) for width in (768, 1024))
    return AllOf(
        NO_CONTEXT,
        SHALLOW,
        *(Not(Projected(kind), "for a projection that tells which") for kind in _DIMENSIONS),
        Not(DEEP, "for a U-Net with deep attention"),
        Not(AnyOf(*wide), "for a text encoder that tells which"),
        Undeclared(),
    )


def embeddings(
    base: BaseModelType, *encoders: Condition, declared: tuple[Condition, ...] = ()
) -> tuple[Rule, ...]:
    """Return the rules for textual inversions: one file, and folders.

    Args:
        base: The base.
        encoders: One of these must hold: what the embeddings are for.
        declared: Or one of these, and the header names the base.
    """
    signs: tuple[Condition, ...] = encoders
    if declared:
        signs += (AllOf(AnyOf(*declared), Declares(base.value)),)
    learned = AnyOf(*signs)
    return (
        Rule(
            name=f"{base.value} embedding",
            type=ModelType.TextualInversion,
            base=base,
            format=ModelFormat.EmbeddingFile,
            part=PLAIN,
            requires=(learned,),
        ),
        Rule(
            name=f"{base.value} embedding, folder",
            type=ModelType.TextualInversion,
            base=base,
            format=ModelFormat.EmbeddingFolder,
            part=PLAIN,
            requires=(HasFile("learned_embeds.*"), learned),
        ),
    )


def ip_adapters(base: BaseModelType, context: int, words: str) -> tuple[Rule, ...]:
    """Return the rules for IP-Adapters: InvokeAI's folders, and one file.

    Args:
        base: The base.
        context: Width of the text context.
        words: Name hint for a folder whose weights are empty.
    """
    width = Dim("ip_adapter.1.to_k_ip.weight", -1, (context,), "image context width")
    return (
        Rule(
            name=f"{base.value} ip-adapter",
            type=ModelType.IPAdapter,
            base=base,
            format=ModelFormat.Checkpoint,
            part=PLAIN,
            requires=(width, Not(KOLORS_IMAGE, "for Kolors")),
        ),
        Rule(
            name=f"{base.value} ip-adapter, folder",
            type=ModelType.IPAdapter,
            base=base,
            format=ModelFormat.InvokeAI,
            part=PLAIN,
            requires=(
                HasFile("ip_adapter.*"),
                HasFile("image_encoder.txt"),
                AnyOf(width, AllOf(Lacks("ip_adapter.1.to_k_ip.weight"), NameHint(words))),
            ),
        ),
    )


def t2i_adapters(
    base: BaseModelType, channels: tuple[int, ...], kinds: tuple[str, ...]
) -> tuple[Rule, ...]:
    """Return the rules for T2I-Adapters: one file, and folders.

    Args:
        base: The base.
        channels: Input channels after unshuffling (three colours or one).
        kinds: Values of ``adapter_type`` in configs.
    """
    meaning = "channels of the unshuffled picture"
    return (
        Rule(
            name=f"{base.value} t2i-adapter",
            type=ModelType.T2IAdapter,
            base=base,
            format=ModelFormat.Checkpoint,
            part=ADAPTER,
            requires=(
                AnyOf(
                    AllOf(
                        Dim("conv_in.weight", 1, channels, meaning),
                        AnyOf(Has("body.0.block1.weight"), Has("body.0.resnets.0.block1.weight")),
                    ),
                    Dim("body.0.in_conv.weight", 1, channels, meaning),
                ),
            ),
        ),
        Rule(
            name=f"{base.value} t2i-adapter, folder",
            type=ModelType.T2IAdapter,
            base=base,
            format=ModelFormat.Diffusers,
            requires=(ComponentClass("T2IAdapter"), ConfigValue(("",), "adapter_type", kinds)),
        ),
    )
