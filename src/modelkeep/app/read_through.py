"""Repositories that the mirror installs when somebody asks for them."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from modelkeep.app.mirror import LOCAL, MAIN
from modelkeep.core.taxonomy import ModelRepoVariant
from modelkeep.core.weight_names import weight_of
from modelkeep.errors import UnknownModelException
from modelkeep.sources.huggingface.source import HFModelSource

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.install.job import ModelInstallJob

_REPO = re.compile(r"[.\w-]{1,96}/[.\w-]{1,96}", re.ASCII)
#: Installs that may be open, as with every request.
_MOST_OPEN = 64
_REVISION = re.compile(r"[\w./-]{1,200}", re.ASCII)


def source_for(repo: str, revision: str, path: str = "") -> HFModelSource:
    """Return what is installed so that a repository is here.

    That is the model as the Hub's programs take it when nobody names a variant. Where one file is
    asked for that is a model by itself, it is that file.

    Args:
        repo: ``organisation/name``.
        revision: A branch, a tag or a commit.
        path: The file that is asked for; empty for none.

    Raises:
        UnknownModelException: the Hub has no such names.
    """
    is_name = _REPO.fullmatch(repo) and not repo.startswith((f"{LOCAL}/", "."))
    if not is_name or not _REVISION.fullmatch(revision) or ".." in f"{repo} {revision} {path}":
        raise UnknownModelException(f"{repo} at {revision} cannot be on the Hub")
    return HFModelSource(
        repo_id=repo,
        revision=None if revision == MAIN else revision,
        variant=ModelRepoVariant.DEFAULT,
        subfolder=path if is_model(path) else None,
    )


def is_model(path: str) -> bool:
    """Tell whether a file of a repository may be a model by itself; an empty path is none."""
    weight = weight_of(PurePosixPath(path)) if path else None
    return weight is not None and not (weight.is_component or weight.is_index or weight.shards)


def begin(manager: ModelManager, source: HFModelSource) -> ModelInstallJob:
    """Begin to install what ``source_for`` gave.

    Raises:
        JobError: too many installs are open.
    """
    source = source.model_copy(update={"public_only": True})  # whoever asks chose the repository
    return manager.installer.import_model(source, at_most=_MOST_OPEN)
