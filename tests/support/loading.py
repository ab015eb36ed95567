"""Models for tests of loaders: made of torch's tensors, planned and loaded without a cache."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelkeep.core.configs import ModelConfigFactory
from modelkeep.load.loader import LOADERS, ModelLoader
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import LoadPlan
from modelkeep.load.precision import Precision

if TYPE_CHECKING:
    import torch


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
    from modelkeep.load.tensors import TensorReader

    loader = loader_of(files)
    return loader.make(loader.plan(files, part), TensorReader(), precision)


def random_tensors(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    """Return tensors of these shapes with random numbers, the same in each run."""
    import torch

    generator = torch.Generator().manual_seed(len(shapes))
    return {name: torch.rand(shape, generator=generator) for name, shape in shapes.items()}


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor], **metadata: str) -> Path:
    """Write a safetensors file."""
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(dict(tensors), path, metadata or None)
    return path
