"""``/install/picture``: the pictures that sites show of their models."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import anyio.to_thread
from fastapi import Path, Response

from modelkeep.app.preview import PreviewSide, site_picture
from modelkeep.errors import SourceError
from modelkeep.web.context import Context
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False)
ROUTES = Routes("site_pictures", router)

_HEADERS = {"Cache-Control": "private, max-age=86400"}


@router.get("/install/picture/{name}")
async def show_picture(
    context: Context, name: Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
) -> Response:
    """Send a picture that a site has named, drawn small."""
    address = context.pictures.address(name)
    if address is None:
        return Response(status_code=HTTPStatus.NOT_FOUND)
    try:
        drawn = await anyio.to_thread.run_sync(
            site_picture, context.manager, address, PreviewSide.SMALL, limiter=context.drawing
        )
    except SourceError:  # a page without a picture is whole
        return Response(status_code=HTTPStatus.NOT_FOUND)
    return Response(drawn, media_type="image/jpeg", headers=_HEADERS)
