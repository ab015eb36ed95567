"""ONNX and Olive: folders of components, and one file."""

from __future__ import annotations

from pathlib import Path

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.names import shown
from modelkeep.core.taxonomy import ModelType
from modelkeep.errors import IncompleteModelError, InvalidModelException, MissingExtraError
from modelkeep.load.loader import ModelLoader, TensorSource
from modelkeep.load.loaders.folder import LOADER as FOLDER
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.onnx_data import external_files
from modelkeep.load.plan import LoadPlan, TensorPlace
from modelkeep.load.precision import Precision

_MODEL = "model.onnx"
_INDEX = "model_index.json"
_LIBRARY = "onnxruntime"
_AGAIN = "Download the model again from its source."


class OnnxLoader(ModelLoader):
    """Gives a session of onnxruntime for each component; schedulers and the like as folders do."""

    name = "onnx"

    def takes(self, record: ModelConfigBase) -> bool:
        """Take models in ONNX form."""
        return record.type is ModelType.ONNX

    def parts(self, files: ModelFiles) -> tuple[str, ...]:
        """Return the folders that hold a component."""
        if not files.path.is_dir():
            return ()
        found = {model.parent.name for model in files.path.glob("*/*.onnx")}
        if (files.path / _INDEX).is_file():
            found |= {name for name in FOLDER.parts(files) if (files.path / name).is_dir()}
        return tuple(sorted(found))

    def plan(self, files: ModelFiles, part: str) -> LoadPlan:
        """Find the model and the files beside it that hold its weights."""
        is_folder = files.path.is_dir()
        if is_folder and not any((files.path / part).glob("*.onnx")):
            return FOLDER.plan(files, part)
        model = _model_in(files.path / part) if is_folder else files.path
        used = (model, *external_files(model))
        sizes = {str(path.relative_to(model.parent)): path.stat().st_size for path in used}
        return LoadPlan(
            loader=self.name,
            part=part,
            library=_LIBRARY,
            class_name="InferenceSession",
            # Whole files: onnxruntime reads them itself.
            tensors={
                name: TensorPlace(model.parent / name, 0, "U8", (size,))
                for name, size in sizes.items()
            },
            files=used,
        )

    def make(self, plan: LoadPlan, source: TensorSource, precision: Precision) -> object:
        """Open a session on the processor; its method ``to`` gives one on a GPU."""
        if plan.library != _LIBRARY:
            return FOLDER.make(plan, source, precision)
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
