"""A model on a disk of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from modelkeep.sources.string_like import StringLikeSource


class LocalModelSource(StringLikeSource):
    """A model file or folder on a disk of this machine.

    Attributes:
        inplace: Record it where it is instead of copying it into ``models_dir``.
    """

    path: str | Path
    inplace: bool | None = False
    type: Literal["local"] = Field(default="local")

    def __str__(self) -> str:
        return Path(self.path).as_posix()
