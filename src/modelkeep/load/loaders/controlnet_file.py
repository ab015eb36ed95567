"""ControlNets of Stable Diffusion in one file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from typing import Any, ClassVar

from modelkeep.core.commands import command
from modelkeep.core.configs import ControlNetCheckpointConfig, ModelConfigBase
from modelkeep.core.names import shown
from modelkeep.core.taxonomy import BaseModelType
from modelkeep.errors import InvalidModelException
from modelkeep.load.facts.unets import CONTROLNETS, controlnet
from modelkeep.load.file_parts import FilePart, find_part
from modelkeep.load.ldm_config import LdmConfig
from modelkeep.load.loader import ModelLoader, TensorSource
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import LoadPlan
from modelkeep.load.precision import Precision
from modelkeep.load.weights import weights_of


class ControlNetFileLoader(ModelLoader):
    """Loads a ControlNet in one file, in the names of the original code or of diffusers."""

    name: ClassVar[str] = "controlnet_file"

    def takes(self, record: ModelConfigBase) -> bool:
        """Take ControlNets in one file, of the bases with a U-Net."""
        is_file = isinstance(record, ControlNetCheckpointConfig)
        return is_file and record.base.value in CONTROLNETS

    def parts(self, files: ModelFiles) -> tuple[str, ...]:
        """Return none: it is one thing."""
        del files
        return ()

    def plan(self, files: ModelFiles, part: str) -> LoadPlan:
        """Return what it is made of."""
        record = files.record
        facts = controlnet(CONTROLNETS[record.base.value])
        found = find_part(weights_of(files.path), facts, record.tensor_prefix)
        if found is None:
            raise InvalidModelException(
                f"{shown(files.path)} holds no ControlNet that can be loaded",
                hint=f"See what it is: {command('identify', files.path, '--explain')}",
            )
        ldm = LdmConfig.of(files.config)
        is_sized = "addition_embed_type" in facts.config
        config = found.config(ldm.controlnet(is_sized=is_sized) if ldm is not None else {}, {})
        if not found.spelling.conversion and record.base is BaseModelType.StableDiffusionXL:
            config |= _sizes(found)
        plan = found.plan(self.name, part, config, files.sources)
        if "num_control_type" in config:
            return replace(plan, class_name="ControlNetUnionModel")
        return plan

    def make(self, plan: LoadPlan, source: TensorSource, precision: Precision) -> object:
        """Return the ControlNet, on the CPU."""
        from modelkeep.load.convert import make_from_file

        return make_from_file(plan, source, precision)


def _sizes(found: FilePart) -> Mapping[str, Any]:
    """Return where a ControlNet of SDXL has attention, and how much: there are three sizes."""
    names = found.shapes

    def depth(block: str) -> int:
        sign = f"{block}.transformer_blocks.{{}}.norm1.weight".format
        return next(number for number in count() if sign(number) not in names)

    blocks = [
        f"down_blocks.{level}.attentions.0"
        for level in range(len(found.facts.config["block_out_channels"]))
    ]
    depths = [depth(block) for block in blocks]
    crosses = [f"{block}.norm.weight" in names for block in blocks]
    middle, middle_type = "mid_block.attentions.0", "UNetMidBlock2D"
    if f"{middle}.norm.weight" in names:
        depths[-1], middle_type = depth(middle), "UNetMidBlock2DCrossAttn"
    return {
        "down_block_types": ["CrossAttnDownBlock2D" if it else "DownBlock2D" for it in crosses],
        "mid_block_type": middle_type,
        "transformer_layers_per_block": depths,
    }


LOADER = ControlNetFileLoader()
