"""``ModelFiles``: the record of a model and the files that it is loaded from, without torch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelkeep.core import limits
from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.names import shown
from modelkeep.core.reading import LocalFile
from modelkeep.errors import CorruptModelError

_AGAIN = "Download the model again from its source."


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model as it is installed.

    Attributes:
        record: What is known of it.
        path: Its file or folder.
        config: The file with its configuration, for a checkpoint that has one.
        assets: Folder of tokenizers and the like that models in one file do not bring.
    """

    record: ModelConfigBase
    path: Path
    config: Path | None = None
    assets: Path | None = None

    @property
    def sources(self) -> tuple[Path, ...]:
        """What a model in one file is made from: the file, and its configuration if that is there.

        Records name configurations that few people have.
        """
        has_config = self.config is not None and self.config.exists()
        return (self.path, self.config) if self.config and has_config else (self.path,)

    def read_json(self, name: str) -> dict[str, Any]:
        """Return a JSON file of the folder.

        Args:
            name: Relative to the folder of the model.

        Raises:
            SourceError: it cannot be read.
            CorruptModelError: it is too large, or no JSON object.
        """
        return read_json(self.path / name)


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON file of a model.

    Raises:
        SourceError: it cannot be read.
        CorruptModelError: it is too large, or no JSON object.
    """
    with LocalFile(path) as file:
        if file.size > limits.FOLDER_JSON_BYTES:
            raise CorruptModelError(f"{shown(path)} is too large for a config", hint=_AGAIN)
        content = file.read_at(0, file.size)
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CorruptModelError(f"{shown(path)} is not valid JSON", hint=_AGAIN) from error
    if not isinstance(value, dict):
        raise CorruptModelError(f"{shown(path)} holds no JSON object", hint=_AGAIN)
    return value
