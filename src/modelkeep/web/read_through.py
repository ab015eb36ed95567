"""Installs that the mirror begins: one for each repository, however many ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import Request

from modelkeep.app import read_through
from modelkeep.errors import JobError
from modelkeep.install.job import InstallStatus, ModelInstallJob
from modelkeep.sources.huggingface.source import HFModelSource
from modelkeep.web.context import WebContext
from modelkeep.web.errors import AnswerError, error_body
from modelkeep.web.guard.asked import caller_of
from modelkeep.web.guard.changes import note_change
from modelkeep.web.replies import json_reply

#: How long a request waits for an install; who comes again joins it.
_WAIT_SECONDS = 600
_LOOK_SECONDS = 0.05
_RETRY_SECONDS = 30


def may_install(context: WebContext, request: Request) -> bool:
    """Tell whether a request may have a repository installed.

    Only with a token that manages and came along: pages of other servers could have a browser send
    its cookie.
    """
    caller = caller_of(request.scope)
    is_allowed = context.settings.hf_read_through and not context.settings.read_only
    return is_allowed and caller is not None and caller.may_manage and caller.way == "bearer"


@asynccontextmanager
async def one_at_a_time(context: WebContext, repo: str) -> AsyncIterator[None]:
    """Wait until no other request has anything of a repository installed.

    One may ask for the whole of it and one for a file: the second finds what it wants then.

    Raises:
        AnswerError: it takes long; the client may come again.
    """
    lock = context.fetched_alone.setdefault(repo, asyncio.Lock())
    try:
        await asyncio.wait_for(lock.acquire(), _WAIT_SECONDS)
    except TimeoutError:
        raise _still_installing(repo) from None
    try:
        yield
    finally:
        lock.release()


async def install(context: WebContext, request: Request, source: HFModelSource) -> None:
    """Install a repository, or wait for the install that is under way.

    Raises:
        ModelKeepError: it cannot be installed; says why.
        AnswerError: it takes long; the client may come again.
    """
    name = str(source)
    task = context.fetching.get(name)
    if task is None:
        note_change(request.scope, "read_through")
        task = asyncio.create_task(_installed(context, source))
        context.fetching[name] = task
        task.add_done_callback(lambda _task: context.fetching.pop(name, None))
    done, _ = await asyncio.wait([task], timeout=_WAIT_SECONDS)
    if not done:
        raise _still_installing(source.repo_id)
    job = task.result()
    if job.config_out is None:
        raise job.exception or JobError(f"The install {job.id} of {source.repo_id} was stopped")


async def _installed(context: WebContext, source: HFModelSource) -> ModelInstallJob:
    """Begin an install and return its job when it is over, or somebody has paused it."""
    job = await anyio.to_thread.run_sync(read_through.begin, context.manager, source)
    while not await _is_over(job):
        pass
    return job


async def _is_over(job: ModelInstallJob) -> bool:
    """Wait a moment, and tell whether a job has ended or was paused."""
    await asyncio.sleep(_LOOK_SECONDS)
    return job.is_settled or job.status is InstallStatus.PAUSED


def _still_installing(repo: str) -> AnswerError:
    body = error_body("StillInstalling", f"{repo} is still being installed")
    return AnswerError(json_reply(body, 503, headers={"Retry-After": str(_RETRY_SECONDS)}))
