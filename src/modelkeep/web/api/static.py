"""``/static``: scripts and styles of the pages, for everybody."""

from __future__ import annotations

import re
from http import HTTPStatus

from fastapi import Request, Response
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException

from modelkeep.web.ranges import holds
from modelkeep.web.rendering import STATIC, static_version
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False)
ROUTES = Routes("static", router)

_VERSION = re.compile(r"[0-9a-f]{12}")
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
#: Of an address that names the content: it never changes.
_FOR_EVER = "public, max-age=31536000, immutable"


@router.get("/static/{name:path}")
def static_file(request: Request, name: str) -> Response:
    """Send one of the files that the program brings along, whatever version is asked for."""
    version, _, rest = name.partition("/")
    name = rest if _VERSION.fullmatch(version) else name
    found = next(
        (path for path in STATIC.rglob("*.*") if f"{path.relative_to(STATIC)}" == name), None
    )
    if found is None or found.suffix not in _KINDS:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    is_named = version == static_version()
    reply = FileResponse(found, media_type=_KINDS[found.suffix], stat_result=found.stat())
    tag = reply.headers["etag"]
    reply.headers["Cache-Control"] = _FOR_EVER if is_named else "no-cache"
    if not is_named and holds(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers={"ETag": tag, "Cache-Control": "no-cache"})
    return reply
