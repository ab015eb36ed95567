"""What the fault server answers: one page for each request, right or wrong in one chosen way."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

#: Bytes that one answer is taken from; an mmap fits too.
Body = Any


@dataclass
class Request:
    """One request as it arrived, and what was sent for it.

    Attributes:
        number: Which request of the server it is, from 0.
        connection: Which connection of the server brought it, from 0.
        host: The address of this machine that was asked.
        method: ``GET``, ``HEAD`` or ``POST``.
        path: What was asked for, without the query.
        query: What follows the question mark.
        headers: Names in small letters; a repeated one keeps its last value.
        body: What was sent along, as text.
        status: What was answered; 0 while nothing was.
        sent: Bytes of the body that went out.
        ended: The answer was sent to its end, cut or given up.
    """

    number: int
    connection: int
    host: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str = field(default="", repr=False)
    status: int = 0
    sent: int = 0
    ended: bool = False

    @property
    def range(self) -> tuple[int, int | None] | None:
        """First and last byte asked for (the last is None for all the rest), or None."""
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range", ""))
        if found is None:
            return None
        return int(found[1]), int(found[2]) if found[2] else None

    @property
    def start(self) -> int:
        """First byte asked for."""
        return self.range[0] if self.range else 0

    def covers(self, offset: int) -> bool:
        """Tell whether this byte of the file was asked for."""
        last = self.range[1] if self.range else None
        return self.start <= offset and (last is None or offset <= last)


@dataclass(frozen=True)
class Page:
    """One answer.

    Attributes:
        body: All bytes of the file.
        status: The status; None chooses 200, 206 or 416 by the request.
        reason: The reason phrase; empty takes the usual one.
        headers: Further headers, or others in place of those that the server makes.
        etag: As it is sent, quotes included; ``W/"x"`` is a weak one; None sends none.
        ranges: Range requests are answered with a part.
        part_status: The status of a part.
        lengths: Content-Length headers in place of the right one; empty sends none.
        content_range: Content-Range in place of the right one; empty sends none.
        shift: Bytes by which the part sent is off, for answers that lie.
        chunked: Send the body in chunks.
        gzipped: Send the body packed and say so.
        content_type: The Content-Type; empty sends none.
        disposition: The Content-Disposition.
        cut_after: End the connection after that many bytes of this body.
        cut_at: End the connection before this byte of the file.
        how: ``reset`` or ``close``: how the connection ends at a cut.
        stall_after: Send that many bytes of this body, then wait.
        stall_at: Send up to this byte of the file, then wait.
        stall: Seconds to wait there.
        wait: Seconds before the head.
        head_rate: Bytes of the head each second, or None for all at once.
        rate: Bytes of the body each second on one connection, or None for all there is.
        flip: A byte of the file whose bits are turned.
        parallel: Answers of this path that may run at once; further ones get ``refusal``.
        refusal: Status for those.
        token: The Authorization header that must come along, else 401.
        raw: Everything to send in place of all that, before the connection ends.
        close: End the connection after the answer.
    """

    body: Body = b""
    status: int | None = None
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    etag: str | None = None
    ranges: bool = True
    part_status: int = 206
    lengths: tuple[str, ...] | None = None
    content_range: str | None = None
    shift: int = 0
    chunked: bool = False
    gzipped: bool = False
    content_type: str = "application/octet-stream"
    disposition: str = ""
    cut_after: int | None = None
    cut_at: int | None = None
    how: str = "reset"
    stall_after: int | None = None
    stall_at: int | None = None
    stall: float = 0.0
    wait: float = 0.0
    head_rate: float | None = None
    rate: float | None = None
    flip: int | None = None
    parallel: int | None = None
    refusal: int = 403
    token: str | None = None
    raw: bytes | None = None
    close: bool = False

    def but(self, **changes: Any) -> Self:
        """Return the same page with these fields changed."""
        return replace(self, **changes)


Script = Callable[[Request], Page]


def status(code: int, *headers: tuple[str, str], reason: str = "", body: bytes = b"") -> Page:
    """Answer with this status and no file."""
    return Page(body, code, reason=reason, headers=headers, ranges=False, content_type="text/plain")


def redirect(location: str, code: int = 302) -> Page:
    """Send the client to another address."""
    return status(code, ("Location", location))


def login_page(content_type: str = "text/html; charset=utf-8") -> Page:
    """Answer as sites do that want a login first: status 200 and a page."""
    text = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Log in</body></html>\n"
    return Page(text, content_type=content_type, ranges=False)


def json_error(code: int, value: Any) -> Page:
    """Refuse with a JSON body."""
    body = json.dumps(value).encode()
    return Page(body, code, ranges=False, content_type="application/json")


def in_turn(*pages: Page) -> Script:
    """Answer each request with the next page, and from the last one on with that."""
    left = list(pages)

    def script(request: Request) -> Page:
        del request
        return left.pop(0) if len(left) > 1 else left[0]

    return script


def once(fault: Page, page: Page, offset: int = 0) -> Script:
    """Answer the first request that covers this byte with the fault, all others with the page."""
    return times(1, fault, page, offset)


def times(count: int, fault: Page, page: Page, offset: int = 0) -> Script:
    """Answer that many requests that cover this byte with the fault, all others with the page."""
    left = count

    def script(request: Request) -> Page:
        nonlocal left
        if left and request.covers(offset):
            left -= 1
            return fault
        return page

    return script


@dataclass
class Signed:
    """A site that sends to addresses which work only for some requests.

    Attributes:
        page: What stands behind a good address.
        uses: Requests for which one address is good; None is for ever.
        location: Where the blob is, without its query.
        given: Addresses given out so far.
    """

    page: Page
    uses: int | None
    location: str
    given: int = 0
    _used: dict[str, int] = field(default_factory=dict)

    def front(self, request: Request) -> Page:
        """Answer the first address: a redirect to a fresh signed one."""
        del request
        self.given += 1
        return redirect(f"{self.location}?X-Signature=secret{self.given}&Expires=60")

    def blob(self, request: Request) -> Page:
        """Answer a signed address: the file, or 403 when it is spent or not the newest."""
        used = self._used[request.query] = self._used.get(request.query, 0) + 1
        is_known = request.query.startswith("X-Signature=secret")
        if not is_known or (self.uses is not None and used > self.uses):
            return status(403, body=b"<Error><Code>AccessDenied</Code></Error>")
        return self.page

    def expire(self) -> None:
        """Make all addresses given so far useless."""
        for number in range(1, self.given + 1):
            self._used[f"X-Signature=secret{number}&Expires=60"] = 1 << 40


@dataclass(frozen=True)
class Answer:
    """One page made concrete for one request: the head, and which bytes follow."""

    status: int
    head: bytes
    body: Body
    start: int
    stop: int


_REASONS = {
    200: "OK",
    206: "Partial Content",
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    408: "Request Timeout",
    410: "Gone",
    416: "Range Not Satisfiable",
    429: "Too Many Requests",
    451: "Unavailable For Legal Reasons",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


def answer(page: Page, request: Request) -> Answer:
    """Turn a page into the bytes that answer this request."""
    body = gzip.compress(bytes(page.body), 1) if page.gzipped else page.body
    size = len(body)
    code, start, stop = _part(page, request, size)
    headers = _headers(page, code, (start, stop, size))
    replaced = {name.lower() for name, _ in page.headers}
    kept = [each for each in headers if each[0].lower() not in replaced]
    told = page.part_status if code == 206 else code
    lines = [f"HTTP/1.1 {told} {page.reason or _REASONS.get(told, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in [*kept, *page.headers]]
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    if page.shift:
        start, stop = max(0, start + page.shift), max(0, min(size, stop + page.shift))
    return Answer(told, head, body, start, stop)


def _part(page: Page, request: Request, size: int) -> tuple[int, int, int]:
    """Choose the status and the bytes to send."""
    wanted = request.range if page.ranges and page.status in {None, 206} else None
    condition = request.headers.get("if-range")
    if wanted and condition is not None:
        is_strong = page.etag is not None and not page.etag.startswith("W/")
        wanted = wanted if is_strong and condition == page.etag else None
    if wanted is None:
        return page.status or 200, 0, size
    start, last = wanted
    if start >= size and page.status is None:
        return 416, 0, 0
    return page.status or 206, min(start, size), size if last is None else min(last + 1, size)


def _headers(page: Page, code: int, part: tuple[int, int, int]) -> list[tuple[str, str]]:
    """Make the headers of an answer that sends this part (start, stop, size) of the file."""
    start, stop, size = part
    headers = [("Date", "Tue, 24 Nov 2026 12:00:00 GMT")]
    if page.content_type:
        headers.append(("Content-Type", page.content_type))
    if page.etag is not None:
        headers.append(("ETag", page.etag))
    if page.ranges and code < 300:
        headers.append(("Accept-Ranges", "bytes"))
    if page.gzipped:
        headers.append(("Content-Encoding", "gzip"))
    if page.disposition:
        headers.append(("Content-Disposition", page.disposition))
    if page.chunked:
        headers.append(("Transfer-Encoding", "chunked"))
    elif page.lengths is None:
        headers.append(("Content-Length", str(stop - start)))
    headers += [("Content-Length", each) for each in page.lengths or ()]
    usual = {206: f"bytes {start}-{stop - 1}/{size}", 416: f"bytes */{size}"}.get(code, "")
    told = usual if page.content_range is None or code != 206 else page.content_range
    if told:
        headers.append(("Content-Range", told))
    if page.close:
        headers.append(("Connection", "close"))
    return headers
