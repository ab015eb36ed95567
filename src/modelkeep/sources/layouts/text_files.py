"""Small files of other programs, read whole: bounded, as UTF-8, with the line of what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from modelkeep.core import limits
from modelkeep.core.names import shown
from modelkeep.core.reading import LocalFile
from modelkeep.errors import UnreadableSourceError


def broken_file(path: Path, line: int | None, reason: str) -> UnreadableSourceError:
    """Return the error for a file that lacks what it has to have.

    Args:
        path: The file.
        line: Where, counted from 1; None when no line is to blame.
        reason: What is wrong with it; quotes nothing of it that may be a secret.
    """
    where = shown(path) if line is None else f"{shown(path)}, line {line}"
    return UnreadableSourceError(
        f"{where}: {reason}",
        hint="Correct the file or pass the models folder itself.",
    )


def read_text(path: Path, limit: int = limits.LAYOUT_FILE_BYTES) -> str:
    """Return the text of a file.

    Args:
        path: The file.
        limit: How many bytes it may have.

    Raises:
        SourceError: it is not there, may not be read, is too long or no UTF-8.
    """
    with LocalFile(path) as file:
        if file.size > limit:
            raise broken_file(path, None, f"it has {file.size:,} bytes; the limit is {limit:,}")
        data = file.read_at(0, file.size)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise broken_file(path, line, "it is not UTF-8 text") from error


def read_json_map(path: Path, limit: int = limits.LAYOUT_FILE_BYTES) -> dict[str, Any]:
    """Return the object that a JSON file holds.

    Raises:
        SourceError: it cannot be read, or holds something else.
    """
    text = read_text(path, limit)
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise broken_file(path, error.lineno, f"it is not JSON: {error.msg}") from error
    except (RecursionError, ValueError) as error:  # ValueError: an endless number
        raise broken_file(path, None, "its JSON cannot be read") from error
    if not isinstance(found, dict):
        raise broken_file(path, 1, "it is not a JSON object")
    return found
