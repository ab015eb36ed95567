"""The files of a model: their list, their bytes, and the header of its weights."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import BaseModel

from modelkeep.app import files, header
from modelkeep.web.context import Context
from modelkeep.web.errors import declared
from modelkeep.web.file_reply import FileReply
from modelkeep.web.keys import InPath, config_at, config_of
from modelkeep.web.replies import json_reply
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=f"{API}/model/record/i")
ROUTES = Routes("files", router)

_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "The file"},
    206: {"content": {"application/octet-stream": {}}, "description": "A range of it"},
    304: {"description": "It is what the client has"},
    416: {"description": "It has no such bytes"},
    **declared(400, 404, 422, 424, 503),
}


class OwnedFileEntry(BaseModel):
    """A file of a model.

    Attributes:
        path: Below the model's folder; the name of the file where the model is one.
        size: Bytes.
        modified: Seconds since the epoch.
        sha256: 64 hex characters; null where it is not known.
        blake3: The same.
    """

    path: str
    size: int
    modified: float
    sha256: str | None
    blake3: str | None


class OwnedFileList(BaseModel):
    """The files of a model."""

    files: list[OwnedFileEntry]


class TensorEntry(BaseModel):
    """A tensor: its name, element type and shape."""

    name: str
    dtype: str
    shape: list[int]


class HeaderPage(BaseModel):
    """A part of the header of a weight file.

    Attributes:
        path: The file.
        container: ``safetensors`` or ``pickle``.
        size: Bytes of the file.
        count: How many tensors it has, of those that are asked for.
        dtypes: How many of all its tensors have each element type.
        tensors: Some of them, in the order of the file.
        metadata: What else the header says; long texts are cut. Only with the first tensors.
        cut: Keys of the metadata that were cut or left out.
        next: The ``after`` of the following page; null at the end.
    """

    path: str
    container: str
    size: int
    count: int
    dtypes: dict[str, int]
    tensors: list[TensorEntry]
    metadata: dict[str, str]
    cut: list[str]
    next: int | None


@router.get(
    "/{key:path}/files",
    response_model=OwnedFileList,
    responses=declared(400, 404, 409, 422, 424, 503),
)
def list_model_files(context: Context, key: InPath) -> Response:
    """List the files of a model."""
    found = files.files_of(context.manager, config_of(context, key))
    return json_reply({"files": [file.to_json() for file in found]})


@router.get("/{key:path}/files/{path:path}", response_class=Response, responses=_BYTES)
def get_model_file(context: Context, request: Request, key: InPath, path: InPath) -> Response:
    """Send a file of a model, or a range of its bytes, as an attachment."""
    config, name = config_at(context, f"{key}/files/{path}", "/files/")
    if not name:
        return list_model_files(context, config.key)
    return FileReply(request, files.open_file(context.manager, config, name))


@router.head(
    "/{key:path}/files/{path:path}",
    operation_id="head_model_file",
    response_class=Response,
    include_in_schema=False,
)
def head_model_file(context: Context, request: Request, key: InPath, path: InPath) -> Response:
    """Say how long a file of a model is, and which bytes it has."""
    return get_model_file(context, request, key, path)


@router.get(
    "/{key:path}/header",
    response_model=HeaderPage,
    responses=declared(400, 404, 409, 415, 422, 424, 503),
)
def get_model_header(
    context: Context,
    key: InPath,
    *,
    path: Annotated[str, Query(max_length=4096)] = "",
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    q: Annotated[str, Query(max_length=200, description="Words in the names of tensors")] = "",
) -> Response:
    """Read the header of a weight file of a model; nothing in the file is run.

    Without a path, the largest weight file is read.
    """
    page = header.header_page(
        context.manager, config_of(context, key), path, after=after, limit=limit, text=q
    )
    return json_reply(page.to_json())
