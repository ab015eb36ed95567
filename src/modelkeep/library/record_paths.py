"""Paths between the disk and the catalogue."""

from __future__ import annotations

from pathlib import Path

from modelkeep.core.files import ModelFile
from modelkeep.core.names import is_inside, path_to_text
from modelkeep.core.roots import MODELS_ROOT, NO_ROOT, Roots
from modelkeep.errors import OfflineRootError

_NO_ROOTS = Roots()


def recorded_path(path: Path, models_dir: Path) -> str:
    """Return a path as records have it: relative when inside ``models_dir``, else absolute."""
    inside = is_inside(path, models_dir)
    return path_to_text(path.relative_to(models_dir) if inside else path)


def located(path: Path, models_dir: Path) -> tuple[str, str]:
    """Return the root and the path by which a row says where its file is."""
    if is_inside(path, models_dir):
        return MODELS_ROOT, path_to_text(path.relative_to(models_dir))
    return NO_ROOT, path_to_text(path)


def file_path(file: ModelFile, models_dir: Path, roots: Roots = _NO_ROOTS) -> Path:
    """Return where a file of a model is; ``Library.path_of`` knows the roots by itself.

    Raises:
        OfflineRootError: it is in a root that is not among ``roots``.
    """
    path = roots.locate(file.root, file.path, models_dir)
    if path is None:
        raise OfflineRootError(
            f"{file.path} is in the root {file.root}, which is not registered",
            hint="Register it again with: modelkeep root add NAME DIR",
        )
    return path
