"""Files in forms."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from urllib3.filepost import encode_multipart_formdata

from modelkeep.web.guard.asked import Caller, set_caller
from modelkeep.web.guard.forms import read_file

_OWNER = Caller("owner", "manage", "bearer", b"")


def _request(body: bytes, kind: str, caller: Caller | None = _OWNER) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", kind.encode("latin-1"))]
    scope = {"type": "http", "method": "POST", "headers": headers}
    if caller is not None:
        set_caller(scope, caller)
    return Request(scope, receive)


@given(
    st.binary(max_size=200) | st.lists(st.sampled_from([b"\r", b"\n", b"--", b"a"])).map(b"".join)
)
def test_a_file_arrives_as_it_was_sent(content: bytes) -> None:
    body, kind = encode_multipart_formdata(
        {"csrf": "x", "picture": ("a.png", content, "image/png"), "other": "y"}
    )
    assert asyncio.run(read_file(_request(body, kind), "picture", 10_000)) == content
    assert asyncio.run(read_file(_request(body, kind), "third", 10_000)) == b""


@given(st.binary(max_size=200), st.sampled_from(["", "; boundary=a", '; boundary="', "\r\nX: y"]))
def test_what_is_no_form_is_refused(body: bytes, rest: str) -> None:
    kind = f"multipart/form-data{rest}"
    request = _request(b"--a" + body, kind)
    assert asyncio.run(_outcome(request)) in {400, 200}


async def _outcome(request: Request) -> int:
    try:
        await read_file(request, "picture", 10_000)
    except HTTPException as error:
        return error.status_code
    return 200


def test_nobody_else_sends_one() -> None:
    body, kind = encode_multipart_formdata({"picture": ("a.png", b"x", "image/png")})
    with pytest.raises(HTTPException) as caught:
        asyncio.run(read_file(_request(body, kind, None), "picture", 10_000))
    assert caught.value.status_code == 403
