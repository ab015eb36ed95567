"""``Session``: one run of the program, with its options, its manager and its output."""

from __future__ import annotations

import json
import re
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from modelkeep.app.outcomes import error_json, message_of
from modelkeep.app.text import Table, plain
from modelkeep.cli.logs import log_by, start_logging, stop_logging
from modelkeep.core.commands import quoted
from modelkeep.core.reading import printable
from modelkeep.errors import ModelKeepError, hint_of

if TYPE_CHECKING:
    import logging

    from modelkeep.app.manager import ModelManager
    from modelkeep.settings import Settings

T = TypeVar("T")

#: What JSON may hold as it is, but terminals act upon or UTF-8 cannot encode.
_DELICATE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Result(Protocol):
    """What a command prints: as JSON, as keys only, or as text."""

    @property
    def key(self) -> str | None:
        """What ``--quiet`` prints."""

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""


@dataclass
class Session:
    """One run of the program.

    Attributes:
        root: Folder of the library; of the environment when None.
        json: Results as one JSON object a line.
        quiet: Results as keys only; no messages.
        verbose: Log messages and tracebacks.
        options: Settings given on the command line.
        commands: All that can be typed, to find them in messages.
    """

    root: Path | None = None
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    commands: frozenset[str] = frozenset()
    _manager: ModelManager | None = field(default=None, repr=False)
    _handler: logging.Handler | None = field(default=None, repr=False)

    def take(self, root: Path | None, *, json: bool, quiet: bool, verbose: bool) -> None:
        """Add the common options, wherever on the line they stood."""
        self.root = root or self.root
        self.json = self.json or json
        self.quiet = self.quiet or quiet
        self.verbose = self.verbose or verbose
        self._log("warning")

    @property
    def settings(self) -> Settings:
        """The settings of the root."""
        return self.manager.settings

    @property
    def manager(self) -> ModelManager:
        """The manager of the root, made when it is first needed."""
        if self._manager is None:
            from modelkeep.app.manager import ModelManager

            self._manager = ModelManager(self.load_settings(), takes_over=False)
        return self._manager

    def load_settings(self) -> Settings:
        """Return the settings of the root, and log as they say; no service is made."""
        from modelkeep.settings import Settings

        settings = Settings.load(root=self.root, **self.options)
        self._log(settings.log_level)
        return settings

    def log_by(self, handler: logging.Handler) -> None:
        """Have another handler write the log, from the level on that the settings say."""
        level = self.load_settings().log_level
        if self._handler is not None:
            stop_logging(self._handler)
        self._handler = handler
        log_by(handler, level, verbose=self.verbose, quiet=self.quiet)

    def close(self) -> None:
        """Close the manager, and stop logging."""
        try:
            if self._manager is not None:
                self._manager.close()
        finally:
            if self._handler is not None:
                stop_logging(self._handler)

    def _log(self, level: str) -> None:
        if self._handler is not None:
            stop_logging(self._handler)
        self._handler = start_logging(level, verbose=self.verbose, quiet=self.quiet)

    # -- messages, on standard error

    @property
    def is_terminal(self) -> bool:
        """Results go to a person."""
        return sys.stdout.isatty()

    @property
    def can_ask(self) -> bool:
        """A person can answer questions."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def say(self, text: str) -> None:
        """Write a message, unless quiet was asked for."""
        if not self.quiet:
            self.complain(text)

    def say_paused(self, number: int) -> None:
        """Write that this process waits for a job that another one paused, also when quiet."""
        self.complain(
            f"\nJob {number} was paused by another process. Continue with: modelkeep resume"
            f" {number}"
        )

    def complain(self, text: str) -> None:
        """Write a message, also where quiet was asked for."""
        sys.stderr.write(plain(self._runnable(text)) + "\n")

    def report(self, error: BaseException, about: str = "", *, in_json: bool = True) -> None:
        """Write what went wrong and what to do next.

        Args:
            error: What went wrong.
            about: The model, source or job that it is about.
            in_json: A line of JSON says so too, where that was asked for.
        """
        if self.verbose:
            traceback.print_exception(error)
        if self.json and in_json:
            source = {"source": about} if about else {}
            self.print_json({**source, "error": self._error_json(error)})
        shown = printable(about)
        prefix = f"{shown}: " if shown and shown not in message_of(error) else ""
        self.complain(f"Error: {prefix}{message_of(error)}")
        if hint := hint_of(error):
            self.complain(f"       {hint}")

    def _error_json(self, error: BaseException) -> dict[str, str]:
        found = error_json(error)
        return {**found, "hint": self._runnable(found["hint"])}

    def confirm(self, question: str) -> bool:
        """Ask a person."""
        sys.stderr.write(f"{plain(question)} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().casefold() in {"y", "yes"}

    # -- results, on standard output

    def print(self, text: str) -> None:
        """Print a result."""
        sys.stdout.write(plain(self._runnable(text)) + "\n")

    def _runnable(self, text: str) -> str:
        """Return a text whose commands use the library that this one uses."""
        if self.root is None or "modelkeep " not in text:
            return text
        there = f"modelkeep --root {quoted(self.root)} "
        names = "|".join(map(re.escape, self.commands))
        return re.sub(rf"\bmodelkeep (?=(?:{names})\b)", lambda _: there, text)

    def print_json(self, value: Any) -> None:
        """Print a result as one line of JSON, valid whatever standard output can encode."""
        is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
        text = json.dumps(value, ensure_ascii=not is_utf8)
        sys.stdout.write(_DELICATE.sub(lambda m: f"\\u{ord(m[0]):04x}", text) + "\n")

    def print_table(self, table: Table) -> None:
        """Print a table: in colour for a terminal, as plain aligned text for a pipe."""
        if not self.is_terminal:
            self.print(str(table))
            return
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table as RichTable
        from rich.text import Text

        shown = RichTable(*table.titles, box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
        for row in table.rows:
            shown.add_row(*(Text(cell) for cell in row))
        Console().print(shown)

    def show(self, answer: Result) -> None:
        """Print one answer in the form that was asked for."""
        if self.json:
            self.print_json(answer.to_json())
        elif not self.quiet:
            self.print(str(answer))
        elif answer.key is not None:
            self.print(answer.key)

    def show_all(
        self,
        answers: Iterable[Result],
        table: Callable[[], Table],
        *,
        nothing: str = "",
    ) -> None:
        """Print answers in the form that was asked for.

        Args:
            answers: One each.
            table: All of them, for people.
            nothing: What to say to people where there are none.
        """
        chosen = list(answers)
        if self.json or self.quiet:
            for answer in chosen:
                self.show(answer)
        elif chosen:
            self.print_table(table())
        else:
            self.say(nothing)

    def each(self, names: Iterable[T], do: Callable[[T], None], about: str = "{}") -> int:
        """Do something with each of what was named, report what fails, and return how many did.

        Args:
            names: What was named.
            do: Prints what came of one.
            about: How a report names one.
        """
        failed = 0
        for name in names:
            try:
                do(name)
            except (ModelKeepError, OSError) as error:
                failed += 1
                self.report(error, about.format(name))
        return failed
