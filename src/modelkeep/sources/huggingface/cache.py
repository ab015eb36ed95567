"""The cache of Hugging Face's own programs: their blobs by sha256, and their token."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from modelkeep.errors import SourceError
from modelkeep.sources.layouts.text_files import read_text

_TRUE = frozenset({"1", "ON", "YES", "TRUE"})
#: Variables of the environment that hold a token.
TOKEN_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")


def home(environment: Mapping[str, str]) -> Path:
    """Return the folder of Hugging Face's programs, as their settings name it."""
    if value := environment.get("HF_HOME"):
        return Path(value).expanduser()
    above = environment.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(above).expanduser() / "huggingface"


def hub(environment: Mapping[str, str]) -> Path:
    """Return the folder of cached repositories."""
    value = environment.get("HF_HUB_CACHE") or environment.get("HUGGINGFACE_HUB_CACHE")
    return Path(value).expanduser() if value else home(environment) / "hub"


def blob(folder: Path, repo: str, sha256: str | None, size: int | None) -> Path | None:
    """Return the file of a repository that the cache has with this sha256 and size.

    The caller compares the hash of what it holds: a name proves nothing.
    """
    if sha256 is None:
        return None
    path = folder / f"models--{repo.replace('/', '--')}" / "blobs" / sha256
    try:
        has_size = path.is_file() and size in {None, path.stat().st_size}
    except OSError:
        # What cannot be looked at is fetched.
        return None
    return path if has_size else None


def is_offline(environment: Mapping[str, str]) -> bool:
    """Tell whether the environment forbids Hugging Face's programs to use the network."""
    names = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    return any(environment.get(name, "").upper() in _TRUE for name in names)


def is_token_implicit(environment: Mapping[str, str]) -> bool:
    """Tell whether a token may be sent that nobody gave for this very request."""
    return environment.get("HF_HUB_DISABLE_IMPLICIT_TOKEN", "").upper() not in _TRUE


def token(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the token that Hugging Face's programs would use, or None."""
    if not is_token_implicit(environment):
        return None
    for name in TOKEN_VARIABLES:
        if value := "".join(environment.get(name, "").split()):
            return value
    named = environment.get("HF_TOKEN_PATH")
    path = Path(named).expanduser() if named else home(environment) / "token"
    if not path.is_file():
        return None
    try:
        return "".join(read_text(path).split()) or None
    except SourceError:
        # Repositories that are open to all need none; others say that it is missing.
        return None
