"""``Session``: one run of the program, with its options, its manager and its way to talk."""

from __future__ import annotations

import json
import re
import sys
import traceback
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelkeep.cli.logs import PlainHandler, listen, stop_listening
from modelkeep.cli.output import plain
from modelkeep.errors import hint_of

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.core.configs import ModelConfigBase
    from modelkeep.settings import Settings

#: What JSON may hold as it is, but terminals act upon or UTF-8 cannot encode.
_DELICATE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class PipeClosedError(Exception):
    """Raised when nobody reads our output any more."""


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
    _handler: PlainHandler | None = field(default=None, repr=False)

    def take(self, root: Path | None, *, json: bool, quiet: bool, verbose: bool) -> None:
        """Add the common options, wherever on the line they stood."""
        self.root = root or self.root
        self.json = self.json or json
        self.quiet = self.quiet or quiet
        self.verbose = self.verbose or verbose
        self._listen("warning")

    @property
    def settings(self) -> Settings:
        """The settings of the root."""
        return self.manager.settings

    @property
    def manager(self) -> ModelManager:
        """The manager of the root, made when it is first needed."""
        if self._manager is None:
            from modelkeep.app.manager import ModelManager
            from modelkeep.settings import Settings

            settings = Settings.load(root=self.root, **self.options)
            self._listen(settings.log_level)
            self._manager = ModelManager(settings, takes_over=False)
        return self._manager

    def close(self) -> None:
        """Let go of what the manager holds."""
        try:
            if self._manager is not None:
                self._manager.close()
        finally:
            if self._handler is not None:
                stop_listening(self._handler)

    def _listen(self, level: str) -> None:
        if self._handler is not None:
            stop_listening(self._handler)
        self._handler = listen(self, level)

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
            self.complain(text)

    def complain(self, text: str) -> None:
        """Tell a person what is wrong, also one who asked for quiet."""
        sys.stderr.write(plain(text) + "\n")

    def report(self, error: BaseException, about: str = "") -> None:
        """Tell what went wrong and what to do next."""
        if self.verbose:
            traceback.print_exception(error)
        prefix = f"{about}: " if about and about not in message_of(error) else ""
        self.complain(f"Error: {prefix}{message_of(error)}")
        if hint := hint_of(error):
            self.complain(f"       {hint}")

    def confirm(self, question: str) -> bool:
        """Ask a person."""
        sys.stderr.write(f"{plain(question)} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().casefold() in {"y", "yes"}

    def print(self, text: str) -> None:
        """Print a result."""
        sys.stdout.write(plain(text) + "\n")

    def print_json(self, value: Any) -> None:
        """Print a result as one line of JSON, valid whatever standard output can encode."""
        is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
        text = json.dumps(value, ensure_ascii=not is_utf8)
        sys.stdout.write(_DELICATE.sub(lambda m: f"\\u{ord(m[0]):04x}", text) + "\n")

    def print_models(self, models: Iterable[ModelConfigBase], offline: Container[str] = ()) -> None:
        """Print records in the form that was asked for.

        Args:
            models: The records.
            offline: Names of roots that are not there; the state of a record in one is not known.
        """
        from modelkeep.cli.output import model_table

        chosen = list(models)
        if self.json:
            for model in chosen:
                state = {"state": "offline"} if model.root in offline else {}
                self.print_json({**model.to_json(), **state})
        elif self.quiet:
            for model in chosen:
                self.print(model.key)
        else:
            model_table(self, chosen)


def message_of(error: BaseException) -> str:
    """Return an error as one plain paragraph."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__
