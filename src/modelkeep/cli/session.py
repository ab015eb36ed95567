"""``Session``: one run of the program, with its options, its manager and its way to talk."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from modelkeep.errors import hint_of

if TYPE_CHECKING:
    from modelkeep.core.configs import ModelConfigBase
    from modelkeep.manager import ModelManager
    from modelkeep.settings import Settings


@dataclass
class Session:
    """One run of the program.

    Attributes:
        root: Folder of the library, when it was named.
        json: Results as one JSON object a line.
        quiet: Results as keys only; no messages.
        verbose: Tell more: log messages and tracebacks.
        options: Settings given on the command line.
    """

    root: Path | None = None
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    _manager: ModelManager | None = field(default=None, repr=False)

    def take(self, root: Path | None, *, json: bool, quiet: bool, verbose: bool) -> None:
        """Add the common options, wherever on the line they stood."""
        self.root = root or self.root
        self.json = self.json or json
        self.quiet = self.quiet or quiet
        self.verbose = self.verbose or verbose
        level = logging.DEBUG if self.verbose else logging.WARNING
        logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr)

    @property
    def settings(self) -> Settings:
        """The settings of the root."""
        return self.manager.settings

    @property
    def manager(self) -> ModelManager:
        """The manager of the root, made when it is first needed."""
        if self._manager is None:
            from modelkeep.manager import ModelManager
            from modelkeep.settings import Settings

            self._manager = ModelManager(Settings.load(root=self.root, **self.options))
        return self._manager

    def close(self) -> None:
        """Let go of what the manager holds."""
        if self._manager is not None:
            self._manager.close()

    # -- talking

    @property
    def is_terminal(self) -> bool:
        """Results go to a person."""
        return sys.stdout.isatty()

    @property
    def can_ask(self) -> bool:
        """A person can answer questions."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def say(self, text: str) -> None:
        """Tell a person something beside the results."""
        if not self.quiet:
            sys.stderr.write(text + "\n")

    def report(self, error: BaseException, about: str = "") -> None:
        """Tell what went wrong and what to do next."""
        if self.verbose:
            traceback.print_exception(error)
        prefix = f"{about}: " if about and about not in message_of(error) else ""
        sys.stderr.write(f"Error: {prefix}{message_of(error)}\n")
        if hint := hint_of(error):
            sys.stderr.write(f"       {hint}\n")

    def confirm(self, question: str) -> bool:
        """Ask a person."""
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().casefold() in {"y", "yes"}

    def print(self, text: str) -> None:
        """Print a result."""
        sys.stdout.write(text + "\n")

    def print_json(self, value: Any) -> None:
        """Print a result as one line of JSON."""
        sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")

    def print_models(self, models: Iterable[ModelConfigBase]) -> None:
        """Print records in the form that was asked for."""
        from modelkeep.cli.output import model_table

        chosen = list(models)
        if self.json:
            for model in chosen:
                self.print_json(model.to_json())
        elif self.quiet:
            for model in chosen:
                self.print(model.key)
        else:
            model_table(self, chosen)


def message_of(error: BaseException) -> str:
    """Return an error as one plain paragraph."""
    if isinstance(error, ValidationError):
        lines = [
            f"{'.'.join(map(str, line['loc'])) or 'config'}: {line['msg']}"
            for line in error.errors()
        ]
        return "The config does not fit: " + "; ".join(lines)
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__
