"""The repository that an address of the mirror names, found before its route answers."""

from __future__ import annotations

import re
from typing import Annotated

import anyio.to_thread
from fastapi import Depends, Request

from modelkeep.app import mirror, read_through
from modelkeep.errors import DuplicateModelException, ModelKeepError, UnknownModelException
from modelkeep.web.context import Context, WebContext
from modelkeep.web.errors import AnswerError, error_body
from modelkeep.web.hints import hint_over_http
from modelkeep.web.keys import InPath
from modelkeep.web.read_through import install, may_install, one_at_a_time
from modelkeep.web.replies import json_reply

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def not_here(code: str, message: str, commit: str = "") -> AnswerError:
    """Return the answer that something is not here, in the words of the Hub.

    Args:
        code: ``RepoNotFound``, ``RevisionNotFound`` or ``EntryNotFound``.
        message: For people.
        commit: Of the repository, where that is here.
    """
    headers = {"X-Error-Code": code, "X-Error-Message": _UNPRINTABLE.sub("?", message)}
    if commit:
        headers["X-Repo-Commit"] = commit
    return AnswerError(json_reply(error_body(code, message), 404, headers=headers))


async def newest_repository(
    context: Context, request: Request, org: InPath, name: InPath
) -> mirror.MirroredRepository:
    """Return a repository at its newest commit.

    Raises:
        AnswerError: it is not here.
    """
    return await repository_at(context, request, org, name, mirror.MAIN)


async def repository_at(
    context: Context, request: Request, org: InPath, name: InPath, revision: InPath
) -> mirror.MirroredRepository:
    """Return a repository at a revision; where the settings allow it, it is installed for that.

    So is a file that is a model by itself, of a repository of which others are here.

    Raises:
        AnswerError: it is not here.
    """
    repo = f"{org}/{name}"
    path = request.path_params.get("path", "") if "/resolve/" in request.url.path else ""
    try:
        found = await anyio.to_thread.run_sync(_find, context, repo, revision)
    except AnswerError:
        if not may_install(context, request):
            raise
    else:
        if not _lacks_a_model(found, path) or not may_install(context, request):
            return found
    async with one_at_a_time(context, repo):
        return await _here_by_now(context, request, repo, revision, path)


async def _here_by_now(
    context: WebContext, request: Request, repo: str, revision: str, path: str
) -> mirror.MirroredRepository:
    """Return a repository, which whoever asked before may have had installed, or install it."""
    try:
        found = await anyio.to_thread.run_sync(_find, context, repo, revision)
    except AnswerError:
        code = "RepoNotFound"
    else:
        if not _lacks_a_model(found, path):
            return found
        code, revision = "EntryNotFound", found.commit
    try:
        await install(context, request, read_through.source_for(repo, revision, path))
    except ModelKeepError as error:
        raise not_here(code, f"{repo} cannot be installed: {_with_hint(error)}") from error
    # The Hub knows a branch or a tag; the model has the commit that this was.
    versions = await anyio.to_thread.run_sync(_versions, context, repo)
    return mirror.at_revision(versions, revision) or versions[0]


def _lacks_a_model(found: mirror.MirroredRepository, path: str) -> bool:
    return path not in found.by_path and read_through.is_model(path)


def _find(context: WebContext, repo: str, revision: str) -> mirror.MirroredRepository:
    found = mirror.at_revision(_versions(context, repo), revision)
    if found is None:
        raise not_here("RevisionNotFound", f"{repo} is not installed at the revision {revision}")
    return found


def _versions(context: WebContext, repo: str) -> list[mirror.MirroredRepository]:
    try:
        return mirror.repository(context.manager, repo)
    except (UnknownModelException, DuplicateModelException) as error:
        raise not_here("RepoNotFound", _with_hint(error)) from error


def _with_hint(error: ModelKeepError) -> str:
    """Return an error as one text: programs of the Hub show no other part of an answer."""
    hint = hint_over_http(error.hint)
    return f"{str(error).rstrip('.')}. {hint}" if hint else str(error)


#: Of a route: ``def route(found: Newest)``, ``def route(found: AtRevision)``.
Newest = Annotated[mirror.MirroredRepository, Depends(newest_repository)]
AtRevision = Annotated[mirror.MirroredRepository, Depends(repository_at)]
