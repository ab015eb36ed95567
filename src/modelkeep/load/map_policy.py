"""``MapPolicy``: which weight files are mapped into memory, and which are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from modelkeep.core import limits

#: Below, mapping saves too little to be worth a risk.
MAP_FROM_BYTES = 64 * limits.MIB


class MapWeights(StrEnum):
    """When weight files are mapped."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class MapPolicy:
    """Which weight files are mapped, and which are read.

    A process dies when it uses a part of a mapped file that another program has cut off, and a
    model changes when its mapped file is written to. So ``auto`` maps only what is ours: large
    parts of files below ``models_dir``, on a disk that cannot go away.

    Attributes:
        setting: What the user chose.
        models_dir: The folder that this program alone writes to.
        is_local: Tells whether a file is on a disk that stays in this computer.
    """

    setting: MapWeights
    models_dir: Path
    is_local: Callable[[Path], bool]

    def may_map(self, path: Path, count: int) -> bool:
        """Tell whether so many bytes of a file may be mapped.

        Args:
            path: The file; where it is a link, what it leads to counts.
            count: Bytes in one piece.
        """
        if self.setting is not MapWeights.AUTO:
            return self.setting is MapWeights.ALWAYS
        if count < MAP_FROM_BYTES:
            return False
        file = path.resolve()
        return file.is_relative_to(self.models_dir.resolve()) and self.is_local(file)
