"""Which file of a model holds its weights, where it is one file among others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from modelkeep.core.names import shown
from modelkeep.core.weight_names import PICKLE_SUFFIXES, SAFETENSORS_SUFFIXES, weight_of
from modelkeep.errors import IncompleteModelError
from modelkeep.load.model_files import ModelFiles

_SUFFIXES = (*SAFETENSORS_SUFFIXES, *PICKLE_SUFFIXES)


def weight_file(files: ModelFiles, *stems: str) -> Path:
    """Return the file with the weights of a model.

    Args:
        files: The model. Where it is a file, that is it.
        stems: Names without suffix that the file has in a folder, the best first. The only
            weights of a folder may be called anything.

    Raises:
        IncompleteModelError: the folder has none, or several of other names.
    """
    if not files.path.is_dir():
        return files.path
    found = sorted(path for path in files.path.iterdir() if _holds_weights(path))
    for path in _named(found, stems):
        return path
    if len(found) == 1:
        return found[0]
    what = f"{len(found)} files with weights, none of which is" if found else "no file called"
    raise IncompleteModelError(
        f"{shown(files.path)} has {what} {' or '.join(stems)}.safetensors",
        hint="Download the model again from its source.",
    )


def _holds_weights(path: Path) -> bool:
    """Tell by its name whether a file has weights, and is not left over from a training."""
    is_read = path.suffix.lower() in _SUFFIXES
    return is_read and weight_of(PurePosixPath(path.name)) is not None


def _named(found: list[Path], stems: tuple[str, ...]) -> Iterator[Path]:
    for stem in stems:
        for suffix in _SUFFIXES:
            yield from (path for path in found if path.name == stem + suffix)
