"""What is stored of an install job, so that another process can begin it again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from modelkeep.core.names import path_to_text, text_to_path
from modelkeep.core.reading import printable
from modelkeep.errors import InterruptedInstallError, SecretNeededError
from modelkeep.install.job import ModelInstallJob
from modelkeep.jobs.job_table import JobRow
from modelkeep.library.link import LinkMode
from modelkeep.sources.local import LocalModelSource
from modelkeep.sources.string_like import StringLikeSource

#: Owner of a job that whoever comes first may begin.
NOBODY = ""

Revive = Callable[[Mapping[str, Any]], StringLikeSource]


def job_details(
    source: StringLikeSource,
    config: Mapping[str, Any],
    link: LinkMode | None,
    to: str | None = None,
) -> dict[str, Any]:
    """Return what has to be stored of a job so that another process can begin it again."""
    common = {"to": to, "config": json.loads(json.dumps(dict(config), default=str))}
    if isinstance(source, LocalModelSource):
        return {
            "path": path_to_text(Path(source.path)),
            "inplace": bool(source.inplace),
            "link": link.value if link else None,
            **common,
        }
    return {"remote": stored_source(source), **common}


def stored_source(source: StringLikeSource) -> dict[str, Any]:
    """Return a remote source as it may be written down: without secrets."""
    lacks = {"lacks_link": True} if getattr(source, "has_secrets", False) else {}
    return {**source.model_dump(mode="json", exclude={"access_token"}), **lacks}


def job_of(row: JobRow, revive: Revive) -> ModelInstallJob:
    """Return the job that a row describes, to be begun again.

    Args:
        row: The job as it was stored.
        revive: Makes a remote source of what was stored of it.

    Raises:
        SecretNeededError: its link held a secret, and those are not stored.
        UnsupportedSourceError: the site of its source is not known any more.
    """
    details = row.details
    link = LinkMode(details["link"]) if details.get("link") else None
    told = details.get("remote")
    if told is None:
        where = text_to_path(details.get("path", row.source))
        source: StringLikeSource = LocalModelSource(path=where, inplace=details.get("inplace"))
    elif told.get("lacks_link"):
        raise SecretNeededError(
            f"The install of {row.source} needs its link again: it held more than is stored of"
            " a link",
            hint="Give it once more: modelkeep install LINK",
        )
    else:
        source = revive(told)
    job = ModelInstallJob(row.id, source, dict(details.get("config", {})), link, details.get("to"))
    if details.get("pinned"):
        job.pinned = revive(details["pinned"])
    return job


def interrupted(source: StringLikeSource) -> InterruptedInstallError:
    """Return what ends a job that another run can go on with."""
    return InterruptedInstallError(
        f"The install of {printable(str(source))} was put down; what has come is kept",
        hint="Go on with: modelkeep resume --all",
    )
