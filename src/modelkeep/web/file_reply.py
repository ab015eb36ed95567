"""``FileReply``: the bytes of an open file, or a range of them, in constant memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from email.utils import formatdate
from http import HTTPStatus
from pathlib import PurePosixPath
from urllib.parse import quote

import anyio.to_thread
from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from modelkeep.app.files import OpenedFile
from modelkeep.web.ranges import UnsatisfiableRangeError, holds, range_of

#: Bytes that are read and sent at a time.
PIECE_BYTES = 1 << 20
_NO_SUCH_BYTES = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE


class FileReply(Response):
    """Sends a file as an attachment; closes it when it is sent, or nobody listens any more.

    Args:
        request: Its ``Range``, ``If-Range`` and ``If-None-Match`` are honoured.
        file: What is sent.
        media_type: What it is said to be.
        headers: More headers, also of 304 and 416.
    """

    def __init__(
        self,
        request: Request,
        file: OpenedFile,
        *,
        media_type: str = "application/octet-stream",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._file = file
        self._sends_body = request.method != "HEAD"
        tag = f'"{file.tag}"'
        status, (self._start, self._end) = _what_is_sent(request, tag, file.size)
        super().__init__(None, status, media_type=media_type)
        self._is_empty = status in {HTTPStatus.NOT_MODIFIED, _NO_SUCH_BYTES}
        more = {
            "etag": tag,
            "last-modified": formatdate(file.modified, usegmt=True),
            "accept-ranges": "bytes",
            "content-disposition": _attached(file.owned.name),
            "x-content-type-options": "nosniff",
            **(headers or {}),
        }
        if status == HTTPStatus.PARTIAL_CONTENT:
            more["content-range"] = f"bytes {self._start}-{self._end - 1}/{file.size}"
        elif status == _NO_SUCH_BYTES:
            more["content-range"] = f"bytes */{file.size}"
        if status != HTTPStatus.NOT_MODIFIED:
            more["content-length"] = "0" if self._is_empty else str(self._end - self._start)
        self.headers.update(more)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        del scope
        gone = asyncio.create_task(_until_gone(receive))
        try:
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
            if self._sends_body and not self._is_empty:
                await self._send_pieces(send, gone)
            else:
                await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            self._file.close()

    async def _send_pieces(self, send: Send, gone: asyncio.Task[None]) -> None:
        position = self._start
        # What is sent to nobody would be read to the end of the file.
        while position < self._end and not gone.done():
            count = min(PIECE_BYTES, self._end - position)
            piece = await anyio.to_thread.run_sync(self._file.read_at, position, count)
            position += count
            more = {"more_body": position < self._end}
            await send({"type": "http.response.body", "body": piece, **more})
        if self._start == self._end:
            await send({"type": "http.response.body", "body": b""})


async def _until_gone(receive: Receive) -> None:
    """Wait until the client hangs up."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _what_is_sent(request: Request, tag: str, size: int) -> tuple[int, tuple[int, int]]:
    """Return the status, and which bytes are sent."""
    everything = (0, size)
    seen = request.headers.get("if-none-match")
    if seen is not None and holds(seen, tag):
        return HTTPStatus.NOT_MODIFIED, everything
    wanted = request.headers.get("range")
    if wanted is None or request.headers.get("if-range", tag) != tag:
        return HTTPStatus.OK, everything
    try:
        found = range_of(wanted, size)
    except UnsatisfiableRangeError:
        return _NO_SUCH_BYTES, everything
    return (HTTPStatus.OK, everything) if found is None else (HTTPStatus.PARTIAL_CONTENT, found)


def _attached(name: str) -> str:
    """Return the header by which browsers store a file and never show it."""
    last = PurePosixPath(name).name
    quoted = quote(last, safe="", errors="replace")
    if quoted == last:
        return f'attachment; filename="{last}"'
    return f"attachment; filename*=utf-8''{quoted}"
