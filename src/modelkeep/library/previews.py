"""Previews: the picture of a model, beside it or as a copy in the library.

A record says where its picture is relative to the folder that the model lies in, so that a root
may be moved. Models that stay where they are keep the picture that lies there, which is never
ours. With a model that is installed a copy of its picture comes along, into a folder of the
program; its name is the key, and by that it is known for ours.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.names import path_to_text, safe_name, shown, text_to_path
from modelkeep.disk import paths
from modelkeep.errors import SourceError, StorageError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PreviewStore:
    """The copies of pictures that belong to installed models.

    Attributes:
        folder: Where they are.
    """

    folder: Path

    def place_for(self, key: str, picture: Path) -> Path:
        """Return where the copy of a picture goes."""
        return self.folder / f"{safe_name(key)}{picture.suffix.lower()}"

    def is_ours(self, picture: Path) -> bool:
        """Return whether a picture is a copy made by the library."""
        return picture.parent == self.folder

    def of(self, key: str) -> Iterator[Path]:
        """Yield the copies that belong to a record."""
        if self.folder.is_dir() and not self.folder.is_symlink():
            for path in sorted(self.folder.iterdir()):
                if path.stem == safe_name(key):
                    yield path

    def keep(self, picture: Path, place: Path) -> Path | None:
        """Copy a picture; None when that fails, which does not stop an install."""
        try:
            paths.make_own_folder(self.folder)
            paths.copy_file(picture, place)
            paths.fsync(self.folder)
        except (SourceError, StorageError) as error:
            _log.warning("Skipping the preview %s: %s", shown(picture), error)
            paths.remove_file(place)
            return None
        return place

    def drop(self, key: str) -> None:
        """Remove the copies that belong to a purged record."""
        for path in self.of(key):
            paths.remove_file(path)
        paths.remove_empty_folders(self.folder, self.folder.parent)


def preview_text(picture: Path, top: Path) -> str:
    """Return how the record of the model at ``top`` names its picture."""
    return path_to_text(Path(os.path.relpath(picture, top.parent)))


def preview_place(config: ModelConfigBase, top: Path) -> Path | None:
    """Return where the picture of the model at ``top`` is; None when its record names none."""
    if config.preview is None:
        return None
    return Path(os.path.normpath(top.parent / text_to_path(config.preview)))
