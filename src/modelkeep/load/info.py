"""``ModelInfo``: what ``get_model`` returns, a handle to one part of a model."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from modelkeep.core.names import path_to_text
from modelkeep.core.taxonomy import BaseModelType, ModelType, SubModelType
from modelkeep.load.locks import ModelLocker

#: The part of a main model, else the type of the model.
PartType = ModelType | SubModelType


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One part of a model, ready to use. It is a handle and holds no memory.

    Use it as a context manager; inside of the block the part stays in memory::

        with manager.loader.get_model(key, SubModelType.Vae) as vae:
            image = vae.decode(latents)[0]

    Attributes:
        key: Of the record.
        name: Of the model.
        base_model: Architecture of the model.
        type: The part of a main model, else the type of the model.
        location: File or folder of the model.
        precision: Type of its numbers, a ``torch.dtype``.
        context: Locks it.
        hash: Of the contents that it was made of.
        bytes: Memory that it takes.
        device: Where it is, as torch calls it.
    """

    key: str
    name: str
    base_model: BaseModelType
    type: PartType
    location: Path
    precision: Any
    context: ModelLocker
    hash: str
    bytes: int
    device: str
    class_name: str
    is_cached: bool

    def __enter__(self) -> Any:
        return self.context.__enter__()

    def __exit__(
        self,
        kind: builtins.type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.context.__exit__(kind, error, trace)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "key": self.key,
            "name": self.name,
            "base": self.base_model.value,
            "submodel": self.type.value if isinstance(self.type, SubModelType) else None,
            "class": self.class_name,
            "path": path_to_text(self.location),
            "hash": self.hash,
            "device": self.device,
            "dtype": str(self.precision).removeprefix("torch."),
            "bytes": self.bytes,
            "cached": self.is_cached,
        }
