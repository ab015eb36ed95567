"""Running a command: its errors become a message, a hint and an exit status."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

import typer

from modelkeep.app.outcomes import (
    EXIT_DONE,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    outcome_of,
)
from modelkeep.cli.session import Session
from modelkeep.cli.streams import OutputError
from modelkeep.cli.tree import COMMAND_NAMES, make_program
from modelkeep.errors import UsageError

#: Signals that end a command as Ctrl-C does: from ``kill``, and from a terminal that closes.
_ENDING = (signal.SIGTERM, signal.SIGHUP)


def run(words: list[str]) -> int:
    """Run the command that ``words`` name and return the exit status."""
    # Said before the words are parsed: an error of theirs is told in JSON as well.
    session = Session(json="--json" in words, commands=COMMAND_NAMES)
    try:
        with _interruptible():
            return _run(session, words)
    except BaseException as error:  # noqa: BLE001 - the last place where an error can be reported
        return _end(session, error)


def _run(session: Session, words: list[str]) -> int:
    try:
        result: Any = make_program().main(
            args=words, prog_name="modelkeep", obj=session, standalone_mode=False
        )
    finally:
        session.close()
    return result if isinstance(result, int) else EXIT_DONE


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, signal.default_int_handler)
        for number in _ENDING
        if signal.getsignal(number) is signal.SIG_DFL
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(session: Session, error: BaseException) -> int:
    """Tell what ended the command and return its exit status."""
    match error:
        case OutputError():
            raise error
        case SystemExit():
            return error.code if isinstance(error.code, int) else EXIT_FAILED
        case typer.Exit():
            return error.exit_code
        case typer.TyperException():
            return _wrong_usage(session, error)
        case typer.Abort() | KeyboardInterrupt():
            session.say("\nInterrupted; finished work is kept.")
            return EXIT_INTERRUPTED
    session.report(error)
    return outcome_of(error).exit


def _wrong_usage(session: Session, error: typer.TyperException) -> int:
    text = error.format_message().replace("Value error, ", "")
    if text.startswith("Usage:"):
        session.complain(text)
    else:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "modelkeep"
        session.report(UsageError(text, hint=f"{command} --help shows the usage."))
    return EXIT_USAGE
