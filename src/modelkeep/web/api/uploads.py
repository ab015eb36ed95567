"""``/uploads``: files of models in pieces, by the protocol tus 1.0 (https://tus.io)."""

from __future__ import annotations

from email.utils import formatdate
from functools import partial
from typing import Annotated, Any

import anyio.to_thread
from fastapi import Path, Request, Response
from pydantic import BaseModel

from modelkeep.app import uploads
from modelkeep.errors import ModelKeepError
from modelkeep.library.uploads import Upload
from modelkeep.web.context import Context, WebContext
from modelkeep.web.errors import declared, error_reply
from modelkeep.web.replies import json_reply
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes
from modelkeep.web.tus import EXTENSIONS, VERSION, receive, refused, whole_number, words_of

router = Router(prefix=f"{API}/uploads")
ROUTES = Routes("uploads", router)

_Id = Annotated[str, Path(max_length=64)]
_TUS = {"Tus-Resumable": VERSION}


class UploadEntry(BaseModel):
    """An upload, and what became of it.

    Attributes:
        begun, expires: Seconds since the epoch.
        status: ``uploading``, or that of its install.
        job: Number of its install, once that has begun.
        key: Of the record, once it is installed.
        error: Why it could not be installed.
    """

    id: str
    filename: str
    length: int
    offset: int
    begun: float
    expires: float
    status: str
    job: int | None
    key: str | None
    error: str | None


class UploadList(BaseModel):
    """All uploads, those that have come among them until they expire."""

    uploads: list[UploadEntry]


@router.options("", status_code=204, response_class=Response)
async def upload_options() -> Response:
    """Say which parts of the protocol are spoken."""
    more = {"Tus-Version": VERSION, "Tus-Extension": EXTENSIONS}
    algorithms = {"Tus-Checksum-Algorithm": "sha1,sha256,sha512"}
    return Response(status_code=204, headers={**_TUS, **more, **algorithms})


@router.get("", response_model=UploadList, responses=declared(503))
def list_uploads(context: Context) -> Response:
    """List the uploads."""
    found = uploads.views(context.manager)
    return json_reply({"uploads": [each.to_json() for each in found]})


@router.post(
    "",
    status_code=201,
    response_class=Response,
    responses={
        201: {"description": "The header ``Location`` leads to the upload"},
        **declared(400, 403, 409, 412, 413, 415, 429, 503, 507),
    },
)
async def begin_upload(context: Context, request: Request) -> Response:
    """Begin an upload; the body may be its first piece."""
    if (refusal := refused(request, is_piece=False)) is not None:
        return refusal
    try:
        length = whole_number(request, "Upload-Length")
        told = request.headers.get("upload-metadata", "")
        begin = partial(uploads.begin, context.manager, length, words_of(told), told)
        upload = await anyio.to_thread.run_sync(begin)
        place = f"{request.scope.get('root_path', '')}{API}/uploads/{upload.id}"
        if request.headers.get("content-type") or length == 0:
            upload = await _received(context, request, upload, 0)
    except ModelKeepError as error:
        return error_reply(error, headers=_TUS)
    return Response(status_code=201, headers={"Location": place, **_progress(upload)})


@router.head("/{upload_id}", response_class=Response, include_in_schema=False)
def head_upload(context: Context, upload_id: _Id) -> Response:
    """Say how much of an upload has come."""
    found = uploads.find(context.manager, upload_id)
    more = {"Upload-Length": str(found.length), "Cache-Control": "no-store"}
    if found.told:
        more["Upload-Metadata"] = found.told
    return Response(status_code=200, headers={**_progress(found), **more})


@router.get("/{upload_id}", response_model=UploadEntry, responses=declared(404, 422, 503))
def get_upload(context: Context, upload_id: _Id) -> Response:
    """Say how much of an upload has come, and what became of it."""
    found = uploads.find(context.manager, upload_id)
    return json_reply(uploads.view(context.manager, found).to_json())


@router.patch(
    "/{upload_id}",
    status_code=204,
    response_class=Response,
    responses={
        204: {"description": "The header ``Upload-Offset`` says how much has come"},
        **declared(400, 403, 404, 409, 412, 413, 415, 422, 429, 503, 507),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/offset+octet-stream": {
                    "schema": {"type": "string", "format": "binary"}
                }
            },
        }
    },
)
async def send_piece(context: Context, request: Request, upload_id: _Id) -> Response:
    """Add a piece of at most 64 MiB; after the last one the install begins."""
    if (refusal := refused(request, is_piece=True)) is not None:
        return refusal
    try:
        offset = whole_number(request, "Upload-Offset")
        upload = await anyio.to_thread.run_sync(uploads.find, context.manager, upload_id)
        upload = await _received(context, request, upload, offset)
    except ModelKeepError as error:
        return error_reply(error, headers=_TUS)
    return Response(status_code=204, headers=_progress(upload))


@router.delete(
    "/{upload_id}",
    status_code=204,
    response_class=Response,
    responses=declared(403, 404, 409, 422, 503),
)
def del_upload(context: Context, upload_id: _Id) -> Response:
    """Remove an upload with all that has come."""
    uploads.remove(context.manager, uploads.find(context.manager, upload_id))
    return Response(status_code=204, headers=_TUS)


async def _received(context: WebContext, request: Request, upload: Upload, offset: int) -> Upload:
    """Take a piece and, where it was the last one, begin the install."""
    upload = await receive(request, upload, offset, context.settling)
    return await anyio.to_thread.run_sync(uploads.finish, context.manager, upload)


def _progress(upload: Upload) -> dict[str, str]:
    facts: dict[str, Any] = {
        **_TUS,
        "Upload-Offset": str(upload.offset),
        "Upload-Expires": formatdate(upload.expires_at, usegmt=True),
    }
    if upload.job is not None:
        facts["Modelkeep-Job"] = str(upload.job)
    return facts
