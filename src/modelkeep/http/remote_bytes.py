"""``RemoteBytes``: a file of a server, read at any offset by ranges."""

from __future__ import annotations

from modelkeep.errors import (
    ConnectionFailedError,
    CorruptModelError,
    ProtocolError,
    UnsupportedSourceError,
)
from modelkeep.http.client import Client
from modelkeep.http.error_responses import CHECKED_BYTES, check_content
from modelkeep.http.redirects import HttpResponse
from modelkeep.http.request import HttpRequest
from modelkeep.http.urllib3_adapter import Body
from modelkeep.http.urls import file_name, redacted

#: Bytes of the first request: the whole header of most model files.
FIRST_BYTES = 512 << 10
#: Bytes that a further request asks for at least: what is read next is often near.
_MORE_BYTES = 256 << 10
#: A server that knows no parts sends the whole file: it is read up to here and no further.
_WHOLE_BYTES = 2 << 20


class RemoteBytes:
    """A file of a server that is read as a local one is; see ``core.reading.ReadAt``.

    What was read once is kept, so keep it no longer than the reading takes.

    Args:
        request: Where the file is, with its token.

    Attributes:
        bytes_read: Bytes of all their bodies.

    Raises:
        NotAModelAnswerError: a web page or a message comes in its place.
        DownloadError: the server does not give it.
        UnsupportedSourceError: the server does not say how long the file is.
    """

    def __init__(self, client: Client, request: HttpRequest) -> None:
        self._client = client
        self._request = request
        self._parts: list[tuple[int, bytearray]] = []
        self.requests = 0
        self.bytes_read = 0
        self._size: int | None = None
        self._parts.append((0, self._get(0, FIRST_BYTES)))

    @property
    def name(self) -> str:
        """The address, as it may be shown."""
        return redacted(self._request.url)

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return self._size or 0

    def read_at(self, offset: int, count: int) -> bytes:
        """Return exactly ``count`` bytes from ``offset``.

        Raises:
            CorruptModelError: fewer bytes are there.
            DownloadError: the server does not give them.
        """
        if offset < 0 or offset + count > self.size:
            raise CorruptModelError(
                f"{self.name} ends at byte {self.size:,}; it should go on to byte"
                f" {offset + count:,}",
                hint="The file on the server is truncated. Look for another source.",
            )
        part = self._part(offset, count)
        if part is None:
            self._keep(offset, count)
            part = self._part(offset, count)
        if part is None:
            raise ProtocolError(
                f"{self.name} sent a different range than requested",
                hint="The server is at fault. Look for another source.",
            )
        return part

    def _part(self, offset: int, count: int) -> bytes | None:
        for start, data in self._parts:
            if start <= offset and offset + count <= start + len(data):
                with memoryview(data) as view:
                    return bytes(view[offset - start : offset - start + count])
        return None

    def _keep(self, offset: int, count: int) -> None:
        """Fetch what is missing of a part, and what is near it."""
        for start, data in self._parts:
            end = start + len(data)
            if start <= offset <= end:
                data.extend(self._get(end, max(offset + count - end, _MORE_BYTES)))
                return
        first = max(0, min(offset, self.size - max(count, _MORE_BYTES)))
        self._parts.append((first, self._get(first, max(offset + count - first, _MORE_BYTES))))

    def _get(self, first: int, count: int) -> bytearray:
        return self._client.retrying(lambda: self._fetch(first, count))

    def _fetch(self, first: int, count: int) -> bytearray:
        self.requests += 1
        opened = self._client.open(self._request, first, first + count - 1)
        try:
            return self._body(opened, first, count)
        finally:
            opened.close()

    def _body(self, opened: HttpResponse, first: int, count: int) -> bytearray:
        head = opened.head
        total = head.total if head.total is not None else self._request.size
        if total is None:
            raise UnsupportedSourceError(
                f"{self.name} does not send the size of the file, so it cannot be inspected",
                hint="Download it first, then identify the local file.",
            )
        if self._size not in {None, total}:
            raise ProtocolError(
                f"{self.name} changed while it was read",
                hint="It may just have been replaced. Try again.",
            )
        self._size = total
        skipped = first - head.start
        if skipped and first + count > _WHOLE_BYTES:
            raise UnsupportedSourceError(
                f"{self.name} does not support range requests, so the file cannot be inspected",
                hint="Download it first, then identify the local file.",
            )
        content = bytearray(skipped + min(count, total - first))
        self._read(Body(opened.response, opened.url), content)
        del content[:skipped]
        if first == 0:
            name = file_name(head.file_name, self._request.url)
            check_content(
                bytes(content[:CHECKED_BYTES]), head.content_type, name, url=opened.url, total=total
            )
        return content

    def _read(self, body: Body, content: bytearray) -> None:
        with memoryview(content) as buffer:
            done = 0
            while done < len(buffer):
                got = body.readinto(buffer[done:])
                if not got:
                    raise ConnectionFailedError(
                        f"{self.name} sent {done:,} of {len(buffer):,} bytes",
                        hint="Check the connection, then try again.",
                    )
                done += got
                self.bytes_read += got
        body.finish()
