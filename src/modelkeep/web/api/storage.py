"""Where the bytes of a library are: ``/api/v1/storage``."""

from __future__ import annotations

from fastapi import Response
from pydantic import BaseModel

from modelkeep.app.storage import storage
from modelkeep.web.context import Context
from modelkeep.web.replies import json_reply
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=f"{API}/storage")
ROUTES = Routes("storage", router)


class KindFacts(BaseModel):
    """The models of one type and base."""

    type: str
    base: str
    models: int
    bytes: int


class RootBytes(BaseModel):
    """The models of one root."""

    name: str
    models: int
    bytes: int


class StorageFacts(BaseModel):
    """Where the bytes are.

    Attributes:
        kinds: By type and base, the largest first.
        trash_bytes: Freed when the trash is emptied.
        free_bytes: Left on the disk of installed models.
    """

    kinds: list[KindFacts]
    roots: list[RootBytes]
    trash_bytes: int
    free_bytes: int


@router.get("", response_model=StorageFacts)
def get_storage(context: Context) -> Response:
    """Return where the bytes of the library are."""
    return json_reply(storage(context.manager).to_json())
