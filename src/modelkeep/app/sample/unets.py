"""Names and shapes of U-Nets and ControlNets at full size, worked out from a few numbers.

A model here is a dict from tensor name to shape. Both spellings are made: that of the original
code (``ldm_unet``) and that of diffusers (``diffusers_unet``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class UNet:
    """The numbers that a U-Net follows from.

    Attributes:
        width: Channels of the first level.
        levels: Channels of each level, in units of ``width``.
        depths: Transformers in an attention block of each level; 0 for no attention.
        context: Width of the text context.
        inputs: Input channels.
        extra: Width of the vector for size and pooled text; 0 for none.
        linear: The projections around attention are linear; else 1x1 convolutions.
        resnets: Residual blocks on each level.
    """

    width: int
    levels: tuple[int, ...]
    depths: tuple[int, ...]
    context: int
    inputs: int = 4
    extra: int = 0
    linear: bool = True
    resnets: int = 2

    @property
    def time(self) -> int:
        """Width of the time embedding."""
        return self.width * 4

    @property
    def middle_depth(self) -> int:
        """Transformers in the middle: as many as on the deepest level that has some."""
        return [depth for depth in self.depths if depth][-1]

    def with_inputs(self, inputs: int) -> UNet:
        """Return the same with another number of input channels."""
        return replace(self, inputs=inputs)


SD1 = UNet(320, (1, 2, 4, 4), (1, 1, 1, 0), 768, linear=False)
SD2 = UNet(320, (1, 2, 4, 4), (1, 1, 1, 0), 1024)
SDXL = UNet(320, (1, 2, 4), (0, 2, 10), 2048, extra=2816)
REFINER = UNet(384, (1, 2, 4, 4), (0, 4, 4, 0), 1280, extra=2560)


def layer(shapes: Shapes, name: str, *weight: int) -> None:
    """Add a weight and the bias that goes with it."""
    shapes[f"{name}.weight"] = weight
    shapes[f"{name}.bias"] = (weight[0],)


def _transformers(shapes: Shapes, name: str, width: int, depth: int, unet: UNet) -> None:
    around = (width, width) if unet.linear else (width, width, 1, 1)
    layer(shapes, f"{name}.norm", width)
    layer(shapes, f"{name}.proj_in", *around)
    layer(shapes, f"{name}.proj_out", *around)
    for number in range(depth):
        block = f"{name}.transformer_blocks.{number}"
        for attention, context in (("attn1", width), ("attn2", unet.context)):
            shapes[f"{block}.{attention}.to_q.weight"] = (width, width)
            shapes[f"{block}.{attention}.to_k.weight"] = (width, context)
            shapes[f"{block}.{attention}.to_v.weight"] = (width, context)
            layer(shapes, f"{block}.{attention}.to_out.0", width, width)
        layer(shapes, f"{block}.ff.net.0.proj", width * 8, width)
        layer(shapes, f"{block}.ff.net.2", width, width * 4)
        for norm in ("norm1", "norm2", "norm3"):
            layer(shapes, f"{block}.{norm}", width)


def _ldm_resnet(shapes: Shapes, name: str, before: int, after: int, time: int) -> None:
    layer(shapes, f"{name}.in_layers.0", before)
    layer(shapes, f"{name}.in_layers.2", after, before, 3, 3)
    layer(shapes, f"{name}.emb_layers.1", after, time)
    layer(shapes, f"{name}.out_layers.0", after)
    layer(shapes, f"{name}.out_layers.3", after, after, 3, 3)
    if before != after:
        layer(shapes, f"{name}.skip_connection", after, before, 1, 1)


def _ldm_down(shapes: Shapes, unet: UNet) -> list[int]:
    """Add the way down and the middle; return the widths that the way up joins again."""
    layer(shapes, "time_embed.0", unet.time, unet.width)
    layer(shapes, "time_embed.2", unet.time, unet.time)
    if unet.extra:
        layer(shapes, "label_emb.0.0", unet.time, unet.extra)
        layer(shapes, "label_emb.0.2", unet.time, unet.time)
    layer(shapes, "input_blocks.0.0", unet.width, unet.inputs, 3, 3)
    skips, here = [unet.width], unet.width
    for level, (factor, depth) in enumerate(zip(unet.levels, unet.depths, strict=True)):
        for _ in range(unet.resnets):
            block = f"input_blocks.{len(skips)}"
            _ldm_resnet(shapes, f"{block}.0", here, factor * unet.width, unet.time)
            here = factor * unet.width
            if depth:
                _transformers(shapes, f"{block}.1", here, depth, unet)
            skips.append(here)
        if level < len(unet.levels) - 1:
            layer(shapes, f"input_blocks.{len(skips)}.0.op", here, here, 3, 3)
            skips.append(here)
    _ldm_resnet(shapes, "middle_block.0", here, here, unet.time)
    _transformers(shapes, "middle_block.1", here, unet.middle_depth, unet)
    _ldm_resnet(shapes, "middle_block.2", here, here, unet.time)
    return skips


def ldm_unet(unet: UNet) -> Shapes:
    """Return a U-Net in the names of the original code."""
    shapes: Shapes = {}
    skips = _ldm_down(shapes, unet)
    here, block = unet.levels[-1] * unet.width, 0
    for level in reversed(range(len(unet.levels))):
        for number in range(unet.resnets + 1):
            name = f"output_blocks.{block}"
            after = unet.levels[level] * unet.width
            _ldm_resnet(shapes, f"{name}.0", here + skips.pop(), after, unet.time)
            here, parts = after, 1
            if unet.depths[level]:
                _transformers(shapes, f"{name}.1", here, unet.depths[level], unet)
                parts = 2
            if level and number == unet.resnets:
                layer(shapes, f"{name}.{parts}.conv", here, here, 3, 3)
            block += 1
    layer(shapes, "out.0", unet.width)
    layer(shapes, "out.2", 4, unet.width, 3, 3)
    return shapes


def ldm_controlnet(unet: UNet) -> Shapes:
    """Return a ControlNet in the names of the original code."""
    shapes: Shapes = {}
    skips = _ldm_down(shapes, unet)
    hint = (3, 16, 16, 32, 32, 96, 96, 256, unet.width)
    for number, (before, after) in enumerate(pairwise(hint)):
        layer(shapes, f"input_hint_block.{number * 2}", after, before, 3, 3)
    for number, width in enumerate(skips):
        layer(shapes, f"zero_convs.{number}.0", width, width, 1, 1)
    here = unet.levels[-1] * unet.width
    layer(shapes, "middle_block_out.0", here, here, 1, 1)
    return shapes


def _resnet(shapes: Shapes, name: str, before: int, after: int, time: int) -> None:
    layer(shapes, f"{name}.norm1", before)
    layer(shapes, f"{name}.conv1", after, before, 3, 3)
    layer(shapes, f"{name}.time_emb_proj", after, time)
    layer(shapes, f"{name}.norm2", after)
    layer(shapes, f"{name}.conv2", after, after, 3, 3)
    if before != after:
        layer(shapes, f"{name}.conv_shortcut", after, before, 1, 1)


def _down(shapes: Shapes, unet: UNet) -> list[int]:
    layer(shapes, "time_embedding.linear_1", unet.time, unet.width)
    layer(shapes, "time_embedding.linear_2", unet.time, unet.time)
    if unet.extra:
        layer(shapes, "add_embedding.linear_1", unet.time, unet.extra)
        layer(shapes, "add_embedding.linear_2", unet.time, unet.time)
    layer(shapes, "conv_in", unet.width, unet.inputs, 3, 3)
    skips, here = [unet.width], unet.width
    for level, (factor, depth) in enumerate(zip(unet.levels, unet.depths, strict=True)):
        block = f"down_blocks.{level}"
        for number in range(unet.resnets):
            _resnet(shapes, f"{block}.resnets.{number}", here, factor * unet.width, unet.time)
            here = factor * unet.width
            if depth:
                _transformers(shapes, f"{block}.attentions.{number}", here, depth, unet)
            skips.append(here)
        if level < len(unet.levels) - 1:
            layer(shapes, f"{block}.downsamplers.0.conv", here, here, 3, 3)
            skips.append(here)
    _resnet(shapes, "mid_block.resnets.0", here, here, unet.time)
    _transformers(shapes, "mid_block.attentions.0", here, unet.middle_depth, unet)
    _resnet(shapes, "mid_block.resnets.1", here, here, unet.time)
    return skips


def diffusers_unet(unet: UNet) -> Shapes:
    """Return a U-Net in the names of diffusers."""
    shapes: Shapes = {}
    skips = _down(shapes, unet)
    here = unet.levels[-1] * unet.width
    for number, level in enumerate(reversed(range(len(unet.levels)))):
        block, after = f"up_blocks.{number}", unet.levels[level] * unet.width
        for resnet in range(unet.resnets + 1):
            _resnet(shapes, f"{block}.resnets.{resnet}", here + skips.pop(), after, unet.time)
            here = after
            if unet.depths[level]:
                name = f"{block}.attentions.{resnet}"
                _transformers(shapes, name, here, unet.depths[level], unet)
        if level:
            layer(shapes, f"{block}.upsamplers.0.conv", here, here, 3, 3)
    layer(shapes, "conv_norm_out", unet.width)
    layer(shapes, "conv_out", 4, unet.width, 3, 3)
    return shapes


def diffusers_controlnet(unet: UNet) -> Shapes:
    """Return a ControlNet in the names of diffusers."""
    shapes: Shapes = {}
    skips = _down(shapes, unet)
    name = "controlnet_cond_embedding"
    hint = (16, 16, 32, 32, 96, 96, 256)
    layer(shapes, f"{name}.conv_in", hint[0], 3, 3, 3)
    for number, (before, after) in enumerate(pairwise(hint)):
        layer(shapes, f"{name}.blocks.{number}", after, before, 3, 3)
    layer(shapes, f"{name}.conv_out", unet.width, hint[-1], 3, 3)
    for number, width in enumerate(skips):
        layer(shapes, f"controlnet_down_blocks.{number}", width, width, 1, 1)
    here = unet.levels[-1] * unet.width
    layer(shapes, "controlnet_mid_block", here, here, 1, 1)
    return shapes
