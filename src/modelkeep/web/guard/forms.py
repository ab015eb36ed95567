"""``read_form`` and ``read_file``: what a form that a page of ours sent has."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP
from http import HTTPStatus
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.exceptions import HTTPException

from modelkeep.web.bodies import read_body
from modelkeep.web.guard.sessions import is_own_form

_MOST_FIELDS = 1000


async def read_form(request: Request, *, is_login: bool = False) -> dict[str, str]:
    """Return the fields of a form, as ``read_fields``; the last of one name counts."""
    return dict(await read_fields(request, is_login=is_login))


async def read_fields(request: Request, *, is_login: bool = False) -> list[tuple[str, str]]:
    """Return the fields of a form in their order.

    Args:
        request: It carries what ``csrf_token`` gave its page in the field ``csrf``.
        is_login: It comes from somebody without a cookie; its origin has been checked.

    Raises:
        HTTPException: it is no form (400), or none of our pages sent it (403).
    """
    try:
        text = (await request.body()).decode("ascii")
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST) from error
    if not is_login and not is_own_form(request.scope, dict(fields).get("csrf", "")):
        raise HTTPException(HTTPStatus.FORBIDDEN)
    return fields


async def read_file(request: Request, name: str, limit: int) -> bytes:
    """Return the file of a form with a file (RFC 7578); empty where none was chosen.

    Args:
        request: It carries what ``csrf_token`` gave its page in the field ``csrf``.
        name: Of the field that has the file.
        limit: Bytes of the whole form at most.

    Raises:
        HTTPException: it is no such form (400), none of our pages sent it (403), or it is larger
            than the limit (413).
    """
    kind = request.headers.get("content-type", "")
    if "\r" in kind or "\n" in kind:
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    head = f"Content-Type: {kind}\r\n\r\n".encode("latin-1")
    form = BytesParser(policy=HTTP).parsebytes(head + await read_body(request, limit))
    if not form.is_multipart():
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    fields: dict[str, bytes] = {}
    for part in form.iter_parts():
        field = part.get_param("name", "", header="content-disposition")
        content = part.get_payload(decode=True)
        fields[str(field)] = content if isinstance(content, bytes) else b""
    if not is_own_form(request.scope, fields.get("csrf", b"").decode("latin-1").strip()):
        raise HTTPException(HTTPStatus.FORBIDDEN)
    return fields.get(name, b"")
