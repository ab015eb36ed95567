"""Shell completion; empty if the library cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from typing import TYPE_CHECKING

import typer

from modelkeep.errors import ModelKeepError

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager

#: Completes a word; errors are reported by the command, not by its completion.
Completion = Callable[[typer.Context, str], list[str]]


def _of_library(names: Callable[[ModelManager, str], Iterable[str]]) -> Completion:
    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        from modelkeep.app.manager import ModelManager
        from modelkeep.settings import Settings

        root = ctx.find_root().params.get("root") or ctx.params.get("root")
        try:
            settings = Settings.load(root=root)
            if not settings.root.is_dir():
                return []
            with ModelManager(settings, takes_over=False) as manager:
                return [n for n in names(manager, incomplete) if n.startswith(incomplete)]
        except (ModelKeepError, OSError):
            return []

    return complete


def _model_names(manager: ModelManager, incomplete: str) -> Iterable[str]:
    from modelkeep.app.library import names_beginning

    return names_beginning(manager, incomplete)


def _job_numbers(manager: ModelManager, incomplete: str) -> Iterable[str]:
    del incomplete
    from modelkeep.jobs.state import StateDatabase

    path = manager.settings.state_path
    if not path.exists():
        return []
    with closing(StateDatabase(path)) as state:
        return [str(row.id) for row in state.jobs.all()]


def _root_names(manager: ModelManager, incomplete: str) -> Iterable[str]:
    del incomplete
    from modelkeep.core.roots import MODELS_ROOT

    return [MODELS_ROOT, *manager.settings.roots]


def _site_names(manager: ModelManager, incomplete: str) -> Iterable[str]:
    del incomplete
    return manager.tokens.names


def _access_names(manager: ModelManager, incomplete: str) -> Iterable[str]:
    del incomplete
    from modelkeep.app.access import entries

    return [one.key for one in entries(manager.settings)]


complete_model = _of_library(_model_names)
complete_job = _of_library(_job_numbers)
complete_root = _of_library(_root_names)
complete_site = _of_library(_site_names)
complete_access = _of_library(_access_names)


def one_of(words: Iterable[str]) -> Callable[[str], list[str]]:
    """Return the completion with one of some words."""
    known = [str(word) for word in words]

    def complete(incomplete: str) -> list[str]:
        return [word for word in known if word.startswith(incomplete)]

    return complete
