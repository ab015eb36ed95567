"""``Client``: requests to the API of a site, with retries and a size limit on every response."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar
from urllib.parse import urlencode

import requests

from modelkeep.errors import (
    ConnectionFailedError,
    DownloadError,
    HttpStatusError,
    ProtocolError,
)
from modelkeep.http.error_responses import check_content
from modelkeep.http.options import TransferOptions
from modelkeep.http.redirects import HttpResponse, open_url
from modelkeep.http.request import HttpRequest
from modelkeep.http.response_head import ByteRange, ResponseHead, header
from modelkeep.http.retry import RetryPolicy, wait
from modelkeep.http.session import Transport, make_session
from modelkeep.http.urllib3_adapter import Body
from modelkeep.http.urls import redacted

#: Bytes of an answer that are read at most: the largest listings have a few MiB.
ANSWER_BYTES = 64 << 20
_PIECE = 256 << 10
_PAST_END = 416


def never() -> bool:
    """Report that nobody requested an end."""
    return False


T = TypeVar("T")


@dataclass(frozen=True)
class ApiResponse:
    """What a site answered; also a refusal, which the site's adapter explains.

    Attributes:
        headers: Of the last answer; ask ``header``.
        body: All of it; of a refusal its begin.
        url: Where the answer came from, after redirects; may be a secret.
        error: The error for a status of 400 or more; None otherwise.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str = field(repr=False)
    error: HttpStatusError | None = None

    def header(self, name: str) -> str:
        """Return a header, whatever the case of its name; empty where there is none."""
        return header(self.headers, name)

    def json(self) -> Any:
        """Return the body as JSON values.

        Raises:
            NotAModelAnswerError: it is a web page, such as one to log in.
            ProtocolError: it is not JSON for another reason.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            kind = self.header("Content-Type")
            check_content(self.body, kind, "answer.json", url=self.url, wanted="JSON")
            raise ProtocolError(
                f"{redacted(self.url)} answered with something that is not JSON",
                hint="Try again later, or open the address in a browser.",
            ) from error

    def raise_for_status(self) -> Self:
        """Return this response.

        Raises:
            HttpStatusError: its status is 400 or more.
        """
        if self.error is not None:
            raise self.error
        return self


@dataclass(frozen=True)
class Peek:
    """What an address has.

    Attributes:
        start: The first bytes of the file.
        url: Where the redirects ended; may be a secret.
    """

    head: ResponseHead
    start: bytes = field(repr=False)
    url: str = field(repr=False)


class Client:
    """Asks the APIs of sites.

    Args:
        session: Used for every request as it is; one of ours when None.
        options: The time limits and the number of tries.
        is_offline: Refuse every request with a clear error.
        cancelled: Polled twice a second; True ends a wait or a request.
        public_only: Every request is, whatever it says itself; see ``HttpRequest``.
    """

    def __init__(
        self,
        session: requests.Session | Transport | None = None,
        options: TransferOptions | None = None,
        *,
        is_offline: bool = False,
        cancelled: Callable[[], bool] = never,
        public_only: bool = False,
    ) -> None:
        self.options = options if options is not None else TransferOptions()
        if session is None:
            session = make_session(self.options)
        self.transport = session if isinstance(session, Transport) else Transport(session)
        self.is_offline = is_offline
        self.public_only = public_only
        self._cancelled = cancelled
        self._policy = RetryPolicy(
            self.options.tries, self.options.backoff_base, self.options.backoff_cap
        )

    def until(self, cancelled: Callable[[], bool]) -> Client:
        """Return a client on the same session that ``cancelled`` ends."""
        return self._like(cancelled, public_only=self.public_only)

    def public(self) -> Client:
        """Return a client on the same session whose requests are all ``public_only``."""
        return self._like(self._cancelled, public_only=True)

    def _like(self, cancelled: Callable[[], bool], *, public_only: bool) -> Client:
        return Client(
            self.transport,
            self.options,
            is_offline=self.is_offline,
            cancelled=cancelled,
            public_only=public_only,
        )

    def get(
        self,
        request: HttpRequest | str,
        params: Mapping[str, Any] | Sequence[tuple[str, Any]] = (),
        *,
        limit: int = ANSWER_BYTES,
    ) -> ApiResponse:
        """Ask for an address and read all of the answer.

        Args:
            request: The address, with its token and headers where it needs them.
            params: Added to its query; lists repeat the name.
            limit: Bytes of the answer at most.

        Returns:
            The answer, also a refusal, after those were tried again that may pass.

        Raises:
            DownloadError: no connection, redirects that lead nowhere, an answer over the limit.
            JobCancelledError: ``cancelled`` said so.
        """
        if isinstance(request, str):
            request = HttpRequest(request)
        query = urlencode(params, doseq=True)
        if query:
            mark = "&" if "?" in request.url else "?"
            request = replace(request, url=f"{request.url}{mark}{query}")
        return self._with_retries(request, limit)

    def peek(self, request: HttpRequest, count: int) -> Peek:
        """Ask what an address has, and read the first bytes of it.

        A range is requested rather than HEAD, which some servers answer otherwise than GET, and
        which injected sessions may not know; a server that ignores the range is left early.

        Args:
            request: The address, with its token.
            count: Bytes that are read at most.

        Raises:
            HttpStatusError: it is refused; those that may pass are tried again before.
            DownloadError: no connection, or redirects that lead nowhere.
        """
        self._refuse_offline(request)
        return self.retrying(lambda: self._peek_once(request, count))

    def _peek_once(self, request: HttpRequest, count: int) -> Peek:
        opened = self._open(request, (0, count - 1))
        try:
            body, start = Body(opened.response, opened.url), bytearray()
            buffer = memoryview(bytearray(count))
            # An empty file has no first byte: its answer is a refusal of the range.
            while opened.head.status != _PAST_END and len(start) < count:
                got = body.readinto(buffer)
                if not got:
                    break
                start += buffer[:got]
            return Peek(opened.head, bytes(start[:count]), opened.url)
        finally:
            opened.close()

    def post(self, request: HttpRequest, value: Any, *, limit: int = ANSWER_BYTES) -> ApiResponse:
        """Send JSON to an address and read all of the answer; as ``get`` otherwise."""
        headers = {**request.headers, "Content-Type": "application/json"}
        body = json.dumps(value).encode("utf-8")
        request = replace(request, method="POST", body=body, headers=headers)
        return self._with_retries(request, limit)

    def open(self, request: HttpRequest, first: int, last: int) -> HttpResponse:
        """Ask for the bytes ``first`` to ``last`` of a file; the caller reads and closes.

        Raises:
            DownloadError: it cannot be had.
        """
        self._refuse_offline(request)
        return self._open(request, (first, last))

    def retrying(self, ask: Callable[[], T]) -> T:
        """Return what ``ask`` returns; after an error that may pass, ask again.

        Raises:
            DownloadError: it does not pass, or has come too often.
            JobCancelledError: ``cancelled`` said so.
        """
        failed = 0
        while True:
            try:
                return ask()
            except DownloadError as error:
                failed += 1
                delay = self._policy.delay(failed, error)
                if delay is None:
                    raise
            wait(delay, self._cancelled)

    def _with_retries(self, request: HttpRequest, limit: int) -> ApiResponse:
        self._refuse_offline(request)
        try:
            return self.retrying(lambda: self._once(request, limit))
        except HttpStatusError as error:
            url = redacted(request.url)
            return ApiResponse(error.status, error.headers, error.body, url, error)

    def _once(self, request: HttpRequest, limit: int) -> ApiResponse:
        opened = self._open(request)
        try:
            body = _read(opened, limit)
        finally:
            opened.close()
        headers = {str(k): str(v) for k, v in opened.response.headers.items()}
        return ApiResponse(opened.head.status, headers, body, opened.url)

    def _open(self, request: HttpRequest, byte_range: ByteRange | None = None) -> HttpResponse:
        if self.public_only and not request.public_only:
            request = replace(request, public_only=True)
        return open_url(
            self.transport,
            request,
            byte_range=byte_range,
            options=self.options,
            cancelled=self._cancelled,
        )

    def _refuse_offline(self, request: HttpRequest) -> None:
        if self.is_offline:
            raise offline(request.url)


def offline(url: str) -> DownloadError:
    """Make the error for a use of the network while the settings forbid it."""
    return DownloadError(
        f"{redacted(url)} was not requested: the setting offline is on",
        hint="To allow it: modelkeep config set offline false",
    )


def _read(opened: HttpResponse, limit: int) -> bytes:
    """Read a body to its end."""
    body, parts, size = Body(opened.response, opened.url), bytearray(), 0
    buffer = memoryview(bytearray(_PIECE))
    while count := body.readinto(buffer):
        parts += buffer[:count]
        size += count
        if size > limit:
            raise ProtocolError(
                f"{redacted(opened.url)} answered with more than {limit:,} bytes",
                hint="Check the address; this is not a site's API.",
            )
    if not opened.head.is_whole:
        raise ProtocolError(
            f"{redacted(opened.url)} sent only a part of its answer",
            hint="The server or a proxy is at fault. Try again later.",
        )
    length = opened.head.length
    if length is not None and size != length:
        raise ConnectionFailedError(
            f"{redacted(opened.url)} sent {size:,} of {length:,} bytes",
            hint="Check the connection, then try again.",
        )
    body.finish()
    return bytes(parts)
