"""The disks that models lie on: how large each is, and what is left."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelkeep.core.names import text_to_path
from modelkeep.core.roots import RootState
from modelkeep.disk.access import nearest

if TYPE_CHECKING:
    from modelkeep.app.roots import RootView


@dataclass(frozen=True, slots=True)
class DiskUse:
    """One disk.

    Attributes:
        roots: Those that lie on it.
        total: Bytes that it has.
        free: Bytes that are left.
        models: Bytes of the models in its roots.
    """

    roots: tuple[RootView, ...]
    total: int
    free: int
    models: int

    @property
    def others(self) -> int:
        """Bytes that other things take."""
        return max(self.total - self.free - self.models, 0)

    def percent(self, count: int) -> float:
        """Return what part of the disk so many bytes are."""
        return min(round(100 * count / max(self.total, 1), 3), 100.0)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "roots": [root.key for root in self.roots],
            "total": self.total,
            "free": self.free,
            "models": self.models,
        }


def disks(roots: Sequence[RootView]) -> list[DiskUse]:
    """Return the disks that roots lie on; those that are offline are left out."""
    found: dict[int, list[RootView]] = {}
    for root in roots:
        if root.row.path is not None and root.row.state is not RootState.OFFLINE:
            place = nearest(text_to_path(root.row.path))
            found.setdefault(place.stat().st_dev, []).append(root)
    return [_use(some) for some in found.values()]


def _use(roots: Sequence[RootView]) -> DiskUse:
    room = shutil.disk_usage(nearest(text_to_path(roots[0].row.path or "")))
    models = sum(root.row.bytes for root in roots)
    return DiskUse(tuple(roots), room.total, room.free, models)
