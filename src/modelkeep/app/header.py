"""The header of a model's weights: the names and shapes of tensors, a page at a time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelkeep.app.files import OwnedFile, files_of, open_owned
from modelkeep.errors import SourceNotFoundError, UnknownModelError
from modelkeep.identification.readers.detect import read_header
from modelkeep.identification.readers.weights import is_weight

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.core.configs import ModelConfigBase
    from modelkeep.identification.header import TensorHeader

#: Characters of one text of the metadata, and of all of them.
_TEXT_CHARACTERS = 16 * 1024
_ALL_CHARACTERS = 256 * 1024


@dataclass(frozen=True, slots=True)
class HeaderTensors:
    """A part of the header of a weight file.

    Attributes:
        name: The file, as ``files_of`` names it.
        tensors: Name, element type and shape of some tensors.
        count: How many there are in all pages.
        kinds: How many tensors of the file have each element type, the most frequent first.
        metadata: Texts of the header, long ones cut.
        cut: Keys of texts that were cut or left out.
        next: Where the following page begins; None at the end.
    """

    name: str
    header: TensorHeader
    tensors: tuple[tuple[str, str, tuple[int, ...]], ...]
    count: int
    kinds: dict[str, int]
    metadata: dict[str, str]
    cut: tuple[str, ...]
    next: int | None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "path": self.name,
            "container": self.header.container,
            "size": self.header.size,
            "count": self.count,
            "dtypes": self.kinds,
            "tensors": [
                {"name": name, "dtype": dtype, "shape": list(shape)}
                for name, dtype, shape in self.tensors
            ],
            "metadata": self.metadata,
            "cut": list(self.cut),
            "next": self.next,
        }


def header_page(
    manager: ModelManager,
    config: ModelConfigBase,
    name: str = "",
    *,
    after: int,
    limit: int,
    text: str = "",
) -> HeaderTensors:
    """Return some of the tensors of a weight file.

    Args:
        manager: Of the library.
        config: The model.
        name: The file; its largest weight file where none is named.
        after: How many tensors come before.
        limit: How many are returned at most.
        text: Only tensors whose name has all of these words somewhere, whatever their case.

    Raises:
        SourceNotFoundError: the model has no such file, or it is not there.
        InvalidModelException: the file is no weight file, is damaged, or would run code.
        OfflineRootError: its root is not there.
    """
    file = _chosen(files_of(manager, config), config, name)
    with open_owned(manager, config, file) as opened:
        header = read_header(opened)
    words = text.casefold().split()
    fitting = [
        (each, info.dtype, info.shape)
        for each, info in header.tensors.items()
        if not words or all(word in each.casefold() for word in words)
    ]
    end = after + limit
    kept, cut = _short(header.metadata) if after == 0 else ({}, ())
    return HeaderTensors(
        file.name,
        header,
        tuple(fitting[after:end]),
        len(fitting),
        dict(Counter(info.dtype for info in header.tensors.values()).most_common()),
        kept,
        cut,
        end if end < len(fitting) else None,
    )


def _chosen(files: tuple[OwnedFile, ...], config: ModelConfigBase, name: str) -> OwnedFile:
    if name:
        wanted = [file for file in files if file.name == name]
    elif len(files) == 1:
        wanted = list(files)
    else:
        weights = (file for file in files if is_weight(file.name))
        wanted = sorted(weights, key=lambda file: -file.row.size)
    if wanted:
        return wanted[0]
    if name:
        raise SourceNotFoundError(
            f"The model {config.name} has no file {name!r}", hint="Ask for the list of its files."
        )
    raise UnknownModelError(
        f"The model {config.name} has no weight file whose header can be read",
        hint="Ask for the list of its files, and name one of them.",
    )


def _short(metadata: dict[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return texts of a bounded length, and the keys of those that were cut or left out."""
    kept: dict[str, str] = {}
    cut: list[str] = []
    room = _ALL_CHARACTERS
    for key, text in metadata.items():
        if len(key) > room:
            cut.append(key[:100])
            continue
        kept[key] = text[: min(_TEXT_CHARACTERS, room - len(key))]
        room -= len(key) + len(kept[key])
        if len(kept[key]) < len(text):
            cut.append(key)
    return kept, tuple(cut[:1000])
