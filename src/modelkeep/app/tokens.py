"""The tokens for sites: storing, listing and deleting them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelkeep.app.text import Table
from modelkeep.core.names import path_to_text, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelkeep.app.manager import ModelManager


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token that was found; never the token itself.

    Attributes:
        key: Name of its site.
        where: Where it comes from.
        ending: Its last characters; empty for a short one.
    """

    key: str
    where: str
    ending: str

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"site": self.key, "from": self.where, "ends_with": self.ending}


@dataclass(frozen=True, slots=True)
class SiteKeys:
    """A site that takes tokens, and those that are found for it.

    Attributes:
        site: Its name.
        label: As people know it.
        page: Where people make a token; empty where that is not known.
        found: In the order of their use.
        is_stored: This user stored one, which can be deleted.
    """

    site: str
    label: str
    page: str
    found: tuple[TokenView, ...]
    is_stored: bool


@dataclass(frozen=True, slots=True)
class TokenStored:
    """A token that was stored.

    Attributes:
        key: Name of its site.
        used_before: Where another one comes from that is used before it; empty when there is none.
    """

    key: str
    path: Path
    used_before: str

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"site": self.key, "path": path_to_text(self.path)}

    def __str__(self) -> str:
        return f"Stored the token for {self.key} in {shown(self.path)}"


@dataclass(frozen=True, slots=True)
class TokenRemoved:
    """A token that was deleted.

    Attributes:
        key: Name of its site.
        still_used: Where another one comes from that is used now; empty when there is none.
    """

    key: str
    still_used: str

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"site": self.key}

    def __str__(self) -> str:
        return f"Deleted the token for {self.key}."


def tokens(manager: ModelManager) -> list[TokenView]:
    """Return the tokens that are found."""
    return [TokenView(one.site, one.where, one.ending) for one in manager.tokens.list()]


def site_keys(manager: ModelManager) -> list[SiteKeys]:
    """Return the sites that take tokens, with those that are found for them."""
    found, names = tokens(manager), manager.tokens.names
    return [
        SiteKeys(
            site=site.name,
            label=site.label,
            page=site.key_page,
            found=tuple(one for one in found if one.key == site.name),
            is_stored=manager.tokens.is_stored(site.name),
        )
        for site in manager.tokens.sites
        if site.name in names
    ]


def page_for(manager: ModelManager, site: str) -> str:
    """Return the page on which a site gives tokens; empty where it has none."""
    return next((one.key_page for one in manager.tokens.sites if one.name == site), "")


def store(manager: ModelManager, site: str, token: str) -> TokenStored:
    """Store a token for a site, in a file that only its owner can read.

    Raises:
        UsageError: there is no such site, or it takes no tokens.
    """
    path = manager.tokens.set(site, token)
    used = manager.tokens.find(site)
    return TokenStored(site, path, used.where if used and used.where != shown(path) else "")


def remove(manager: ModelManager, site: str) -> TokenRemoved | None:
    """Delete the stored token of a site; return None where there is none.

    Raises:
        UsageError: there is no such site.
    """
    if not manager.tokens.remove(site):
        return None
    left = manager.tokens.find(site)
    return TokenRemoved(site, left.where if left else "")


def table(found: Sequence[TokenView]) -> Table:
    """Return tokens as a table."""
    rows = [(one.key, one.where, f"...{one.ending}" if one.ending else "") for one in found]
    return Table.of(("SITE", "FROM", "ENDS WITH"), rows)
