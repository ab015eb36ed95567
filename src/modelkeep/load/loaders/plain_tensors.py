"""Models that are tensors and nothing else: no library has a class for what is done with them."""

from __future__ import annotations

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.names import shown
from modelkeep.core.taxonomy import ModelFormat, ModelType
from modelkeep.errors import InvalidModelException
from modelkeep.load.loader import ModelLoader, TensorSource
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import LoadPlan
from modelkeep.load.precision import Precision
from modelkeep.load.tensor_bundle import NamedTensors
from modelkeep.load.weights import weights_of

_TYPES = {ModelType.StyleModel, ModelType.Hypernetwork}


class PlainTensorsLoader(ModelLoader):
    """Gives ``NamedTensors``: FLUX Redux and other style models, and hypernetworks."""

    name = "plain_tensors"

    def takes(self, record: ModelConfigBase) -> bool:
        """Take what has tensors only, in one file."""
        return record.type in _TYPES and record.format is ModelFormat.Checkpoint

    def plan(self, files: ModelFiles, part: str) -> LoadPlan:
        """Read the header."""
        weights = weights_of(files.path)
        if not weights.tensors:
            raise InvalidModelException(
                f"{shown(files.path)} holds no tensors",
                hint="Get the model from another source.",
            )
        return LoadPlan(
            loader=self.name,
            part=part,
            library="modelkeep",
            class_name=NamedTensors.__name__,
            tensors=weights.tensors,
            files=(files.path,),
        )

    def make(self, plan: LoadPlan, source: TensorSource, precision: Precision) -> NamedTensors:
        """Read the tensors."""
        return NamedTensors(source.read(plan.tensors, lambda _: precision))


LOADER = PlainTensorsLoader()
