"""Log messages of the program: plain lines on standard error, tracebacks only when asked for."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

from modelkeep.app.text import plain


class PlainHandler(logging.Handler):
    """Writes the messages of modelkeep's loggers to standard error.

    Args:
        verbose: With tracebacks.
    """

    def __init__(self, *, verbose: bool) -> None:
        super().__init__()
        self._verbose = verbose

    def emit(self, record: logging.LogRecord) -> None:
        """Write one message to the standard error of this moment."""
        text = self.format(record) if self._verbose else record.getMessage()
        with suppress(OSError, ValueError):  # logging goes on in threads whose work is not this
            sys.stderr.write(f"{plain(text)}\n")


def start_logging(level: str, *, verbose: bool = False, quiet: bool = False) -> PlainHandler:
    """Show messages from ``level`` on, all of them with ``verbose``, errors with ``quiet``."""
    handler = PlainHandler(verbose=verbose)
    logger = logging.getLogger("modelkeep")
    logger.addHandler(handler)
    chosen = "debug" if verbose else "error" if quiet else level
    logger.setLevel(chosen.upper())
    return handler


def stop_logging(handler: PlainHandler) -> None:
    """Take the handler off again."""
    logger = logging.getLogger("modelkeep")
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)
