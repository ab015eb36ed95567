"""A library whose load service has a loader and a runtime without torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelkeep import ModelManager
from modelkeep.core.events import LocalEventBus
from modelkeep.load.service import ModelLoadService
from modelkeep.settings import Settings
from support.fake_loading import FakeLoader, FakeRuntime
from support.tiny import embedding


@dataclass
class World:
    """A library with a loader and a runtime without torch."""

    manager: ModelManager
    runtime: FakeRuntime
    service: ModelLoadService
    told: list[tuple[str, dict[str, Any]]]

    def main(self, name: str = "main", fill: int = 1, **fields: Any) -> str:
        """Install a file and have its record say that it is a main model."""
        return self.add(name, fill, type="main", base="sd-1", format="checkpoint", **fields)

    def add(self, name: str, fill: int, **fields: Any) -> str:
        path = embedding(self.manager.settings.root / f"in/{name}.safetensors", fill=fill)
        key = self.manager.installer.install_path(path, {"name": name, **fields})
        return str(key)

    def path_of(self, key: str) -> Path:
        return self.manager.path_of(self.manager.records.get_model(key))

    def names(self, *skipped: str) -> list[str]:
        return [name for name, _ in self.told if name not in skipped]


def make_world(settings: Settings) -> Iterator[World]:
    """Make a library, and close it afterwards."""
    bus, told = LocalEventBus(), []
    bus.subscribe(lambda _topic, payload: told.append((payload["event"], payload["data"])))
    runtime = FakeRuntime()
    with ModelManager(settings) as manager:
        service = ModelLoadService(
            manager.settings,
            manager.records,
            event_bus=bus,
            library=manager.installer.library,
            runtime=runtime,
            loaders=[FakeLoader()],
        )
        yield World(manager, runtime, service, told)
        service.close()
