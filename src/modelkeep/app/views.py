"""Saved views: named queries that all who use a library share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelkeep.app.query import ModelQuery
from modelkeep.core import limits
from modelkeep.errors import SourceNotFoundError, UsageError
from modelkeep.jobs.saved_views import SavedView, SavedViews

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager


def views(manager: ModelManager) -> list[SavedView]:
    """Return all views, sorted by name."""
    return _saved(manager).all()


def save(manager: ModelManager, name: str, query: str) -> SavedView:
    """Save a view; one of this name is replaced.

    Args:
        manager: Of the library.
        name: What it is called.
        query: Which models it has, as the query string of an address.

    Raises:
        UsageError: the name is empty, too long or no part of an address, or the query asks for
            what does not exist.
    """
    # Clients shorten addresses with these.
    is_path = bool({".", ".."} & set(name.split("/")))
    if is_path or not name.strip() or "\0" in name or len(name) > limits.VIEW_NAME_CHARACTERS:
        most = limits.VIEW_NAME_CHARACTERS
        raise UsageError(
            "This is no name for a view",
            hint=f"Give it 1 to {most} characters, and no part . or ..",
        )
    return _saved(manager).put(name, ModelQuery.from_parameters(query).query_string())


def forget(manager: ModelManager, name: str) -> None:
    """Forget a view.

    Raises:
        SourceNotFoundError: there is none of this name.
    """
    if not _saved(manager).remove(name):
        raise SourceNotFoundError(f"No view is called {name!r}", hint="List the views first.")


def _saved(manager: ModelManager) -> SavedViews:
    return SavedViews(manager.presence.state)
