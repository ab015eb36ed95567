"""The roots: folders of other programs and further disks that hold models."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelkeep.app.text import Table
from modelkeep.core.names import counted, full_path, shown, size_text, text_to_path
from modelkeep.core.reading import printable
from modelkeep.core.roots import RootState
from modelkeep.disk.paths import free_space
from modelkeep.errors import StorageError
from modelkeep.library.roots import RootRow, RootService
from modelkeep.sources.layouts.layout import layout_named, load_layouts, recognise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelkeep.app.manager import ModelManager


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RootView:
    """One root, and what is in it.

    Attributes:
        adopted: Records that became records of the root when it was added.
    """

    row: RootRow
    adopted: int = 0

    @property
    def key(self) -> str:
        """Its name."""
        return self.row.name

    @property
    def is_online(self) -> bool:
        """Its folder is there."""
        return self.row.state is RootState.ONLINE

    @property
    def free_bytes(self) -> int | None:
        """What is left on its disk; None where that is not there."""
        if self.row.path is None or not self.is_online:
            return None
        try:
            return free_space(text_to_path(self.row.path))
        except StorageError as error:
            _log.info("The disk of %s cannot be asked: %s", self.key, error)
            return None

    @property
    def notes(self) -> list[str]:
        """Why it is offline, or what its program names that is not there."""
        return [self.row.why] if self.row.why else list(self.row.remarks)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {**asdict(self.row), "remarks": list(self.row.remarks)}

    def __str__(self) -> str:
        row = self.row
        rights = ", read-only" if row.readonly else ""
        text = f"{row.name} is {shown(text_to_path(row.path or ''))} ({row.layout}{rights})"
        if not self.adopted:
            return text
        return f"{text}\n  {counted(self.adopted, 'record')} of the library moved to it"


@dataclass(frozen=True, slots=True)
class RootRemoved:
    """A root that was unregistered.

    Attributes:
        key: Its name.
        forgotten: They were removed, not kept.
    """

    key: str
    models: int
    forgotten: bool

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"name": self.key, "forgotten": self.models if self.forgotten else 0}

    def __str__(self) -> str:
        what = "forgotten" if self.forgotten else "kept"
        fate = f", {counted(self.models, 'record')} {what}" if self.models else ""
        return f"{self.key} is no longer a root{fate}; its files were not touched."


@dataclass(frozen=True, slots=True)
class RootMoved:
    """A root that was pointed to another folder.

    Attributes:
        key: Its name.
    """

    key: str
    path: Path
    found: int

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"name": self.key, "path": str(self.path), "files_found": self.found}

    def __str__(self) -> str:
        return f"{self.key} is now {shown(self.path)}; {counted(self.found, 'file')} found there."


def layout_labels() -> list[tuple[str, str]]:
    """Return the name and the label of each layout that a root may have."""
    return sorted((one.name, one.label) for one in load_layouts())


def roots(manager: ModelManager) -> list[RootView]:
    """Return all roots: ``models``, the registered ones, those that only records name."""
    return [RootView(row) for row in _service(manager).rows()]


def add(
    manager: ModelManager, name: str, folder: Path, *, layout: str | None, readonly: bool
) -> RootView:
    """Register a folder of models; nothing in it is changed.

    Args:
        manager: Of the library.
        name: Of the root.
        folder: The folder.
        layout: Whose folder it is; recognised when None.
        readonly: Nothing may ever be written in it.

    Raises:
        UsageError: name, folder or layout cannot be used.
    """
    path, service = full_path(folder), _service(manager)
    chosen = _layout(path, layout) if path.is_dir() else "plain"
    adopted = service.add(name, path, layout=chosen, readonly=readonly)
    [row] = [row for row in service.rows() if row.name == name]
    return RootView(row, adopted)


def models_in(manager: ModelManager, name: str) -> int:
    """Return how many records are in a root."""
    return next((row.models for row in _service(manager).rows() if row.name == name), 0)


def remove(manager: ModelManager, name: str, *, forget: bool, keep: bool) -> RootRemoved:
    """Unregister a root; its files stay.

    Raises:
        UsageError: there is no such root, or it is not said what becomes of the records in it.
    """
    return RootRemoved(name, _service(manager).remove(name, forget=forget, keep=keep), forget)


def move(manager: ModelManager, name: str, folder: Path, *, sure: bool) -> RootMoved:
    """Point a root to the folder that its files are in now; no file is touched.

    Raises:
        UsageError: there is no such root, or files are missing there and it is not ``sure``.
    """
    found = _service(manager).move(name, folder, sure=sure)
    return RootMoved(name, full_path(folder), found)


def table(found: Sequence[RootView]) -> Table:
    """Return roots as a table."""
    titles = ("NAME", "PATH", "LAYOUT", "STATE", "MODELS", "SIZE")
    return Table.of(titles, [_cells(root.row) for root in found])


def _service(manager: ModelManager) -> RootService:
    return RootService(manager.installer.library)


def _layout(folder: Path, named: str | None) -> str:
    layouts = load_layouts()
    return (layout_named(named, layouts) if named else recognise(folder, layouts)).name


def _cells(row: RootRow) -> tuple[str, ...]:
    state = "offline" if row.state is RootState.OFFLINE else "online"
    return (
        row.name,
        shown(text_to_path(row.path)) if row.path else "(not registered)",
        printable(row.layout or "-"),
        f"{state}, read-only" if row.readonly else state,
        str(row.models),
        size_text(row.bytes),
    )
