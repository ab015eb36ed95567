"""Running a command: its errors become a message, a hint and an exit status."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from io import TextIOWrapper

import typer

from modelkeep.cli.app import make_app
from modelkeep.cli.session import Session
from modelkeep.errors import EXIT_DONE, EXIT_INTERRUPTED, EXIT_USAGE, exit_status


def run(words: list[str]) -> int:
    """Run the command that ``words`` name and return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    session = Session()
    try:
        result = make_app()(args=words, prog_name="modelkeep", obj=session, standalone_mode=False)
    except BaseException as error:  # noqa: BLE001 - the last place where an error can be told
        return _end(session, error)
    finally:
        session.close()
    return result if isinstance(result, int) else EXIT_DONE


def _end(session: Session, error: BaseException) -> int:
    """Tell what ended the command and return its exit status."""
    match error:
        case typer.Exit():
            return error.exit_code
        case typer.TyperException():
            session.say(f"Error: {error.format_message()}")
            session.say("       modelkeep --help shows what can be typed.")
            return EXIT_USAGE
        case typer.Abort() | KeyboardInterrupt():
            session.say("Interrupted; what was done is kept, nothing is half-way.")
            return EXIT_INTERRUPTED
        case BrokenPipeError():
            _leave_pipe()
            return EXIT_DONE
    session.report(error)
    return exit_status(error)


def _leave_pipe() -> None:
    """The reader of our output went away: end quietly, as other programs do."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
