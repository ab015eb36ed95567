"""Motion modules of AnimateDiff in one file."""

from __future__ import annotations

from typing import Any

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.taxonomy import ModelFormat, ModelType
from modelkeep.load.loader import ModelLoader, TensorSource
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.motion_names import config_of, diffusers_names
from modelkeep.load.plan import LoadPlan
from modelkeep.load.precision import Precision
from modelkeep.load.tensor_bundle import NamedTensors
from modelkeep.load.weights import weights_of


class MotionModuleLoader(ModelLoader):
    """Gives diffusers' ``MotionAdapter``; of modules that it cannot be made of, the tensors."""

    name = "motion_module"

    def takes(self, record: ModelConfigBase) -> bool:
        """Take motion modules in one file."""
        return record.type is ModelType.MotionModule and record.format is ModelFormat.Checkpoint

    def plan(self, files: ModelFiles, part: str) -> LoadPlan:
        """Find the settings of the class in the shapes."""
        places = weights_of(files.path).tensors
        names = diffusers_names(list(places))
        config = config_of({new: places[name].shape for name, new in names.items()})
        if not config:
            names = {name: name for name in places}
        return LoadPlan(
            loader=self.name,
            part=part,
            library="diffusers" if config else "modelkeep",
            class_name="MotionAdapter" if config else NamedTensors.__name__,
            config=config,
            tensors={new: places[name] for name, new in names.items()},
            files=(files.path,),
        )

    def make(self, plan: LoadPlan, source: TensorSource, precision: Precision) -> Any:
        """Make the class, or read the tensors."""
        if not plan.config:
            return NamedTensors(source.read(plan.tensors, lambda _: precision))
        from modelkeep.load.build import make_module

        return make_module(plan, source, precision)


LOADER = MotionModuleLoader()
