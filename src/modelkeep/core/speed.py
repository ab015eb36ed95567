"""``Speed``: the current rate and the remaining time."""

from __future__ import annotations

from collections import deque

#: Seconds that count: long enough to be steady, short enough to follow the line.
_WINDOW = 5.0


class Speed:
    """Measures bytes a second over the last seconds.

    Args:
        begun: When it began; seconds of a clock that only runs forward.
        came: What had come by then.
    """

    def __init__(self, begun: float, came: int = 0) -> None:
        self._samples: deque[tuple[float, int]] = deque([(begun, came)])

    def note(self, came: int, now: float) -> float:
        """Take in how many bytes have come by now; return how many come each second."""
        self._samples.append((now, came))
        while len(self._samples) > 2 and self._samples[1][0] <= now - _WINDOW:  # noqa: PLR2004
            self._samples.popleft()
        begun, before = self._samples[0]
        return max(came - before, 0) / max(now - begun, 0.001)


def time_left(rest: int, rate: float) -> float | None:
    """Return the seconds that ``rest`` bytes will take; None when nothing comes."""
    return max(rest, 0) / rate if rate else None


def left_text(seconds: float | None) -> str:
    """Return a time as people say it: ``8 s left``, ``3 min left``; empty when it is not known."""
    if seconds is None:
        return ""
    if seconds < 100:  # noqa: PLR2004 - up to here seconds say more
        return f"{seconds:.0f} s left"
    minutes = round(seconds / 60)
    return f"{minutes} min left" if minutes < 100 else f"{minutes / 60:.1f} h left"  # noqa: PLR2004
