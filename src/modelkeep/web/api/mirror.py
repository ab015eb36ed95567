"""``/hf``: the API of the Hugging Face Hub for what is installed, for reading.

Programs reach it with ``HF_ENDPOINT=http://HOST:PORT/hf``, and a token of this server as
``HF_TOKEN``.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import BaseModel

from modelkeep.app.files import open_owned
from modelkeep.app.mirror import MirroredRepository
from modelkeep.core import limits
from modelkeep.errors import SourceError
from modelkeep.web.bodies import read_form
from modelkeep.web.context import Context
from modelkeep.web.errors import declared
from modelkeep.web.file_reply import FileReply
from modelkeep.web.keys import InPath
from modelkeep.web.replies import json_reply
from modelkeep.web.repositories import AtRevision, Newest, not_here
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(prefix="/hf")
ROUTES = Routes("mirror", router)

_MODEL, _AT = "/api/models/{org}/{name}", "/{revision}"
_FILE = "/{org}/{name}/resolve/{revision}/{path:path}"
#: Entries of one page of a tree, as with the Hub.
_PAGE = 1000
_PATHS = 1000

_Blobs = Annotated[bool, Query(description="Say sizes and hashes of the files")]
_Recursive = Annotated[bool, Query(description="List what is in folders too")]
_Cursor = Annotated[int, Query(ge=0, le=10_000_000, description="Entries of earlier pages")]


class HubRepository(BaseModel):
    """What the Hub's API says of a repository; the fields that clients need."""

    id: str
    sha: str
    siblings: list[dict[str, Any]]


class HubEntry(BaseModel):
    """A file or a folder of a repository."""

    type: str
    oid: str
    size: int
    path: str
    lfs: dict[str, Any] | None = None


@router.get(_MODEL, response_model=HubRepository, responses=declared(400, 404, 422, 503))
def mirrored_model(found: Newest, *, blobs: _Blobs = False) -> Response:
    """Describe a repository at its newest commit."""
    return json_reply(found.to_json(blobs=blobs))


@router.get(
    f"{_MODEL}/revision{_AT}",
    response_model=HubRepository,
    responses=declared(400, 404, 422, 503),
)
def mirrored_revision(found: AtRevision, *, blobs: _Blobs = False) -> Response:
    """Describe a repository at a commit."""
    return json_reply(found.to_json(blobs=blobs))


@router.get(
    f"{_MODEL}/tree{_AT}",
    response_model=list[HubEntry],
    responses=declared(400, 404, 422, 503),
)
def mirrored_tree(
    found: AtRevision, request: Request, *, recursive: _Recursive = False, cursor: _Cursor = 0
) -> Response:
    """List the files and folders of a repository; the header ``Link`` leads to the next page."""
    return _page(request, found.tree(recursive=recursive) or [], cursor)


@router.get(
    f"{_MODEL}/tree{_AT}/{{path:path}}",
    response_model=list[HubEntry],
    responses=declared(400, 404, 422, 503),
)
def mirrored_subtree(
    found: AtRevision,
    request: Request,
    path: InPath,
    *,
    recursive: _Recursive = False,
    cursor: _Cursor = 0,
) -> Response:
    """List a folder of a repository."""
    entries = found.tree(path.strip("/"), recursive=recursive)
    if entries is None:
        raise not_here("EntryNotFound", f"{found.name} has no folder {path} here", found.commit)
    return _page(request, entries, cursor)


@router.post(
    f"{_MODEL}/paths-info{_AT}",
    response_model=list[HubEntry],
    responses=declared(400, 404, 413, 422, 503),
)
async def mirrored_paths(found: AtRevision, request: Request) -> Response:
    """Describe some paths of a repository; those that are not there are left out."""
    wanted = (await read_form(request, limits.MIB)).get("paths", [])[:_PATHS]
    known = {entry["path"]: entry for entry in found.tree(recursive=True) or []}
    places = dict.fromkeys(path.strip("/") for path in wanted)
    return json_reply([known[path] for path in places if path in known])


@router.get(
    _FILE,
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {}}, "description": "The file"},
        206: {"content": {"application/octet-stream": {}}, "description": "A range of it"},
        304: {"description": "It is what the client has"},
        416: {"description": "It has no such bytes"},
        **declared(400, 404, 422, 503),
    },
)
def mirrored_file(found: AtRevision, context: Context, request: Request, path: InPath) -> Response:
    """Send a file of a repository, or a range of its bytes."""
    return _file(found, context, request, path)


@router.head(
    _FILE,
    response_class=Response,
    include_in_schema=False,
)
def head_mirrored_file(
    found: AtRevision, context: Context, request: Request, path: InPath
) -> Response:
    """Say how long a file of a repository is, which bytes it has, and at which commit."""
    return _file(found, context, request, path)


def _file(found: MirroredRepository, context: Context, request: Request, path: str) -> Response:
    file = found.by_path.get(path)
    if file is None:
        raise not_here("EntryNotFound", f"{found.name} has no file {path} here", found.commit)
    try:
        opened = open_owned(context.manager, file.config, file.owned)
    except SourceError as error:
        raise not_here("EntryNotFound", str(error), found.commit) from error
    linked = {"X-Linked-ETag": f'"{opened.tag}"', "X-Linked-Size": str(opened.size)}
    return FileReply(request, opened, headers={"X-Repo-Commit": found.commit, **linked})


def _page(request: Request, entries: list[dict[str, Any]], cursor: int) -> Response:
    end, headers = cursor + _PAGE, {}
    if end < len(entries):
        following = request.url.include_query_params(cursor=end)
        headers["Link"] = f'<{following}>; rel="next"'
    return json_reply(entries[cursor:end], headers=headers)
