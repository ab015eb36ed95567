"""ONNX and Olive: folders of components, and one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.names import shown
from modelkeep.core.taxonomy import ModelType
from modelkeep.errors import IncompleteModelError, InvalidModelException, MissingExtraError
from modelkeep.load.loader import ModelLoader, TensorSource
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.onnx_data import external_files
from modelkeep.load.plan import LoadPlan, TensorPlace
from modelkeep.load.precision import Precision

_MODEL = "model.onnx"
_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_AGAIN = "Download the model again from its source."


class OnnxLoader(ModelLoader):
    """Gives a session of onnxruntime for each component."""

    name = "onnx"

    def takes(self, record: ModelConfigBase) -> bool:
        """Take models in ONNX form."""
        return record.type is ModelType.ONNX

    def parts(self, files: ModelFiles) -> tuple[str, ...]:
        """Return the folders that hold a component."""
        if not files.path.is_dir():
            return ()
        return tuple(sorted({model.parent.name for model in files.path.glob("*/*.onnx")}))

    def plan(self, files: ModelFiles, part: str) -> LoadPlan:
        """Find the model and the files beside it that hold its weights."""
        model = _model_in(files.path / part) if files.path.is_dir() else files.path
        used = (model, *external_files(model))
        return LoadPlan(
            loader=self.name,
            part=part,
            library="onnxruntime",
            class_name="InferenceSession",
            # Whole files: onnxruntime reads them itself.
            tensors={
                path.name: TensorPlace(path, 0, "U8", (path.stat().st_size,)) for path in used
            },
            files=used,
        )

    def make(self, plan: LoadPlan, source: TensorSource, precision: Precision) -> Any:
        """Open a session, on the GPU where ``details`` names one and onnxruntime can use it."""
        del source, precision
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingExtraError(
                f"{shown(plan.files[0])} needs onnxruntime, which is not installed",
                hint="Install it with: pip install 'modelkeep[onnx]'",
            ) from error
        providers = [_CPU]
        if plan.details.get("device", "cpu").startswith("cuda"):
            there = onnxruntime.get_available_providers()
            providers = [provider for provider in (_CUDA, _CPU) if provider in there]
        try:
            return onnxruntime.InferenceSession(plan.files[0], providers=providers)
        except Exception as error:
            raise InvalidModelException(
                f"{shown(plan.files[0])} cannot be loaded: {error}", hint=_AGAIN
            ) from error


def _model_in(folder: Path) -> Path:
    """Return the model of a component; the optimised one where there is no other of the name."""
    found = sorted(folder.glob("*.onnx"))
    for path in found:
        if path.name == _MODEL or len(found) == 1:
            return path
    raise IncompleteModelError(
        f"{shown(folder)} has {len(found)} ONNX models, none of which is {_MODEL}", hint=_AGAIN
    )


LOADER = OnnxLoader()
