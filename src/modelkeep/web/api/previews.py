"""The picture of a model: shown small, set and taken away."""

from __future__ import annotations

from typing import Annotated, Any

import anyio.to_thread
from fastapi import Query, Request, Response

from modelkeep.app import preview
from modelkeep.core import limits
from modelkeep.web.bodies import read_body
from modelkeep.web.context import Context, WebContext
from modelkeep.web.errors import declared
from modelkeep.web.file_reply import FileReply
from modelkeep.web.keys import InPath, config_of
from modelkeep.web.ranges import holds
from modelkeep.web.replies import no_content
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=f"{API}/model/record/i")
ROUTES = Routes("previews", router)

_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"image/jpeg": {}, "video/mp4": {}, "video/webm": {}},
        "description": "The picture, drawn small, or the film as it is",
    },
    206: {"content": {"video/mp4": {}, "video/webm": {}}, "description": "A range of the film"},
    304: {"description": "It is what the client has"},
    416: {"description": "The film has no such bytes"},
    **declared(400, 404, 422, 424, 503),
}


@router.get("/{key:path}/preview", response_class=Response, responses=_PICTURE)
async def get_preview(
    context: Context,
    request: Request,
    key: InPath,
    size: Annotated[
        preview.PreviewSide, Query(description="Pixels of the longer side")
    ] = preview.PreviewSide.SMALL,
) -> Response:
    """Send the picture of a model, drawn small; a film is sent as it is."""
    shown = await anyio.to_thread.run_sync(_open, context, key)
    if shown.film:
        return FileReply(request, shown.file, media_type=shown.film)
    with shown.file:
        drawn, tag = await anyio.to_thread.run_sync(
            preview.small_picture, context.manager, shown.file, size, limiter=context.drawing
        )
    headers = {"etag": f'"{tag}"', "x-content-type-options": "nosniff", "cache-control": "no-cache"}
    if holds(request.headers.get("if-none-match", ""), headers["etag"]):
        return Response(status_code=304, headers=headers)
    return Response(drawn, media_type="image/jpeg", headers=headers)


@router.put(
    "/{key:path}/preview",
    status_code=204,
    response_class=Response,
    responses=declared(400, 403, 404, 409, 413, 415, 422, 424, 503, 507),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def set_preview(context: Context, request: Request, key: InPath) -> Response:
    """Make the picture in the body the preview of a model; a small copy of it is kept."""
    content = await read_body(request, limits.FETCHED_PREVIEW_BYTES)
    await anyio.to_thread.run_sync(_set, context, key, content, limiter=context.drawing)
    return no_content()


@router.delete(
    "/{key:path}/preview",
    status_code=204,
    response_class=Response,
    responses=declared(403, 404, 409, 422, 424, 503),
)
def del_preview(context: Context, key: InPath) -> Response:
    """Have a model show no picture; one that lies beside the model stays there."""
    preview.remove_preview(context.manager, config_of(context, key))
    return no_content()


def _open(context: WebContext, key: str) -> preview.OpenedPreview:
    return preview.open_preview(context.manager, config_of(context, key))


def _set(context: WebContext, key: str, content: bytes) -> None:
    preview.set_preview(context.manager, config_of(context, key), content)
