"""``LoadForecast``: what loading a part would take, known without loading it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from modelkeep.load.budget import MemoryBudget
from modelkeep.load.cache import CacheStats


@dataclass(frozen=True, slots=True)
class LoadForecast:
    """What loading a part would take.

    Attributes:
        key: Of the record.
        name: Of the model.
        part: What would be loaded; empty where the model is one thing.
        class_name: What it would be, such as ``AutoencoderKL``.
        device: Where.
        precision: Of its numbers.
        bytes: Memory that it would take.
        read_bytes: Bytes that would be read from the disk.
        is_loaded: It is in memory now.
        fits: It fits in the memory that models may take, next to what is in use.
        would_go: Parts that would have to leave memory for it.
    """

    key: str
    name: str
    part: str
    class_name: str
    device: str
    precision: str
    bytes: int
    read_bytes: int
    is_loaded: bool
    fits: bool
    would_go: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "key": self.key,
            "submodel": self.part or None,
            "class": self.class_name,
            "device": self.device,
            "dtype": self.precision,
            "bytes": self.bytes,
            "read_bytes": self.read_bytes,
            "loaded": self.is_loaded,
            "fits": self.fits,
            "would_go": list(self.would_go),
        }


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A part that is in memory.

    Attributes:
        key: Of the record that it was loaded for.
        name: Of the model.
        part: Which part; empty where the model is one thing.
        class_name: What it is.
        device: Where it is.
        precision: Of its numbers; empty where it has none.
        bytes: Memory that it takes.
        mapped: Of those, bytes of mapped files, which other processes may share.
        users: How many use it now.
        seconds: How long it took to load.
        idle: Seconds since nobody uses it; 0 while somebody does.
    """

    key: str
    name: str
    part: str
    class_name: str
    device: str
    precision: str
    bytes: int
    mapped: int
    users: int
    seconds: float
    idle: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "key": self.key,
            "name": self.name,
            "submodel": self.part or None,
            "class": self.class_name,
            "device": self.device,
            "dtype": self.precision,
            "bytes": self.bytes,
            "mapped": self.mapped,
            "users": self.users,
            "seconds": round(self.seconds, 3),
            "idle": round(self.idle, 3),
        }


@dataclass(frozen=True, slots=True)
class LoadStats:
    """What the memory of one device did since the program began.

    Attributes:
        device: Its name.
        limit: Bytes that models may take.
        bytes: What they take now.
        most: The most bytes that they took at once.
        seconds: Spent on loading.
        bytes_loaded: Bytes of all loads.
    """

    device: str
    limit: int
    bytes: int
    most: int
    hits: int
    misses: int
    evictions: int
    seconds: float
    bytes_loaded: int

    @classmethod
    def of(cls, device: str, stats: CacheStats, budget: MemoryBudget) -> Self:
        """Return the numbers of one device."""
        return cls(
            device=device,
            limit=budget.limit,
            bytes=budget.used,
            most=budget.most,
            hits=stats.hits,
            misses=stats.misses,
            evictions=stats.evictions,
            seconds=stats.seconds,
            bytes_loaded=stats.bytes_loaded,
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {name: getattr(self, name) for name in self.__slots__}
