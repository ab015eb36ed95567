"""Which links may be written down: those that hold no secret."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus, urlsplit

#: What the query of a link may say; any other word could be a secret, or belong to a signature.
_HARMLESS = frozenset(
    {
        "branch", "dl", "download", "file", "filename", "format", "fp", "id", "modelversionid",
        "name", "path", "quant", "raw", "ref", "rev", "revision", "size", "subfolder", "type",
        "v", "variant", "version",
    }
)  # fmt: skip
_HARMLESS_VALUE = re.compile(r"[\w .+/,:-]{0,64}", re.ASCII)


def is_plain(url: str) -> bool:
    """Tell whether a link holds no secret, so that it can be stored as it is.

    A login, a fragment, and whatever a query says beside the few words that are known to be
    harmless count as secrets.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    pairs = [pair.partition("=") for pair in parts.query.split("&") if pair]
    return (
        "@" not in parts.netloc
        and not parts.fragment
        and ";" not in parts.path
        and all(
            unquote_plus(name).lower() in _HARMLESS
            and _HARMLESS_VALUE.fullmatch(unquote_plus(value))
            for name, _, value in pairs
        )
    )
