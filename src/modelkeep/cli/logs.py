"""Log messages of the program: plain lines on standard error, tracebacks only when asked for."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

from modelkeep.app.text import plain

#: Those of this program, and of the server that it runs.
_LOGGERS = ("modelkeep", "uvicorn")


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


def start_logging(level: str, *, verbose: bool = False, quiet: bool = False) -> logging.Handler:
    """Show messages from ``level`` on, all of them with ``verbose``, errors with ``quiet``."""
    handler = PlainHandler(verbose=verbose)
    log_by(handler, level, verbose=verbose, quiet=quiet)
    return handler


def log_by(
    handler: logging.Handler, level: str, *, verbose: bool = False, quiet: bool = False
) -> None:
    """Have a handler write the messages that ``start_logging`` would show."""
    chosen = "debug" if verbose else "error" if quiet else level
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(chosen.upper())


def stop_logging(handler: logging.Handler) -> None:
    """Take the handler off again."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
