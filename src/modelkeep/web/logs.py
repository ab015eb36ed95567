"""``JsonHandler``: the log as one JSON object a line, for programs that gather logs."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import msgspec

#: Id of the request that is being answered; empty outside of one.
REQUEST_ID: ContextVar[str] = ContextVar("modelkeep_request_id", default="")


class JsonHandler(logging.Handler):
    """Writes time, level, logger, message and, within a request, its id to standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one message to the standard error of this moment."""
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request := REQUEST_ID.get():
            told["request"] = request
        if record.exc_info:
            told["traceback"] = logging.Formatter().formatException(record.exc_info)
        line = msgspec.json.encode(_clean(told)).decode()
        with suppress(OSError, ValueError):  # whoever reads the log has gone
            sys.stderr.write(f"{line}\n")


def _clean(told: dict[str, str]) -> dict[str, str]:
    """Replace what UTF-8 cannot encode: names of files may hold any bytes."""
    return {name: text.encode("utf-8", "backslashreplace").decode() for name, text in told.items()}
