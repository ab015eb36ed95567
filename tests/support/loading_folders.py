"""Loads the parts of models in diffusers' layout, without a cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelkeep.load.model_files import ModelFiles
from modelkeep.load.precision import Precision
from support import loading


def files_of(folder: Path, kind: str = "", **more: Any) -> ModelFiles:
    """Return a folder with the record of a model.

    Args:
        folder: In diffusers' layout.
        kind: Type of the model; main or VAE, as it has an index or not, when empty.
        more: Fields of its record.
    """
    is_pipeline = (folder / "model_index.json").exists()
    kind = kind or ("main" if is_pipeline else "vae")
    return loading.files_of(folder, type=kind, **{"base": "sd-1", "format": "diffusers", **more})


def load(folder: Path, part: str = "", precision: str = "float32", **more: Any) -> Any:
    """Return a part of a model in a folder; see ``files_of``."""
    return loading.load(files_of(folder, **more), part, Precision(precision))
