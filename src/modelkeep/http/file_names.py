"""Where a file goes and what it is called there."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from modelkeep.core import limits
from modelkeep.core.names import safe_name

_FALLBACK = "download"


def file_name(told: str | None, url: str) -> str:
    """Return a safe name for a file from what a server calls it, or from its link.

    Args:
        told: The name in ``Content-Disposition``, untrusted; None when there is none. One that
            is a path, or longer than a file name can be, is not used.
        url: The link; its last part that is not empty counts.
    """
    if told and _is_plain(told):
        return safe_name(told)
    parts = [unquote(part) for part in urlsplit(url).path.split("/")]
    last = next((part for part in reversed(parts) if part.strip(". ")), _FALLBACK)
    return safe_name(last.rpartition("/")[2].rpartition("\\")[2] or _FALLBACK)


def _is_plain(name: str) -> bool:
    return (
        not {"/", "\\", "\0"} & set(name)
        and not name.startswith("..")
        and bool(name.strip(". "))
        and len(name.encode("utf-8", "surrogatepass")) <= limits.NAME_BYTES
    )
