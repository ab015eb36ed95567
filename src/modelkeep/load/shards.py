"""``weights_of_index``: the tensors of a model whose weights are in several files."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from modelkeep.core.reading import printable
from modelkeep.errors import CorruptModelError, IncompleteModelError, SourceNotFoundError
from modelkeep.identification.readers.dtypes import element
from modelkeep.load.model_files import read_json
from modelkeep.load.plan import TensorPlace
from modelkeep.load.weights import WeightFile, weights_of

_AGAIN = "Download the model again from its source."


def weights_of_index(index: Path) -> WeightFile:
    """Read the headers of all weight files that an index lists.

    Tensors that the index passes over count too, as they do for the libraries that write it.

    Args:
        index: Such as ``diffusion_pytorch_model.safetensors.index.json``.

    Raises:
        SourceError: it cannot be read.
        UnsafeModelError: a file is a pickle that would run code.
        IncompleteModelError: a file that it lists is missing.
        CorruptModelError: it is no index, or a file is damaged or not what the index says.
    """
    shard_of = _shard_of(index)
    tensors: dict[str, TensorPlace] = {}
    metadata: dict[str, str] = {}
    files = [index]
    for shard in sorted(set(shard_of.values())):
        try:
            weights = weights_of(index.parent / shard)
        except SourceNotFoundError as error:
            raise IncompleteModelError(
                f"{printable(index)} lists the file {shard}, which is missing", hint=_AGAIN
            ) from error
        files.append(weights.path)
        metadata |= weights.metadata
        for name, place in weights.tensors.items():
            if shard_of.get(name, shard) == shard:
                tensors.setdefault(name, place)
    lacking = [name for name in shard_of if name not in tensors]
    if lacking:
        raise CorruptModelError(
            f"{printable(index)} says that {shard_of[lacking[0]]} has the tensor"
            f" {element(lacking[0])}, and it has not ({len(lacking)} of {len(shard_of)} are"
            " missing)",
            hint=_AGAIN,
        )
    return WeightFile(index, tensors, metadata, tuple(files))


def _shard_of(index: Path) -> dict[str, str]:
    """Return the file of each tensor, relative to the folder of the index and inside it."""
    listed = read_json(index).get("weight_map")
    if not isinstance(listed, dict) or not listed:
        raise CorruptModelError(f"{printable(index)} has no weight_map", hint=_AGAIN)
    for shard in set(map(str, listed.values())):
        if not shard or shard.startswith("/") or "\\" in shard or "\0" in shard:
            raise _outside(index, shard)
        if ".." in PurePosixPath(shard).parts:
            raise _outside(index, shard)
    return {name: str(shard) for name, shard in listed.items()}


def _outside(index: Path, shard: str) -> CorruptModelError:
    return CorruptModelError(
        f"{printable(index)} lists the file {element(shard)}, which is outside its folder",
        hint="Do not use this model. Get it from a source that you trust.",
    )
