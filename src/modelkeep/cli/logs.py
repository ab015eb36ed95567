"""Log messages of the program: plain lines on standard error, tracebacks only when asked for."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from modelkeep.cli.output import plain

if TYPE_CHECKING:
    from modelkeep.cli.session import Session


class PlainHandler(logging.Handler):
    """Writes the messages of modelkeep's loggers for one session.

    Args:
        session: Says whether tracebacks are wanted.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def emit(self, record: logging.LogRecord) -> None:
        """Write one message to the standard error of this moment."""
        text = self.format(record) if self._session.verbose else record.getMessage()
        sys.stderr.write(f"{plain(text)}\n")


def listen(session: Session, level: str) -> PlainHandler:
    """Show messages from ``level`` on, all of them with ``--verbose``, errors with ``--quiet``."""
    handler = PlainHandler(session)
    logger = logging.getLogger("modelkeep")
    logger.addHandler(handler)
    chosen = "debug" if session.verbose else "error" if session.quiet else level
    logger.setLevel(chosen.upper())
    return handler


def stop_listening(handler: PlainHandler) -> None:
    """Take the handler off again."""
    logger = logging.getLogger("modelkeep")
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)
