"""How much a config may make: a damaged or hostile one asks for more than any computer has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Of layers, labels, steps ... Classes go through as many, and make lists of them.
_MOST_COUNTED = 2**20
_COUNTING = ("num_", "n_layer", "layers", "depth", "_blocks")
#: Numbers in a row, such as the places of a table of positions.
_MOST_IN_A_ROW = 2**22
#: Tensors of one module.
_MOST_TENSORS = 2**16
#: Bytes that a class fills by itself, which the weights do not bring.
_MOST_BYTES = 4 * 2**30


def refuse_counts(config: Mapping[str, Any]) -> None:
    """Refuse a config that counts more of something than any model has.

    Raises:
        ValueError: it does.
    """
    left: list[tuple[str, Any]] = list(config.items())
    while left:
        key, value = left.pop()
        if isinstance(value, Mapping):
            left.extend((str(name), inner) for name, inner in value.items())
        elif isinstance(value, list):
            left.extend((key, inner) for inner in value)
        elif isinstance(value, int) and value > _MOST_COUNTED and _counts(key):
            raise ValueError(f"{key} is {value:.3g}")


def _counts(key: str) -> bool:
    return any(word in key for word in _COUNTING)


class Bounds:
    """Counts what a class makes, and stops it when that is more than any model needs."""

    def __init__(self) -> None:
        self._tensors = 0
        self._bytes = 0

    def check_row(self, count: float) -> None:
        """Take a row of numbers before it is made.

        Raises:
            ValueError: it is too long.
        """
        if count > _MOST_IN_A_ROW:
            raise ValueError(f"the config asks for {count:.3g} numbers in a row")

    def check_size(self, size: int) -> None:
        """Take what was computed from other tensors.

        Args:
            size: Its bytes.

        Raises:
            ValueError: it is too large.
        """
        if size > _MOST_BYTES:
            raise ValueError(f"the config asks for a tensor of {size:.3g} bytes")

    def count(self, size: int) -> None:
        """Take a new tensor.

        Args:
            size: Its bytes in memory; 0 where it takes none.

        Raises:
            ValueError: it is one too many.
        """
        self._tensors += 1
        self._bytes += size
        if self._tensors > _MOST_TENSORS or self._bytes > _MOST_BYTES:
            raise ValueError("the config asks for more tensors than any model has")
