"""``/api/v1/model/trash``: models that were removed, for as long as they can come back."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request, Response
from pydantic import BaseModel

from modelkeep.app import trash as app
from modelkeep.core import limits
from modelkeep.web.conditional import record_reply
from modelkeep.web.context import Context
from modelkeep.web.errors import declared
from modelkeep.web.record_bodies import RecordBody
from modelkeep.web.replies import json_reply, no_content
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=f"{API}/model/trash")
ROUTES = Routes("trash", router)

Key = Annotated[str, Path(max_length=limits.TEXT_CHARACTERS)]


class TrashItem(BaseModel):
    """A removed model.

    Attributes:
        size: Bytes of its files.
        frees: Bytes that the disk has more without them.
        files: Where they were.
        removed_at: Seconds since the epoch, like ``expires_at``.
    """

    key: str
    name: str
    type: str
    base: str
    size: int
    frees: int
    files: list[str]
    removed_at: float
    expires_at: float


class TrashList(BaseModel):
    """What is in the trash, the oldest first."""

    items: list[TrashItem]


class TrashEmptied(BaseModel):
    """How many models are gone for good, and the bytes that this freed."""

    models: int
    freed: int


@router.get("/", response_model=TrashList)
def list_trash(context: Context) -> Response:
    """List what is in the trash, the oldest first."""
    return json_reply({"items": [entry.to_json() for entry in app.entries(context.manager)]})


@router.delete("/", response_model=TrashEmptied, responses=declared(403, 503))
def empty_trash(context: Context) -> Response:
    """Delete all that is in the trash for good."""
    manager = context.manager
    found = app.entries(manager)
    freed = app.freed(found)
    for entry in found:
        app.purge(manager, entry)
    return json_reply({"models": len(found), "freed": freed})


@router.post(
    "/{key:path}/restore", response_model=RecordBody, responses=declared(403, 404, 409, 422, 503)
)
def restore_model(key: Key, request: Request, context: Context) -> Response:
    """Bring a model back from the trash."""
    manager = context.manager
    app.restore(manager, app.entry(manager, key).key)
    return record_reply(request, manager.records.get_json(key))


@router.delete("/{key:path}", status_code=204, responses=declared(403, 404, 422, 503))
def delete_from_trash(key: Key, context: Context) -> Response:
    """Delete one model in the trash for good."""
    app.purge(context.manager, app.entry(context.manager, key.removesuffix("/")))
    return no_content()
