"""``/api/v1/model/record/search``: pages of models by filter and text, with counts."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from modelkeep.app import json_pages as pages
from modelkeep.app.manager import ModelManager
from modelkeep.app.query import PARAMETERS, SearchRequest
from modelkeep.core import limits
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.web.conditional import JSON, tagged_reply
from modelkeep.web.context import WebContext, shared_by
from modelkeep.web.errors import declared
from modelkeep.web.ready import ReadyAnswers
from modelkeep.web.record_bodies import RecordBody
from modelkeep.web.records_access import opened_records
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=f"{API}/model/record")
ROUTES = Routes("search", router, is_busy=True)

_MEANING = {
    "q": "Words that all occur in name, description, tags, trigger phrases or author.",
    "tag": "Has all of these.",
    "in": "In one of these roots.",
    "hash": "A sha256, blake3 or sample hash, or how a sha256 begins, from 8 characters on.",
    "for": "Key or name of a model; only what works with it, the likeliest first.",
    "limit": "At most so many, 50 where it is not given.",
    "after": "`next` of the page before.",
    "facets": "Also count the values that occur.",
}


class SearchPage(BaseModel):
    """One page of models.

    Attributes:
        next: What to give as ``after`` for the next page; null on the last one.
        total: How many there are in all; only with ``facets``.
        facets: For each facet how many models have each value; only with ``facets``.
    """

    items: list[RecordBody]
    next: str | None
    total: int | None = None
    facets: dict[str, dict[str, int]] | None = None


def _parameter(name: str, *, repeats: bool) -> dict[str, Any]:
    text: dict[str, Any] = {"type": "string", "maxLength": limits.TEXT_CHARACTERS}
    known: dict[str, dict[str, Any]] = {
        "limit": {"type": "integer", "minimum": 1, "maximum": limits.PAGE_MODELS},
        "facets": {"type": "boolean"},
        "after": {"type": "string", "maxLength": limits.CURSOR_CHARACTERS},
    }
    schema = {"type": "array", "items": text} if repeats else known.get(name, text)
    meaning = _MEANING.get(name, "Has one of these values.")
    return {"name": name, "in": "query", "schema": schema, "description": meaning}


# Read by ``SearchRequest`` and not by FastAPI, which takes longer over them than the page takes.
_PARAMETERS = [_parameter(name, repeats=repeats) for name, repeats in PARAMETERS.items()]


@router.get(
    "/search",
    response_model=SearchPage,
    responses=declared(400, 404, 409),
    openapi_extra={"parameters": _PARAMETERS},
)
async def search_models(request: Request) -> Response:
    """Return a page of the models that are asked for, and with `facets` how many there are."""
    context = shared_by(request)  # by way of FastAPI it takes longer than a ready answer
    manager, answers = context.manager, context.answers
    state = await _state_of(context, await opened_records(manager))
    asked: bytes = request.scope["query_string"]
    if not pages.has_lasting_pages(manager):
        return Response(await _answer(manager, answers, state, asked), media_type=JSON)
    body = answers.get(asked, state)
    if body is None:
        body = await _answer(manager, answers, state, asked)
        answers.put(asked, state, body)
    return tagged_reply(request, body, answers.tag(state))


async def _state_of(context: WebContext, records: ModelRecordServiceBase) -> int:
    if records.never_waits:
        return context.states.get(None, records.change_counter)
    return await run_in_threadpool(records.change_counter)


async def _answer(manager: ModelManager, answers: ReadyAnswers, state: int, asked: bytes) -> bytes:
    wanted = SearchRequest.read(asked.decode("utf-8", "replace"))
    query = wanted.query
    if pages.is_quick(manager, query):
        page = pages.json_page(manager, query)
    else:
        page = await answers.work(partial(pages.json_page, manager, query))
    if not wanted.facets:
        return page.to_bytes()
    # Counts depend on the filter alone: every page and every order of it has the same.
    place = b"counts " + wanted.filter_string().encode()
    counts = answers.get(place, state)
    if counts is None:
        work = partial(pages.counts_json, manager, query.where)
        counts = await answers.work_once((place, state), work)
        answers.put(place, state, counts)
    return page.to_bytes(counts)
