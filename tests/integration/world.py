"""A library for one test: what happens in it is seen through public doors and on the disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelkeep.app.install_service import ModelInstallService
from modelkeep.core.identity import Identification
from modelkeep.identification.engine import identify
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.settings import Settings


@dataclass
class Bus:
    """A bus that keeps what it is told."""

    told: list[dict[str, Any]] = field(default_factory=list)

    def dispatch(self, topic: str, payload: dict[str, Any]) -> None:
        assert topic == "model_event"
        self.told.append(payload)

    @property
    def names(self) -> list[str]:
        return [payload["event"] for payload in self.told]


@dataclass
class World:
    """A root, a folder of downloads beside it, and the service of the root."""

    settings: Settings
    downloads: Path
    records: ModelRecordServiceBase
    service: ModelInstallService
    bus: Bus

    @property
    def models(self) -> Path:
        return self.settings.models_dir

    def place(self, key: str) -> Path:
        """Return where a model is."""
        return self.service.library.path_of(self.records.get_model(key))

    def close(self) -> None:
        self.service.close()
        self.records.close()


def open_world(
    folder: Path,
    identify: Callable[[Path, bool], Identification] | None = None,
    **settings: Any,
) -> World:
    """Open the library in ``folder`` and start its service."""
    downloads = folder / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    chosen = Settings(root=folder / "root", **settings)
    chosen.models_dir.mkdir(parents=True, exist_ok=True)
    records = ModelRecordServiceBase.open(chosen)
    bus = Bus()
    service = ModelInstallService(chosen, records, event_bus=bus, identify=identify)
    service.start()
    return World(chosen, downloads, records, service, bus)


def slow_identify(gate: Callable[[], None]) -> Callable[[Path, bool], Identification]:
    """Return an ``identify`` that passes ``gate`` first."""

    def held(path: Path, strict: bool) -> Identification:
        gate()
        return identify(path, strict=strict)

    return held


def snapshot(*folders: Path) -> dict[str, object]:
    """Return everything below some folders: links, bytes, folders; no link is followed.

    The state file, its locks and the empty folders of the program are left out: asking is noted
    there, and nothing of a user's is in them.
    """
    found: dict[str, object] = {}
    for top in folders:
        for here, names, files in os.walk(top):
            for name in (*names, *files):
                path = Path(here) / name
                if _is_program(path, top):
                    continue
                found[os.fspath(path)] = _content(path)
    return found


def _is_program(path: Path, top: Path) -> bool:
    parts = path.relative_to(top).parts
    return "databases" in parts or (path.name in {".staging", ".trash"} and not path.is_symlink())


def _content(path: Path) -> object:
    if path.is_symlink():
        return ("link", path.readlink())
    if path.is_dir():
        return "folder"
    there = path.lstat()
    try:
        data = path.read_bytes() if path.is_file() else b""
    except PermissionError:
        data = b"?"
    return (there.st_mode, there.st_size, there.st_mtime_ns, data)
