"""``ModelLoader``: knows how one kind of model is loaded."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.plugins import PluginKind
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import LoadPlan, TensorPlace
from modelkeep.load.precision import Precision

#: Tells the precision of a tensor by its name.
PrecisionOf = Callable[[str], Precision]


class TensorSource(Protocol):
    """Brings tensors into memory, with progress, until nobody wants them any more."""

    def read(self, places: Mapping[str, TensorPlace], precision_of: PrecisionOf) -> dict[str, Any]:
        """Return the tensors (``torch.Tensor``) under the same names.

        Args:
            places: Where they are.
            precision_of: Gives the precision wanted of each that has floating numbers.

        Raises:
            LoadCancelledError: nobody waits any more.
            CorruptModelError: a file is shorter than its header says.
        """
        ...


class ModelLoader(ABC):
    """Loads models of one kind. A value of this class is a plug-in: ``LOADER`` of its module.

    Plans are made from headers and configs: nothing but ``make`` may import torch, and it does so
    inside.

    Attributes:
        name: One word, unique among loaders.
    """

    name: ClassVar[str]

    @abstractmethod
    def takes(self, record: ModelConfigBase) -> bool:
        """Tell from type, format and base whether this loader loads a model."""

    def parts(self, files: ModelFiles) -> tuple[str, ...]:
        """Return the names of the parts of a model; none where it is one thing.

        Raises:
            ModelKeepError: its files cannot be read.
        """
        del files
        return ()

    @abstractmethod
    def plan(self, files: ModelFiles, part: str) -> LoadPlan:
        """Return what a part is made of.

        Args:
            files: The model.
            part: One of ``parts``; empty where there are none.

        Raises:
            InvalidModelException: the files are not as they should be.
            MissingAssetError: a tokenizer is needed that is not here.
        """

    @abstractmethod
    def make(self, plan: LoadPlan, source: TensorSource, precision: Precision) -> object:
        """Return the part, on the CPU.

        Args:
            plan: What ``plan`` gave.
            source: Reads its weights.
            precision: Of its floating numbers.

        Raises:
            InvalidModelException: the weights do not fit the class.
            MissingExtraError: a library is missing.
            LoadCancelledError: nobody waits any more.
        """


LOADERS: PluginKind[ModelLoader] = PluginKind(
    "loader",
    ModelLoader,
    "LOADER",
    package="modelkeep.load.loaders",
    group="modelkeep.loaders",
)
