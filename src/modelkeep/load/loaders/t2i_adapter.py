"""T2I-Adapters in one file, in the names of diffusers or of the original code."""

from __future__ import annotations

from typing import Any

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.names import shown
from modelkeep.core.taxonomy import ModelFormat, ModelType
from modelkeep.errors import InvalidModelException
from modelkeep.load.loader import ModelLoader, TensorSource
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import LoadPlan
from modelkeep.load.precision import Precision
from modelkeep.load.t2i_names import config_of, diffusers_names
from modelkeep.load.weights import weights_of

_PREFIX = "adapter."
_AGAIN = "Get the adapter from another source."


class T2IAdapterLoader(ModelLoader):
    """Gives diffusers' ``T2IAdapter``."""

    name = "t2i_adapter"

    def takes(self, record: ModelConfigBase) -> bool:
        """Take T2I-Adapters in one file."""
        return record.type is ModelType.T2IAdapter and record.format is ModelFormat.Checkpoint

    def plan(self, files: ModelFiles, part: str) -> LoadPlan:
        """Find the settings of the class in the shapes."""
        places = weights_of(files.path).tensors
        plain = {name.removeprefix(_PREFIX): place for name, place in places.items()}
        names = diffusers_names(list(plain))
        config = config_of({new: plain[name].shape for name, new in names.items()})
        if not config or len(plain) < len(places):
            some = ", ".join(list(places)[:3]) or "nothing"
            raise InvalidModelException(
                f"{shown(files.path)} is no T2I-Adapter that is known: it holds {some}",
                hint=_AGAIN,
            )
        return LoadPlan(
            loader=self.name,
            part=part,
            library="diffusers",
            class_name="T2IAdapter",
            config=config,
            tensors={f"{_PREFIX}{names[name]}": place for name, place in plain.items()},
            files=(files.path,),
        )

    def make(self, plan: LoadPlan, source: TensorSource, precision: Precision) -> Any:
        """Make the class."""
        from modelkeep.load.build import make_module

        return make_module(plan, source, precision)


LOADER = T2IAdapterLoader()
