"""LoRA and LyCORIS, in one file and in folders of diffusers and PEFT."""

from __future__ import annotations

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.names import shown
from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.load.loader import ModelLoader, TensorSource
from modelkeep.load.lora_modules import ModuleNames, modules_of, strength, strengths_of
from modelkeep.load.lora_weights import LoraModule, LoraWeights
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import LoadPlan
from modelkeep.load.precision import Precision
from modelkeep.load.weight_choice import weight_file
from modelkeep.load.weights import weights_of

_TYPES = {ModelType.Lora, ModelType.ControlLora}
_FORMATS = {ModelFormat.Lycoris, ModelFormat.Diffusers}
_CONFIG = "adapter_config.json"


class LoraLoader(ModelLoader):
    """Gives ``LoraWeights``; applies them to nothing."""

    name = "lora"

    def takes(self, record: ModelConfigBase) -> bool:
        """Take LoRAs and control LoRAs that change modules."""
        return record.type in _TYPES and record.format in _FORMATS

    def plan(self, files: ModelFiles, part: str) -> LoadPlan:
        """Read the header, and check that names and shapes make whole modules."""
        path = weight_file(files, "pytorch_lora_weights", "adapter_model")
        weights = weights_of(path)
        config = {}
        used = [path]
        if files.path.is_dir() and (files.path / _CONFIG).is_file():
            config = files.read_json(_CONFIG)
            used.append(files.path / _CONFIG)
        modules_of(weights.tensors, files.record.base, shown(path))
        return LoadPlan(
            loader=self.name,
            part=part,
            library="modelkeep",
            class_name=LoraWeights.__name__,
            tensors=weights.tensors,
            files=tuple(used),
            details={
                "base": files.record.base.value,
                "strengths": strengths_of(weights.metadata, config, shown(path)),
            },
        )

    def make(self, plan: LoadPlan, source: TensorSource, precision: Precision) -> LoraWeights:
        """Read the tensors and put them in modules."""
        base = BaseModelType(plan.details["base"])
        names, others = modules_of(plan.tensors, base, shown(plan.files[0]))
        alphas = {module.names["alpha"] for module in names if "alpha" in module.names}
        tensors = source.read(
            plan.tensors, lambda name: Precision.FLOAT32 if name in alphas else precision
        )

        def module_of(module: ModuleNames) -> LoraModule:
            mine = {what: tensors[name] for what, name in module.names.items()}
            stated = float(mine.pop("alpha")) if "alpha" in mine else None
            alpha, scale = strength(module, stated, plan.details["strengths"])
            return LoraModule(
                module.component, module.path, module.kind, mine, module.rank, alpha, scale
            )

        return LoraWeights(
            tuple(module_of(module) for module in names), {name: tensors[name] for name in others}
        )


LOADER = LoraLoader()
