"""Progress on standard error: a bar and a status line; nothing if it is not a terminal."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from typing import Self

from modelkeep.app.text import one_line
from modelkeep.core.names import size_text
from modelkeep.core.speed import Speed, left_text, time_left

#: Characters of a bar's label.
_LABEL = 32
#: A line is drawn anew after so many seconds at the earliest.
_PAUSE = 0.1


class StatusLine:
    """One line that is redrawn at most ten times a second.

    Use it as a context manager; at the end the line is taken away.
    """

    def __init__(self, *, is_shown: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._is_shown = is_shown and sys.stderr.isatty()
        self._clock = clock
        self._last = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.hide()

    def hide(self) -> None:
        """Take the line off the screen; the next ``draw`` writes it again."""
        if self._is_shown and self._last:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def draw(self, text: Callable[[float], str]) -> None:
        """Write the line anew, unless it was just written.

        Args:
            text: Gives it, for a time of the clock.
        """
        now = self._clock()
        if not self._is_shown or now - self._last < _PAUSE:
            return
        self._last = now
        sys.stderr.write(f"\r\x1b[K{text(now)}")
        sys.stderr.flush()


class Bar(StatusLine):
    """A progress bar: bytes, speed and the time that is left."""

    def __init__(
        self, label: str, *, is_shown: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(is_shown=is_shown, clock=clock)
        self._label = one_line(label)[:_LABEL]
        self._speed = Speed(clock())

    def show(self, done: int, total: int, *, came: int | None = None, also: str = "") -> None:
        """Draw how far the work is.

        Args:
            done: Bytes that are there.
            total: Bytes that there will be; nothing is drawn while that is 0.
            came: Those of ``done`` that came since the begin; all of them when None.
            also: Further facts, a few words.
        """
        if total:
            self.draw(
                lambda now: self._text(done, total, done if came is None else came, also, now)
            )

    def _text(self, done: int, total: int, came: int, also: str, now: float) -> str:
        rate = self._speed.note(came, now)
        left = left_text(time_left(total - done, rate))
        words = [f"{size_text(done)} of {size_text(total)}", f"{size_text(rate)}/s", left, also]
        facts = " " + ", ".join(filter(None, words))
        room = max(shutil.get_terminal_size().columns - len(facts) - len(self._label) - 4, 5)
        filled = int(room * done / total)
        return f"{self._label} [{'#' * filled}{' ' * (room - filled)}]{facts}"


class ByteCount:
    """Draws how many bytes of several models were read, also past models that could not be."""

    def __init__(self, bar: Bar, total: int) -> None:
        self._bar = bar
        self._total = total
        self._settled = 0
        self._read = 0

    def add(self, count: int) -> None:
        """Count bytes of the model that is being read."""
        self._read += count
        self._bar.show(min(self._settled + self._read, self._total), self._total)

    def settle(self, size: int) -> None:
        """Count a model of ``size`` bytes as done."""
        self._settled += size
        self._read = 0
