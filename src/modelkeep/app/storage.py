"""The storage of a library: bytes by type and base, by root, in the trash, and free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelkeep.app import trash
from modelkeep.app.roots import RootView, roots
from modelkeep.app.text import Table
from modelkeep.core.names import size_text
from modelkeep.core.taxonomy import BaseModelType, ModelType, type_label
from modelkeep.disk.paths import free_space
from modelkeep.identification.known_families import base_label

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.records.listing import KindTotal


@dataclass(frozen=True, slots=True)
class Storage:
    """Where the bytes are.

    Attributes:
        kinds: By type and base, the largest first.
        trash_bytes: Freed when the trash is emptied.
        free_bytes: Left on the disk of installed models.
    """

    kinds: tuple[KindTotal, ...]
    roots: tuple[RootView, ...]
    trash_bytes: int
    free_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "kinds": [
                {"type": k.type, "base": k.base, "models": k.models, "bytes": k.size}
                for k in self.kinds
            ],
            "roots": [
                {"name": r.key, "models": r.row.models, "bytes": r.row.bytes} for r in self.roots
            ],
            "trash_bytes": self.trash_bytes,
            "free_bytes": self.free_bytes,
        }

    def table(self) -> Table:
        """Return the bytes by type and base as a table."""
        rows = [
            (
                type_label(ModelType(kind.type)),
                base_label(BaseModelType(kind.base)),
                f"{kind.models:,}",
                size_text(kind.size),
            )
            for kind in self.kinds
        ]
        return Table.of(("TYPE", "BASE", "MODELS", "SIZE"), rows)

    def __str__(self) -> str:
        free, in_trash = size_text(self.free_bytes), size_text(self.trash_bytes)
        return f"{self.table()}\n{in_trash} in the trash, {free} free."


def storage(manager: ModelManager) -> Storage:
    """Return where the bytes of a library are."""
    kinds = sorted(manager.records.totals(), key=lambda kind: (-kind.size, kind.type, kind.base))
    return Storage(
        kinds=tuple(kinds),
        roots=tuple(roots(manager)),
        trash_bytes=trash.freed(trash.entries(manager)),
        free_bytes=free_space(manager.settings.models_dir),
    )
