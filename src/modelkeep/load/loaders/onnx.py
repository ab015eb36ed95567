"""ONNX and Olive: folders of components, and one file."""

from __future__ import annotations

from pathlib import Path

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

    def make(self, plan: LoadPlan, source: TensorSource, precision: Precision) -> object:
        """Open a session on the processor; its method ``to`` gives one on a GPU."""
        del source, precision
        model = plan.files[0]
        try:
            from modelkeep.load.onnx_session import OnnxSession
        except ImportError as error:
            raise MissingExtraError(
                f"{shown(model)} needs onnxruntime, which cannot be imported: {error}",
                hint="Install it with: pip install 'modelkeep[onnx]'",
            ) from error
        try:
            return OnnxSession(model, size=plan.bytes)
        except Exception as error:  # its errors have no root of their own
            raise InvalidModelException(
                f"{shown(model)} cannot be loaded: {error}", hint=_AGAIN
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
