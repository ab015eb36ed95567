"""From what people type or paste to a source."""

from __future__ import annotations

import re
from pathlib import Path

from modelkeep.errors import SourceNotFoundError, UnsupportedSourceError
from modelkeep.sources.local import LocalModelSource

_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_REPOSITORY = re.compile(r"[.\w-]+/[.\w-]+(:[\w.-]*){0,2}")


def parse_source(text: str | Path, *, inplace: bool = False) -> LocalModelSource:
    """Return the source that ``text`` names.

    Raises:
        UnsupportedSourceError: it is an address, which this version does not fetch.
        SourceNotFoundError: it can only be a path, and nothing lies there.
    """
    path = Path(text).expanduser()
    if path.exists() or path.is_symlink():
        return LocalModelSource(path=path.absolute(), inplace=inplace)
    name = str(text)
    if _URL.match(name):
        raise UnsupportedSourceError(
            f"{name.partition('?')[0]} is an address, and this version installs from disks only",
            hint="Download the file with your browser, then install it by its path.",
        )
    if _REPOSITORY.fullmatch(name) and not path.parent.exists():
        raise SourceNotFoundError(
            f"{name} does not exist on this disk; if you mean the Hugging Face repository, "
            "this version installs from disks only",
            hint=f"Download it first, for example with: hf download {name.partition(':')[0]}",
        )
    raise SourceNotFoundError(
        f"{name!r} does not exist", hint="Check the path; nothing was changed."
    )
