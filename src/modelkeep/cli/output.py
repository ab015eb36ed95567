"""Tables, sizes and progress: how results look to people."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self

from modelkeep.cli.speed import Speed, left_text, time_left
from modelkeep.core.names import size_text
from modelkeep.core.taxonomy import FORMAT_LABELS, type_label
from modelkeep.identification.known_families import base_label

if TYPE_CHECKING:
    from modelkeep.cli.session import Session
    from modelkeep.core.configs import ModelConfigBase

#: Control characters, and those that turn the direction of text: terminals act upon them.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

#: Characters of a bar's label.
_LABEL = 32


def plain(text: str) -> str:
    """Return ``text`` with control characters spelled out: names and notes come from strangers."""
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


def one_line(text: str) -> str:
    """Return ``text`` for a cell of a table: plain, and on one line."""
    return plain(" ".join(text.split()))


def time_text(seconds: float | None) -> str:
    """Return a time as people write it, in their own zone."""
    if seconds is None:
        return "-"
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def table(session: Session, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under titles: in colour for a terminal, as plain aligned text for a pipe."""
    rows = [[one_line(cell) for cell in row] for row in rows]
    if session.is_terminal:
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        shown = Table(*titles, box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
        for row in rows:
            shown.add_row(*(Text(cell) for cell in row))
        Console().print(shown)
        return
    widths = [max(len(cell) for cell in column) for column in zip(titles, *rows, strict=True)]
    for row in (titles, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        session.print("  ".join(cells).rstrip())


def pairs(session: Session, facts: Sequence[tuple[str, str]]) -> None:
    """Print facts as two columns."""
    width = max((len(name) for name, _ in facts), default=0)
    for name, value in facts:
        lines = value.replace("\n", "\n" + " " * (width + 2))
        session.print(f"{name.ljust(width)}  {lines}")


def model_table(session: Session, models: Sequence[ModelConfigBase]) -> None:
    """Print records as a table for people."""
    rows = [
        (
            model.key[:8],
            model.name,
            type_label(model.type),
            base_label(model.base) + variant_text(model),
            FORMAT_LABELS.get(model.format, str(model.format)),
            size_text(model.size),
        )
        for model in models
    ]
    table(session, ("KEY", "NAME", "TYPE", "BASE", "FORM", "SIZE"), rows)


def variant_text(model: ModelConfigBase) -> str:
    """Return the variant of a main model in brackets, where it is not the normal one."""
    variant = getattr(model, "variant", None)
    return f" ({variant})" if variant and variant != "normal" else ""


class Bar:
    """A progress bar on standard error; nothing where nobody sees it.

    Use it as a context manager and call ``show`` as the work goes on.
    """

    def __init__(
        self, label: str, *, is_shown: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._label = one_line(label)[:_LABEL]
        self._is_shown = is_shown and sys.stderr.isatty()
        self._clock = clock
        self._speed = Speed(clock())
        self._last = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.hide()

    def hide(self) -> None:
        """Take the bar off the screen; the next ``show`` draws it again."""
        if self._is_shown and self._last:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def show(self, done: int, total: int, *, came: int | None = None, also: str = "") -> None:
        """Draw how far the work is, at most ten times a second.

        Args:
            done: Bytes that are there.
            total: Bytes that there will be; nothing is drawn while that is 0.
            came: Those of ``done`` that came since the begin; all of them when None.
            also: Further facts, a few words.
        """
        now = self._clock()
        if not (self._is_shown and total) or now - self._last < 0.1:  # noqa: PLR2004
            return
        self._last = now
        rate = self._speed.note(done if came is None else came, now)
        left = left_text(time_left(total - done, rate))
        words = [f"{size_text(done)} of {size_text(total)}", f"{size_text(rate)}/s", left, also]
        facts = " " + ", ".join(filter(None, words))
        room = max(shutil.get_terminal_size().columns - len(facts) - len(self._label) - 4, 5)
        filled = int(room * done / total)
        bar = f"[{'#' * filled}{' ' * (room - filled)}]"
        sys.stderr.write(f"\r\x1b[K{self._label} {bar}{facts}")
        sys.stderr.flush()
