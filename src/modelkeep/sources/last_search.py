"""The last search of each user of a root, so that what was found can be named by its number."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from modelkeep.disk import paths
from modelkeep.errors import SourceError, SourceNotFoundError
from modelkeep.settings import Settings
from modelkeep.sources.layouts.text_files import read_text
from modelkeep.sources.site import SearchResult

#: What the names of such files begin with; each is of one user.
LAST_SEARCH = "last-search-"
_HINT = "Search again: modelkeep search WORDS"


def last_search_path(settings: Settings) -> Path:
    """Return the file of this user's last search, beside the state of this machine."""
    return settings.state_path.with_name(f"{LAST_SEARCH}{os.geteuid()}.json")


def remember_search(settings: Settings, words: str, found: Sequence[SearchResult]) -> None:
    """Keep what a search found, in the order in which it was numbered from 1 on.

    Raises:
        StorageError: it cannot be written.
    """
    stored = {"words": words, "sources": [each.source for each in found]}
    paths.write_file(last_search_path(settings), json.dumps(stored).encode(), 0o600, durable=False)


def from_last_search(number: int, settings: Settings) -> str:
    """Return the source that has this number in the last search.

    Raises:
        SourceNotFoundError: nothing was searched for, or it found fewer.
    """
    try:
        stored = json.loads(read_text(last_search_path(settings)))
        sources = [str(each) for each in stored["sources"]]
        words = str(stored["words"])
    except (SourceError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise SourceNotFoundError(
            f"{number} does not exist on this disk, and this library has no stored search",
            hint=_HINT,
        ) from error
    if not 1 <= number <= len(sources):
        raise SourceNotFoundError(
            f"No result {number}: the last search, for {words!r}, found {len(sources)}",
            hint=_HINT,
        )
    return sources[number - 1]
