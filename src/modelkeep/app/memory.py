"""The memory that loaded models take, as people look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelkeep.app.loading_check import missing_libraries
from modelkeep.app.outcomes import message_of
from modelkeep.errors import ModelKeepError
from modelkeep.load.start import LOAD_COMMAND
from modelkeep.records.listing import RecordFilter

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.core.configs import ModelConfigBase
    from modelkeep.load.forecast import LoadedModel, LoadStats


@dataclass(frozen=True, slots=True)
class DeviceMemory:
    """The memory of one device, and what is in it.

    Attributes:
        stats: What it did since the program began.
        parts: What is there, the largest first.
    """

    stats: LoadStats
    parts: tuple[LoadedModel, ...]

    @property
    def label(self) -> str:
        """What people call it."""
        return "RAM" if self.stats.device == "cpu" else f"VRAM of {self.stats.device}"

    @property
    def in_use(self) -> int:
        """Bytes of what somebody uses now."""
        return sum(part.bytes for part in self.parts if part.users)

    @property
    def idle(self) -> int:
        """Bytes of what nobody uses."""
        return max(self.stats.bytes - self.in_use, 0)

    def percent(self, count: int) -> float:
        """Return what part of its limit so many bytes are."""
        return round(100 * count / max(self.stats.limit, self.stats.bytes, 1), 3)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {**self.stats.to_json(), "parts": [part.to_json() for part in self.parts]}


@dataclass(frozen=True, slots=True)
class Memory:
    """What is loaded.

    Attributes:
        devices: RAM first.
        missing: Libraries that loading needs and that are not installed.
        command: Installs them.
    """

    devices: tuple[DeviceMemory, ...]
    missing: tuple[str, ...] = ()
    command: str = LOAD_COMMAND

    @property
    def models(self) -> Mapping[str, tuple[LoadedModel, ...]]:
        """What is loaded, by the key of its model; the model with the largest part first."""
        parts = sorted((p for one in self.devices for p in one.parts), key=lambda p: -p.bytes)
        return {part.key: tuple(p for p in parts if p.key == part.key) for part in parts}

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "devices": [one.to_json() for one in self.devices],
            "missing": list(self.missing),
            "command": self.command,
        }


@dataclass(frozen=True, slots=True)
class Loadable:
    """A model that may be loaded.

    Attributes:
        parts: Names of its parts; none where it is one thing.
        why_not: What keeps it from being loaded; empty where nothing does.
    """

    model: ModelConfigBase
    parts: tuple[str, ...] = ()
    why_not: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"key": self.model.key, "parts": list(self.parts), "why_not": self.why_not}


def memory(manager: ModelManager) -> Memory:
    """Return what is loaded, and how much of the memory it takes."""
    loaded = sorted(manager.loader.loaded(), key=lambda part: -part.bytes)
    devices = [
        DeviceMemory(stats, tuple(part for part in loaded if part.device == stats.device))
        for stats in manager.loader.stats()
    ]
    devices.sort(key=lambda device: (device.stats.device != "cpu", device.stats.device))
    return Memory(tuple(devices), tuple(missing_libraries()))


def loadable(manager: ModelManager, text: str, limit: int = 8) -> list[Loadable]:
    """Return models that a text finds, the best first, with what can be loaded of each.

    Args:
        manager: Of the library.
        text: As of a search, or a key.
        limit: At most so many.
    """
    records = manager.records
    if records.exists(text):
        found = [records.get_model(text)]
    else:
        found = records.page(RecordFilter(text=text), order="relevance", limit=limit).items
    return [_loadable(manager, model) for model in found]


def _loadable(manager: ModelManager, model: ModelConfigBase) -> Loadable:
    try:
        return Loadable(model, manager.loader.parts(model.key))
    except ModelKeepError as error:
        return Loadable(model, why_not=message_of(error))
