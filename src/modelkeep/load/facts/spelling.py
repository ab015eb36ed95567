"""``Spelling``: how one kind of file names the tensors of a part, and what these tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Spelling:
    """How one kind of file names the tensors of a part.

    All names are those in the file without their prefix.

    Attributes:
        sign: A tensor that every file of this kind has.
        conversion: What gives the names of the class; empty where the file has them already.
        dims: Settings of the class that are a dimension of a tensor: its name, and which one.
        counts: Settings that are the number of blocks: what stands before their numbers.
        marks: Settings that say whether a tensor is there: its name.
        drops: Beginnings of names that the class has no use for.
    """

    sign: str
    conversion: str = ""
    dims: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    counts: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    drops: tuple[str, ...] = ()

    def config(self, shapes: Shapes) -> dict[str, Any]:
        """Return the settings of the class that the tensors show.

        Args:
            shapes: The tensors that are kept, with their shapes.
        """
        found: dict[str, Any] = {
            setting: shapes[name][axis]
            for setting, (name, axis) in self.dims.items()
            if name in shapes and len(shapes[name]) > axis
        }
        for setting, before in self.counts.items():
            if count := _blocks(before, shapes):
                found[setting] = count
        return found | {setting: name in shapes for setting, name in self.marks.items()}


def _blocks(before: str, names: Iterable[str]) -> int:
    number = re.compile(re.escape(before) + r"\.(\d+)\.")
    return len({match[1] for name in names if (match := number.match(name))})
