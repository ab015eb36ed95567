"""Tokens on the command line: read from where others do not see them."""

from __future__ import annotations

import sys
from pathlib import Path

from modelkeep.cli.session import Session
from modelkeep.core.names import shown
from modelkeep.errors import UsageError


def read_token(session: Session, word: str | None) -> str | None:
    """Return the token that ``--token`` names: ``-`` is standard input, ``@FILE`` a file.

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
            "Others on this machine can see a token on the command line: --token - reads it from"
            " standard input, --token @FILE from a file."
        )
        token, place = word, "the command line"
    if not token.strip():
        raise UsageError(f"There is no token in {place}", hint="Give one, or leave --token out.")
    return token.strip()
