"""``/static``: scripts and styles of the pages, for everybody."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException

from modelkeep.web.routes import Routes

router = APIRouter(include_in_schema=False)
ROUTES = Routes("static", router)

_FOLDER = Path(__file__).parents[1] / "static"
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@router.get("/static/{name}")
def static_file(name: str) -> Response:
    """Send one of the files that the program brings along."""
    found = next((path for path in _FOLDER.iterdir() if path.name == name), None)
    if found is None or found.suffix not in _KINDS:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return FileResponse(found, media_type=_KINDS[found.suffix])
