"""Models for tests of loaders: made of torch's tensors, planned and loaded without a cache."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from modelkeep.core.configs import ModelConfigFactory
from modelkeep.load.loader import LOADERS, ModelLoader, PrecisionOf
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import LoadPlan, TensorPlace
from modelkeep.load.precision import Precision

_TYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8,
    "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip


class PlainSource:
    """Reads each tensor by itself, as simply as can be."""

    def read(self, places: Mapping[str, TensorPlace], precision_of: PrecisionOf) -> dict[str, Any]:
        """Return the tensors; see ``TensorSource``."""
        return {name: _read(place, precision_of(name)) for name, place in places.items()}


def _read(place: TensorPlace, precision: Precision) -> torch.Tensor:
    with place.file.open("rb") as file:
        file.seek(place.offset)
        data = bytearray(file.read(place.bytes))
    dtype = _TYPES[place.dtype]
    tensor = torch.frombuffer(data, dtype=dtype) if data else torch.empty(0, dtype=dtype)
    tensor = tensor.reshape(place.shape)
    return tensor.to(getattr(torch, precision.value)) if dtype.is_floating_point else tensor


def files_of(path: Path, **record: Any) -> ModelFiles:
    """Return a model as it is installed, with these fields in its record."""
    fields = {"name": path.stem, "path": str(path), "base": "any", **record}
    return ModelFiles(ModelConfigFactory.make_config(fields), path)


def loader_of(files: ModelFiles) -> ModelLoader:
    """Return the one loader that takes a model."""
    [found] = [loader for loader in LOADERS.load() if loader.takes(files.record)]
    return found


def plan_of(files: ModelFiles, part: str = "") -> LoadPlan:
    """Plan one part."""
    return loader_of(files).plan(files, part)


def load(files: ModelFiles, part: str = "", precision: Precision = Precision.FLOAT32) -> Any:
    """Plan a part and make it."""
    loader = loader_of(files)
    return loader.make(loader.plan(files, part), PlainSource(), precision)


def random_tensors(
    shapes: Mapping[str, tuple[int, ...]], dtype: torch.dtype = torch.float32
) -> dict[str, torch.Tensor]:
    """Return tensors of these shapes with random numbers, the same in each run."""
    generator = torch.Generator().manual_seed(len(shapes))
    return {
        name: torch.rand(shape, generator=generator, dtype=torch.float32).to(dtype)
        for name, shape in shapes.items()
    }


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor], **metadata: str) -> Path:
    """Write a safetensors file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(dict(tensors), path, metadata or None)
    return path
