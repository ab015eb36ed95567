"""Measuring in turn: ours, the reference, ours, the reference ... and the medians of both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

_SCALES = {"ms": 1e3, "MiB": 2.0**-20, "KiB": 2.0**-10}


@dataclass(frozen=True, slots=True)
class Ratio:
    """One line of the table.

    Attributes:
        name: What was measured.
        ours, reference: Medians, seconds; bytes where ``unit`` is MiB or KiB.
        goal: The ratio that it has to stay below.
        note: What a reader has to know.
        unit: What the table shows them in, ms, MiB or KiB.
    """

    name: str
    ours: float
    reference: float
    goal: float
    note: str = ""
    unit: str = "ms"

    @property
    def ratio(self) -> float:
        """Ours by the reference."""
        return self.ours / self.reference

    def line(self) -> str:
        """Return the line of the table."""
        mark = "ok" if self.ratio <= self.goal else "MISSED"
        scale, unit = _SCALES[self.unit], self.unit
        return (
            f"{self.name:<44} {self.ours * scale:>10.2f} {unit} {self.reference * scale:>10.2f} "
            f"{unit} {self.ratio:>6.2f}x  goal {self.goal:.2f}x  {mark}  {self.note}"
        )


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that ``work`` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def in_turn(
    ours: Callable[[], float], reference: Callable[[], float], rounds: int
) -> tuple[float, float]:
    """Return the medians of both, measured in turn after one round that does not count."""
    ours()
    reference()
    pairs = [(ours(), reference()) for _ in range(rounds)]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)
