"""Searching the sites; results are numbered, so that ``install 3`` installs the third."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelkeep.app.outcomes import message_of
from modelkeep.app.text import Table
from modelkeep.core.names import size_text
from modelkeep.errors import StorageError
from modelkeep.sources.last_search import remember_search

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.sources.site import SearchResult


@dataclass(frozen=True, slots=True)
class Hit:
    """One model that a site has.

    Attributes:
        number: By which ``install`` takes it.
    """

    number: int
    found: SearchResult

    @property
    def key(self) -> str:
        """What ``install`` takes."""
        return self.found.source

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        found = self.found
        return {
            "number": self.number,
            "source": found.source,
            "name": found.name,
            "author": found.author,
            "site": found.site,
            "type": found.type_hint,
            "base": found.base_hint,
            "size": found.size,
            "downloads": found.downloads,
            "page": found.page,
        }


def search(
    manager: ModelManager, text: str, site: str | None = None, **filters: object
) -> list[Hit]:
    """Search the sites.

    Args:
        manager: Of the library.
        text: Words to look for.
        site: Only this one; all of them when None.
        filters: ``type``, ``base`` and ``limit``; None is not given.

    Raises:
        UsageError: there is no such site, or it cannot be searched.
        SourceError: no site answered.
    """
    given: Mapping[str, str] = {n: str(value) for n, value in filters.items() if value is not None}
    found = manager.sites.search(text, site, dict(given))
    return [Hit(number, one) for number, one in enumerate(found, 1)]


def remember(manager: ModelManager, text: str, hits: Sequence[Hit]) -> str:
    """Store what was found under its numbers; return why that failed, or an empty string."""
    try:
        remember_search(manager.settings, text, [hit.found for hit in hits])
    except StorageError as error:
        return f"The result numbers were not stored: {message_of(error)}"
    return ""


def table(hits: Sequence[Hit]) -> Table:
    """Return what was found as a table."""
    rows = [
        (
            str(hit.number),
            hit.found.name,
            hit.found.author,
            hit.found.type_hint or "-",
            hit.found.base_hint or "-",
            size_text(hit.found.size),
            f"{hit.found.downloads:,}" if hit.found.downloads is not None else "-",
            hit.found.source,
        )
        for hit in hits
    ]
    titles = ("#", "NAME", "BY", "TYPE", "BASE", "SIZE", "DOWNLOADS", "SOURCE")
    return Table.of(titles, rows)
