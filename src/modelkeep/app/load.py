"""Loading a model to see that it can be loaded, and what that takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from modelkeep.app.text import pairs
from modelkeep.core.names import size_text

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.load.forecast import LoadedModel, LoadForecast, LoadStats


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What is loaded, and how.

    Attributes:
        part: Of a main model; empty for a model that is one thing.
        device: ``auto``, ``cpu``, ``cuda:1`` ...; the setting when None.
        precision: ``auto``, ``float32`` ...; the setting when None.
        accept_changed: Take files for right that changed since they were recorded.
        keep_alive: Seconds that it stays in memory after its use, or ``forever``; the setting when
            None.
    """

    part: str = ""
    device: str | None = None
    precision: str | None = None
    accept_changed: bool = False
    keep_alive: float | str | None = None


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What one load gave.

    Attributes:
        seconds: How long it took.
        cached: It was in memory already.
    """

    key: str
    name: str
    submodel: str | None
    class_name: str
    device: str
    dtype: str
    bytes: int
    seconds: float
    cached: bool

    def to_json(self) -> dict[str, Any]:
        """Return what ``load --json`` prints."""
        return {
            "key": self.key,
            "submodel": self.submodel,
            "class": self.class_name,
            "device": self.device,
            "dtype": self.dtype,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 6),
            "cached": self.cached,
        }

    def __str__(self) -> str:
        took = f"{1000 * self.seconds:,.2f} ms"
        facts = [self.class_name, self.device, self.dtype, size_text(self.bytes), took]
        return "  ".join([*facts, *(["cached"] if self.cached else [])])


def load(
    manager: ModelManager,
    model: str,
    options: LoadOptions,
    *,
    repeat: int = 1,
    on_progress: Callable[[int, int], object] | None = None,
) -> Iterator[LoadResult]:
    """Load a model, several times if asked, and give what each time took.

    Args:
        manager: Of the library.
        model: What a person calls it.
        options: What is loaded, and how.
        repeat: How often it is asked for.
        on_progress: Gets the bytes that are done and the bytes in all.
    """
    key = manager.find(model).key
    for _ in range(repeat):
        began = time.perf_counter()
        info = manager.loader.get_model(
            key,
            options.part or None,
            device=options.device,
            precision=options.precision,
            accept_changed=options.accept_changed,
            keep_alive=options.keep_alive,
            on_progress=on_progress,
        )
        with info:
            seconds = time.perf_counter() - began
        told = info.to_json()
        yield LoadResult(
            key=key,
            name=info.name,
            submodel=told["submodel"],
            class_name=info.class_name,
            device=info.device,
            dtype=told["dtype"],
            bytes=info.bytes,
            seconds=seconds,
            cached=info.is_cached,
        )


@dataclass(frozen=True, slots=True)
class Preview:
    """What loading would take, for people and programs."""

    forecast: LoadForecast

    @property
    def key(self) -> str:
        """What ``--quiet`` prints."""
        return self.forecast.key

    def to_json(self) -> dict[str, Any]:
        """Return what ``load --dry-run --json`` prints."""
        return self.forecast.to_json()

    def __str__(self) -> str:
        seen = self.forecast
        facts = [
            ("Would load", f"{seen.part} of {seen.name}" if seen.part else seen.name),
            ("Class", seen.class_name),
            ("Device", seen.device),
            ("Precision", seen.precision),
            ("Memory", size_text(seen.bytes)),
            ("To read", size_text(seen.read_bytes)),
            ("Fits", "yes" if seen.fits else "no: it is larger than what models may take"),
        ]
        if seen.would_go:
            facts.append(("Would leave memory", "\n".join(seen.would_go)))
        return pairs(facts)


def preview(manager: ModelManager, model: str, options: LoadOptions) -> Preview:
    """Tell what loading a model would take; nothing is loaded."""
    return Preview(
        manager.loader.peek(
            manager.find(model).key,
            options.part or None,
            device=options.device,
            precision=options.precision,
        )
    )


@dataclass(frozen=True, slots=True)
class Evicted:
    """What left memory.

    Attributes:
        parts: How many parts of models.
        bytes: How many bytes became free at once; what is in use is freed when it is not any more.
    """

    parts: int
    bytes: int

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"parts": self.parts, "bytes": self.bytes}


def can_load() -> bool:
    """Tell whether what loading needs is installed."""
    return all(find_spec(name) is not None for name in ("torch", "numpy"))


def loaded(manager: ModelManager) -> list[LoadedModel]:
    """Return the parts of models that are in memory."""
    return manager.loader.loaded()


def stats(manager: ModelManager) -> list[LoadStats]:
    """Return what the memory of each device did."""
    return manager.loader.stats()


def evict(manager: ModelManager, key: str | None = None, part: str | None = None) -> Evicted:
    """Take a model, a part of one, or all that nobody uses out of memory.

    Args:
        manager: Of the library.
        key: Of the model; all models when None.
        part: Of the model; all of it when None.
    """
    before = _taken(manager)
    if key is None:
        count = len(manager.loader.loaded())
        manager.loader.clear()
        parts = count - len(manager.loader.loaded())
    else:
        parts = manager.loader.evict(key, part)
    return Evicted(max(parts, 0), max(before - _taken(manager), 0))


def _taken(manager: ModelManager) -> int:
    return sum(device.bytes for device in manager.loader.stats())
