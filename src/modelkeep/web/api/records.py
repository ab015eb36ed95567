"""``/api/v1/model/record``: records as programs for the specification's server ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Annotated

from fastapi import Body, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from modelkeep.app import json_pages as pages
from modelkeep.app import records as app
from modelkeep.app.manager import ModelManager
from modelkeep.app.model import reidentify
from modelkeep.core import limits
from modelkeep.core.taxonomy import ModelFormat, ModelRecordOrderBy, ModelType
from modelkeep.errors import InvalidModelConfigException
from modelkeep.records.listing import RecordFilter
from modelkeep.web.conditional import JSON, record_reply, versions_in
from modelkeep.web.context import Context
from modelkeep.web.errors import declared, error_reply
from modelkeep.web.record_bodies import (
    Fields,
    MetadataBody,
    RecordBody,
    RecordList,
    SummaryPage,
)
from modelkeep.web.records_access import opened_records
from modelkeep.web.replies import json_reply, no_content
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=f"{API}/model/record")
ROUTES = Routes("records", router)

Text = Annotated[str, Query(max_length=limits.TEXT_CHARACTERS)]
Key = Annotated[str, Path(max_length=limits.TEXT_CHARACTERS)]
IfMatch = Annotated[str | None, Header(max_length=limits.TEXT_CHARACTERS)]
_MOST_PAGES = 2**31
_CONFLICT = 409
#: Records that are sent in one piece.
_PIECE = 200


@router.get("/", response_model=RecordList, responses=declared(422))
def list_model_records(
    context: Context,
    *,
    base_models: Annotated[list[Text] | None, Query()] = None,
    model_type: ModelType | None = None,
    model_name: Text | None = None,
    model_format: ModelFormat | None = None,
    limit: Annotated[int | None, Query(ge=1, le=1000)] = None,
) -> Response:
    """List records, all of them or those that fit; with several bases one base after the other."""
    types = (model_type.value,) if model_type else ()
    formats = (model_format.value,) if model_format else ()
    records = context.manager.records
    found: Iterator[bytes] = chain.from_iterable(
        records.each_json(RecordFilter(types=types, bases=bases, formats=formats), name=model_name)
        for bases in ([(base,) for base in dict.fromkeys(base_models)] if base_models else [()])
    )
    return _streamed(context.manager, islice(found, limit))


@router.get("/meta", response_model=SummaryPage, responses=declared(422))
def list_model_summary(
    context: Context,
    page: Annotated[int, Query(ge=0, le=_MOST_PAGES)] = 0,
    per_page: Annotated[int, Query(ge=1, le=1000)] = 10,
    order_by: ModelRecordOrderBy = ModelRecordOrderBy.Default,
) -> Response:
    """List summaries of records, page by page."""
    found = context.manager.records.list_models(page, per_page, order_by)
    body = found.model_dump(mode="json")
    for item in body["items"]:
        item["tags"] = sorted(item["tags"])
    return json_reply(body)


@router.get("/tags", response_model=list[str])
def list_tags(context: Context) -> Response:
    """List all tags that are in use."""
    return json_reply(sorted(context.manager.records.list_tags()))


@router.get("/tags/search", response_model=RecordList, responses=declared(422))
def search_by_metadata_tags(
    context: Context, tags: Annotated[list[Text] | None, Query(max_length=100)] = None
) -> Response:
    """List the records that have all of these tags; none where no tag is given."""
    if not tags:
        return _streamed(context.manager, iter(()))
    found = context.manager.records.each_json(RecordFilter(tags=tuple(tags)))
    return _streamed(context.manager, found)


@router.get("/meta/i/{key:path}", response_model=MetadataBody, responses=declared(404, 422))
def get_model_metadata(key: Key, context: Context) -> Response:
    """Return what a site says about a model."""
    records = context.manager.records
    found = records.get_metadata(app.known_key(records, key))
    return json_reply(found.model_dump(mode="json"))


@router.get("/i/{key:path}", response_model=RecordBody, responses=declared(404, 409, 422))
async def get_model_record(key: Key, request: Request, context: Context) -> Response:
    """Return a record."""
    manager = context.manager
    records = await opened_records(manager)
    if records.never_waits:
        record = app.record_json(records, key)
    else:
        record = await run_in_threadpool(app.record_json, records, key)
    if not pages.has_lasting_pages(manager):
        [seen] = await run_in_threadpool(pages.with_state, manager, [record])
        if seen != record:  # a tag would name the record alone, which is offline for now
            return Response(seen, media_type=JSON)
    return record_reply(request, record)


@router.patch(
    "/i/{key:path}", response_model=RecordBody, responses=declared(400, 404, 409, 412, 422, 503)
)
def update_model_record(
    key: Key,
    fields: Annotated[Fields, Body()],
    request: Request,
    context: Context,
    if_match: IfMatch = None,
) -> Response:
    """Change the fields of a record that are given and differ."""
    manager = context.manager
    try:
        changed = app.patch(
            manager, app.known_key(manager.records, key), fields, versions_in(if_match)
        )
    except InvalidModelConfigException as error:
        return error_reply(error, status=_CONFLICT)
    return record_reply(request, changed)


@router.delete("/i/{key:path}", status_code=204, responses=declared(403, 404, 409, 412, 422, 503))
def del_model_record(key: Key, context: Context, if_match: IfMatch = None) -> Response:
    """Remove a model: its record goes, and its files go to the trash."""
    manager = context.manager
    app.remove(manager, app.known_key(manager.records, key), versions_in(if_match))
    return no_content()


@router.post(
    "/i/",
    response_model=RecordBody,
    status_code=201,
    responses=declared(400, 403, 404, 409, 415, 422, 503),
)
def add_model_record(
    fields: Annotated[Fields, Body()], request: Request, context: Context
) -> Response:
    """Record a model that is there; a key is made where none is given."""
    return record_reply(request, app.add(context.manager, fields), 201)


@router.post(
    "/i/{key:path}/reidentify",
    response_model=RecordBody,
    responses=declared(404, 409, 415, 422, 424, 503),
)
def reidentify_model(
    key: Key, request: Request, context: Context, *, reset: bool = False
) -> Response:
    """Look at the files of a model again; with `reset` also at what somebody set."""
    manager = context.manager
    found = app.known_key(manager.records, key)
    reidentify(manager, found, reset=reset)
    return record_reply(request, manager.records.get_json(found))


def _streamed(manager: ModelManager, records: Iterable[bytes]) -> Response:
    """Return records as they are read, without holding them all."""
    pieces = _pieces(manager, iter(records))
    first = next(pieces)  # what cannot be read at all is an error, and no broken answer
    return StreamingResponse(chain((first,), pieces), media_type="application/json")


def _pieces(manager: ModelManager, records: Iterator[bytes]) -> Iterator[bytes]:
    begin = b'{"models":['
    while some := list(islice(records, _PIECE)):
        yield begin + b",".join(pages.with_state(manager, some))
        begin = b","
    yield begin.removesuffix(b",") + b"]}"
