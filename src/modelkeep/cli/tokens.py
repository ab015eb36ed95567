"""Tokens on the command line, read from where other users cannot see them."""

from __future__ import annotations

import sys
import termios
from pathlib import Path

from modelkeep.cli.session import Session
from modelkeep.core.names import shown
from modelkeep.errors import UsageError


def read_token(session: Session, word: str | None, option: str = "--token ") -> str | None:
    """Return the token that ``--token`` names: ``-`` is standard input, ``@FILE`` a file.

    Args:
        session: Warns of a token that others can see.
        word: What was typed.
        option: What stands before it, for the warning.

    Raises:
        UsageError: there is none in it.
    """
    if word is None:
        return None
    if word == "-":
        token, place = sys.stdin.readline(), "standard input"
    elif word.startswith("@"):
        path = Path(word[1:]).expanduser()
        place = shown(path)
        try:
            token = path.read_text(encoding="utf-8").partition("\n")[0]
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"The token cannot be read from {place}: {error}", hint="Check the file."
            ) from error
    else:
        session.say(
            f"Other users can see tokens on the command line. Use {option}- to read standard input"
            f" or {option}@FILE to read a file."
        )
        token, place = word, "the command line"
    if not token.strip():
        raise UsageError(f"No token in {place}", hint="Pass one or drop the option.")
    return token.strip()


def ask_token(question: str) -> str:
    """Ask a person at a terminal for a token; what is typed is not shown.

    Raises:
        UsageError: nothing was typed.
    """
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    silent = termios.tcgetattr(terminal)
    silent[3] &= ~termios.ECHO
    try:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, silent)
        # Asked once nothing is shown any more: what answers may be quick.
        sys.stderr.write(question)
        sys.stderr.flush()
        typed = sys.stdin.readline().strip()
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
        sys.stderr.write("\n")
    if not typed:
        raise UsageError("No token entered", hint="Nothing was changed.")
    return typed
