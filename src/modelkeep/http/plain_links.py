"""Which links may be written down: those that hold no secret, and the rest without it."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus, urlsplit

from modelkeep.http.origins import redacted

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
    return (
        "@" not in parts.netloc
        and not parts.fragment
        and ";" not in parts.path
        and all(_is_harmless(pair) for pair in parts.query.split("&") if pair)
    )


def without_secrets(url: str) -> str:
    """Return a link as it may be written down: itself where it holds no secret.

    A login and a fragment go; in the query ``...`` takes the place of each value that may be one.
    """
    if is_plain(url):
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return redacted(url)
    pairs = [
        pair
        if not pair or _is_harmless(pair)
        else f"{pair.partition('=')[0]}=..."
        if "=" in pair
        else "..."
        for pair in parts.query.split("&")
    ]
    path = parts.path.partition(";")[0]
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, path=path, query="&".join(pairs), fragment="").geturl()


def _is_harmless(pair: str) -> bool:
    name, _, value = pair.partition("=")
    is_known = unquote_plus(name).lower() in _HARMLESS
    return is_known and _HARMLESS_VALUE.fullmatch(unquote_plus(value)) is not None
