"""Measuring in turn: ours, the reference, ours, the reference ... and the medians of both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ratio:
    """One line of the table.

    Attributes:
        name: What was measured.
        ours, reference: Medians, seconds.
        goal: The ratio that it has to stay below.
        note: What a reader has to know.
    """

    name: str
    ours: float
    reference: float
    goal: float
    note: str = ""

    @property
    def ratio(self) -> float:
        """Ours by the reference."""
        return self.ours / self.reference

    def line(self) -> str:
        """Return the line of the table."""
        mark = "ok" if self.ratio <= self.goal else "MISSED"
        return (
            f"{self.name:<44} {self.ours * 1e3:>10.2f} ms {self.reference * 1e3:>10.2f} ms "
            f"{self.ratio:>6.2f}x  goal {self.goal:.2f}x  {mark}  {self.note}"
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
