"""More folders that hold models: ``/api/v1/roots``."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import BaseModel, Field

from modelkeep.app import roots
from modelkeep.app.reach import readable
from modelkeep.web.checked import CheckedBody
from modelkeep.web.context import Context
from modelkeep.web.errors import declared
from modelkeep.web.replies import json_reply
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=f"{API}/roots")
ROUTES = Routes("roots", router)

_NAME = 64


class RootBody(CheckedBody):
    """A folder to register.

    Attributes:
        name: Of the root.
        path: The folder. It lies in one that requests may read: see the setting
            ``readable_dirs``.
        layout: Whose folder it is: comfyui, a1111, plain ...; recognised when null.
        readonly: Nothing may ever be written in it.
    """

    name: str = Field(min_length=1, max_length=_NAME)
    path: str = Field(min_length=1)
    layout: str | None = Field(default=None, max_length=_NAME)
    readonly: bool = False


class RootFacts(BaseModel):
    """A root.

    Attributes:
        path: Its folder; null for one that only records name.
        state: Whether it is there.
        why: Why it is not.
        remarks: What its program names that is not there.
    """

    name: str
    path: str | None
    layout: str | None
    readonly: bool
    state: str
    models: int
    bytes: int
    why: str
    remarks: list[str]


class RootRemovedFacts(BaseModel):
    """What became of a root.

    Attributes:
        forgotten: How many records were removed.
    """

    name: str
    forgotten: int


@router.get("", response_model=list[RootFacts])
def list_roots(context: Context) -> Response:
    """Return the roots with their folders, states and contents."""
    return json_reply([root.to_json() for root in roots.roots(context.manager)])


@router.post(
    "", status_code=201, response_model=RootFacts, responses=declared(400, 403, 404, 409, 503)
)
def add_root(context: Context, body: RootBody) -> Response:
    """Register a folder of models; nothing in it is changed. A scan registers its models."""
    folder = readable(context.manager, body.path)
    added = roots.add(
        context.manager, body.name, folder, layout=body.layout, readonly=body.readonly
    )
    return json_reply(added.to_json(), 201)


@router.delete("/{name}", response_model=RootRemovedFacts, responses=declared(400, 403, 404, 503))
def remove_root(
    context: Context,
    name: Annotated[str, Path(max_length=_NAME)],
    forget: Annotated[bool, Query(description="Remove its records")] = False,
    keep: Annotated[bool, Query(description="Keep its records, with absolute paths")] = False,
) -> Response:
    """Unregister a root; its files are not touched."""
    removed = roots.remove(context.manager, name, forget=forget, keep=keep and not forget)
    return json_reply(removed.to_json())
