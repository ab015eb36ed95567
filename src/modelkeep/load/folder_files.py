"""Which files of one part of a folder in diffusers' layout are its weights."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from modelkeep.core.choice import filter_files
from modelkeep.core.names import shown
from modelkeep.core.reading import unreadable
from modelkeep.core.taxonomy import ModelRepoVariant
from modelkeep.core.weight_names import Kind, weight_of
from modelkeep.errors import IncompleteModelError
from modelkeep.load.shards import weights_of_index
from modelkeep.load.weights import WeightFile, weights_of

_AGAIN = "Download the model again from its source."


def files_in(folder: Path) -> tuple[Path, ...]:
    """Return the files of a part, sorted.

    Raises:
        SourceError: the folder is missing, or cannot be read.
    """
    try:
        return tuple(sorted(path for path in folder.iterdir() if path.is_file()))
    except OSError as error:
        raise unreadable(folder, error) from error


def has_weights(folder: Path) -> bool:
    """Tell whether there are weights in a folder, by the names of its files.

    Raises:
        SourceError: the folder is missing, or cannot be read.
    """
    found = (weight_of(PurePosixPath(path.name)) for path in files_in(folder))
    return any(weight is not None and weight.kind is Kind.TORCH for weight in found)


def weights_in(folder: Path, variant: ModelRepoVariant | None) -> WeightFile:
    """Return the weights of a part.

    Safetensors come before other formats, then the variant, then full precision, then what there
    is; the only weights of a folder may be called anything.

    Args:
        folder: Of the part.
        variant: The form that was installed.

    Raises:
        IncompleteModelError: there are none, or not all shards.
        CorruptModelError: a file is damaged.
        UnsafeModelError: a file is a pickle that would run code.
    """
    names = [PurePosixPath(path.name) for path in files_in(folder)]
    chosen = filter_files(names, _form(variant))
    found = [weight for path in chosen if (weight := weight_of(PurePosixPath(path))) is not None]
    found = [weight for weight in found if weight.kind is Kind.TORCH]
    main = [weight for weight in found if weight.is_component] or found
    indexes = [weight for weight in main if weight.is_index]
    if indexes:
        return weights_of_index(folder / indexes[0].path)
    if len(main) == 1 and not main[0].shards:
        return weights_of(folder / main[0].path)
    if main and all(weight.shards for weight in main):
        return _shards(folder, sorted(folder / weight.path for weight in main))
    several = f"{len(main)} files with weights, none of which is named as its own"
    what = several if main else "no weights, or not all shards of them"
    raise IncompleteModelError(f"{shown(folder)} has {what}", hint=_AGAIN)


def _shards(folder: Path, paths: list[Path]) -> WeightFile:
    """Return the weights of shards that have no index."""
    parts = [weights_of(path) for path in paths]
    tensors = {name: place for part in parts for name, place in part.tensors.items()}
    return WeightFile(folder, tensors, parts[0].metadata, tuple(paths))


def _form(variant: ModelRepoVariant | None) -> ModelRepoVariant:
    """Return the variant, where it is one of weights for torch."""
    known = {ModelRepoVariant.FP16, ModelRepoVariant.FP32}
    return variant if variant in known else ModelRepoVariant.DEFAULT
