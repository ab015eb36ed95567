"""From what people type or paste to a source."""

from __future__ import annotations

import os
import re
from pathlib import Path

from modelkeep.core.names import full_path
from modelkeep.core.reading import printable
from modelkeep.errors import SourceNotFoundError, UnsupportedSourceError
from modelkeep.sources.local import LocalModelSource

_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_REPOSITORY = re.compile(r"[.\w-]+/[.\w-]+(:[\w.-]*){0,2}")


def parse_source(text: str | Path, *, inplace: bool = False) -> LocalModelSource:
    """Return the source that ``text`` names; something has to be there.

    Raises:
        UnsupportedSourceError: it is an address, which this version does not fetch.
        SourceNotFoundError: it can only be a path, and nothing lies there.
    """
    source = local_source(text, inplace=inplace)
    if "\0" in str(text) or not os.path.lexists(source.path):
        raise SourceNotFoundError(
            f"{printable(text)!r} does not exist", hint="Check the path; nothing was changed."
        )
    return source


def local_source(text: str | Path, *, inplace: bool = False) -> LocalModelSource:
    """Return the local source that ``text`` names, whether or not something is there.

    Raises:
        UnsupportedSourceError: it is an address, which this version does not fetch.
        SourceNotFoundError: it is empty, or names a repository.
    """
    name = str(text)
    if not name.strip() or (isinstance(text, Path) and not text.parts):
        raise SourceNotFoundError("No path was given", hint="Name a model file or a model folder.")
    if _URL.match(name):
        raise UnsupportedSourceError(
            f"{name.partition('?')[0]} is an address, and this version installs from disks only",
            hint="Download the file with your browser, then install it by its path.",
        )
    if "\0" in name:  # told of when it is used, like any path that is not there
        return LocalModelSource(path=Path(text), inplace=inplace)
    path = full_path(text)
    if _REPOSITORY.fullmatch(name) and not os.path.lexists(path) and not path.parent.exists():
        raise SourceNotFoundError(
            f"{name} does not exist on this disk; if you mean the Hugging Face repository, "
            "this version installs from disks only",
            hint=f"Download it first, for example with: hf download {name.partition(':')[0]}",
        )
    return LocalModelSource(path=path, inplace=inplace)
