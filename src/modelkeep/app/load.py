"""Loading a model to see that it can be loaded, and what that takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelkeep.app.text import pairs
from modelkeep.core.names import size_text

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.load.forecast import LoadForecast


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What is loaded, and how.

    Attributes:
        part: Of a main model; empty for a model that is one thing.
        device: ``auto``, ``cpu``, ``cuda:1`` ...; the setting when None.
        precision: ``auto``, ``float32`` ...; the setting when None.
        accept_changed: Take files for right that changed since they were recorded.
    """

    part: str = ""
    device: str | None = None
    precision: str | None = None
    accept_changed: bool = False


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
