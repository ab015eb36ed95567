"""``open_url``: sends a request and follows its redirects, each hop checked."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote, urljoin, urlsplit

import requests
import urllib3

from modelkeep import __version__
from modelkeep.errors import (
    AddressRefusedError,
    ConnectionFailedError,
    DownloadJobCancelledException,
    ProtocolError,
    RedirectRefusedError,
    UnsupportedSourceError,
)
from modelkeep.http.addresses import is_same_host
from modelkeep.http.deadline import Deadline
from modelkeep.http.error_responses import status_error
from modelkeep.http.options import TransferOptions
from modelkeep.http.request import HttpRequest
from modelkeep.http.response_head import ByteRange, ResponseHead, header, parse_head
from modelkeep.http.retry import describe, is_network_error, is_transient, root_cause
from modelkeep.http.session import Transport, prepared_url
from modelkeep.http.urls import Origin, origin_of, redacted

_REDIRECTS = {301, 302, 303, 307, 308}
#: Redirects that repeat the request as it was.
_SAME_METHOD = {307, 308}
_REFUSED_FROM = 400
_RANGE_REFUSED = 416
#: How stores refuse an address whose signature is spent or too old.
_EXPIRED = {400, 401, 403, 404, 410}
#: A redirect's body up to this size is read, so that its connection can be used again.
_SMALL_BODY = 16 * 1024
#: Seconds that the body of a redirect or an error may take: it is not what was requested.
_SIDE_BODY_TIME = 5.0
_ALWAYS = {
    "User-Agent": f"modelkeep/{__version__}",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
}
#: Headers that the engine alone decides on.
_OURS = {"accept-encoding", "connection", "content-length", "host", "if-range", "range"}
_AT_FAULT = "The server or a proxy is at fault. Try later or use another source."
#: Parts of names of headers that give the sender away; they stay with the first origin.
_SECRET_PARTS = ("auth", "cookie", "token", "key", "secret", "session")


@dataclass
class HttpResponse:
    """An answer whose body can be read.

    Attributes:
        response: Its ``raw`` gives the bytes.
        head: What its head says; its status is 200, 203, 206, or 416 where a range was requested.
            A request for the whole file may bring its first part alone, with 206.
        chain: All URLs on the way, without secrets.
        url: The last of them, to be requested again without the redirects; may be a secret.
        was_refreshed: The URL that the caller gave had expired; the redirects were followed anew.
        deadline: The time limits of the connection; None in an injected session.
    """

    response: requests.Response
    head: ResponseHead
    chain: tuple[str, ...]
    url: str = field(repr=False)
    was_refreshed: bool = False
    deadline: Deadline | None = field(default=None, repr=False)

    def close(self) -> None:
        """Give the connection back, or end it when the body was not read to its end."""
        self.response.close()


def open_url(
    sender: Transport,
    request: HttpRequest,
    *,
    byte_range: ByteRange | None = None,
    if_range: str | None = None,
    options: TransferOptions,
    cancelled: Callable[[], bool],
    url: str | None = None,
    known_total: int | None = None,
) -> HttpResponse:
    """Ask for a file or a part of it.

    Args:
        sender: Through which session.
        request: What to fetch.
        byte_range: First and last byte, or None for the whole file.
        if_range: A strong validator: the part is wanted of this version alone.
        options: The time limits, and how many redirects.
        cancelled: Checked between hops, and twice a second while we wait (our own session).
        url: The final URL of an earlier response: tried first. When it has expired, the
            redirects are followed anew from ``request.url``.
        known_total: Bytes of the whole file, if an earlier response gave them.

    Returns:
        The answer; the caller closes it.

    Raises:
        HttpStatusError: it was refused with a status of 400 or more.
        ConnectionFailedError: no connection, or it broke off; ``retries.is_transient`` tells
            whether trying again may help.
        ProtocolError: the head contradicts itself or the request.
        RedirectRefusedError: a redirect leads where none may.
        AddressRefusedError: the request is ``public_only``, and its address is private or has
            another port than those of the web.
        UnsupportedSourceError: the address is none of the web.
        DownloadJobCancelledException: ``cancelled`` said so.
    """
    route = _Route(sender, request, options, cancelled)
    route.byte_range, route.known_total = byte_range, known_total
    if byte_range is not None:
        first, last = byte_range
        route.headers["Range"] = f"bytes={first}-{'' if last is None else last}"
        if if_range is not None:
            route.headers["If-Range"] = if_range
    if url is not None and url != request.url:
        opened = route.follow(url, is_shortcut=True)
        if opened is not None:
            return opened
    opened = route.follow(request.url, is_shortcut=False)
    if opened is None:  # pragma: no cover - only a shortcut ends without an answer or an error
        raise ConnectionFailedError(f"{redacted(request.url)} did not answer")
    opened.was_refreshed = url is not None and url != request.url
    return opened


class _Route:
    """One way through redirects to an answer."""

    byte_range: ByteRange | None = None
    known_total: int | None = None

    def __init__(
        self,
        sender: Transport,
        request: HttpRequest,
        options: TransferOptions,
        cancelled: Callable[[], bool],
    ) -> None:
        self._sender = sender
        self._request = request
        self._options = options
        self._cancelled = cancelled
        self.headers: dict[str, str] = {}
        self._chain: list[str] = []
        self._seen: set[str] = set()
        self._first, self._first_url = _normal(request.url)
        # The settings name the addresses of sites, and vouch for them.
        self._is_vouched_for = not request.public_only or self._first in options.endpoints

    def follow(self, url: str, *, is_shortcut: bool) -> HttpResponse | None:
        """Ask, and follow redirects to the end; None when a shortcut has expired."""
        self._chain, self._seen = [], set()
        is_first = url == self._request.url
        origin, url = (self._first, self._first_url) if is_first else _normal(url)
        was_public = (
            is_shortcut and origin != self._first and not self._sender.is_private(self._first)
        )
        while True:
            # Who names a private host has named that host alone, on any of its ports.
            is_foreign = was_public or not is_same_host(origin.host, self._first.host)
            self._public_only = is_foreign or not self._is_vouched_for
            self._check_hop(url, origin)
            response, deadline = self._send(url, origin)
            try:
                status = int(response.status_code)
                if status not in _REDIRECTS:
                    return self._ended(response, deadline, url, is_shortcut=is_shortcut)
                target = self._target(response, url, origin)
                _finish(response, deadline)
            except BaseException:
                response.close()
                raise
            was_public = was_public or not self._sender.is_private(origin)
            origin, url = target

    def _check_hop(self, url: str, origin: Origin) -> None:
        """Refuse loops, too many hops and private hosts; remember the hop."""
        if self._cancelled():
            raise DownloadJobCancelledException("The download was stopped.")
        self._chain.append(redacted(url))
        if url in self._seen:
            raise self._refused("it loops")
        if len(self._seen) > self._options.max_redirects:
            raise self._refused(f"it has more than {self._options.max_redirects} redirects")
        self._seen.add(url)
        if self._public_only:
            needs_web = self._request.public_only
            error = self._sender.why_refused(origin, self._options, needs_web_port=needs_web)
            if error is not None:
                raise self._private(error)

    def _send(self, url: str, origin: Origin) -> tuple[requests.Response, Deadline | None]:
        try:
            return self._sender.send(
                url,
                origin,
                self._headers_for(origin, url),
                self._options,
                cancelled=self._cancelled,
                public_only=self._public_only,
                ignores_environment=self._public_only and self._request.public_only,
                is_first=origin == self._first,
                method=self._request.method,
                body=self._request.body,
            )
        except AddressRefusedError as error:
            raise self._private(error) from error
        except requests.exceptions.InvalidHeader:
            # urllib3 reads lengths too, and gives up on two that differ.
            raise ProtocolError(
                f"{redacted(url)} sent headers with contradicting lengths",
                hint=_AT_FAULT,
            ) from None
        except Exception as error:
            if not is_network_error(error):
                raise
            # The errors around the innermost one name all of the address, secrets too.
            raise self._unreached(origin, error) from root_cause(error)

    def _unreached(self, origin: Origin, error: BaseException) -> ConnectionFailedError:
        way = f" (after {' -> '.join(self._chain[:-1])})" if len(self._chain) > 1 else ""
        return ConnectionFailedError(
            f"{origin} could not be reached: {describe(error)}{way}",
            hint="Check the connection and the proxy, then try again.",
            is_lasting=not is_transient(error),
        )

    def _headers_for(self, origin: Origin, url: str) -> dict[str, str]:
        """Return all headers for one hop; secrets only for whom they are meant."""
        request = self._request
        is_trusted = origin == self._first or origin in request.aliases
        headers = dict(_ALWAYS)
        for name, value in request.headers.items():
            folded = name.lower()
            is_secret = any(part in folded for part in _SECRET_PARTS)
            if folded not in _OURS and (is_trusted or not is_secret):
                headers["User-Agent" if folded == "user-agent" else name] = value
        if request.token is not None and request.token.is_for(origin, request.aliases):
            headers = {k: v for k, v in headers.items() if k.lower() != "authorization"}
            headers["Authorization"] = f"Bearer {request.token.value}"
        elif url == self._first_url and "@" in urlsplit(url).netloc:
            headers["Authorization"] = _login_in(url)
        return {**headers, **self.headers}

    def _target(self, response: requests.Response, url: str, origin: Origin) -> tuple[Origin, str]:
        """Return where a redirect leads, if one may go there."""
        location = header(response.headers, "Location")
        if not location:
            raise self._refused("it names no address")
        if self._request.method != "GET" and response.status_code not in _SAME_METHOD:
            raise self._refused("the request body would be lost")
        try:
            # Heads are read as Latin-1; many servers write UTF-8.
            location = location.encode("latin-1").decode("utf-8")
        except UnicodeError:
            location = header(response.headers, "Location")
        try:
            target, address = _normal(_without_login(urljoin(url, location)))
        except (UnsupportedSourceError, ValueError) as error:
            self._chain.append(redacted(location))
            raise self._refused("that is not a web address") from error
        if origin.scheme == "https" and target.scheme != "https":
            self._chain.append(redacted(address))
            raise self._refused("it leads from HTTPS to HTTP")
        return target, address

    def _ended(
        self, response: requests.Response, deadline: Deadline | None, url: str, *, is_shortcut: bool
    ) -> HttpResponse | None:
        """Turn the last response into the result, or into an error."""
        status = int(response.status_code)
        is_past_end = status == _RANGE_REFUSED and self.byte_range is not None
        if status >= _REFUSED_FROM and not is_past_end:
            if is_shortcut and status in _EXPIRED:
                _finish(response, deadline)
                return None
            if deadline is not None:
                deadline.body_until = time.monotonic() + _SIDE_BODY_TIME
            error = status_error(
                response, url, self._request.token, cap=self._options.retry_after_cap
            )
            response.close()
            raise error
        try:
            answer = parse_head(
                status, response.headers, self.byte_range, known_total=self.known_total
            )
        except ProtocolError as error:
            raise ProtocolError(
                f"{redacted(url)}: {error}",
                hint=error.hint or _AT_FAULT,
                is_wrong_part=error.is_wrong_part,
            ) from error
        return HttpResponse(response, answer, tuple(self._chain), url, deadline=deadline)

    def _refused(self, why: str) -> RedirectRefusedError:
        return RedirectRefusedError(
            f"{self._chain[0]} redirects, and {why}: {' -> '.join(self._chain)}",
            hint="Open the address in a browser to see where it leads.",
        )

    def _private(self, error: AddressRefusedError) -> AddressRefusedError:
        if len(self._chain) == 1:
            return AddressRefusedError(f"{self._chain[0]} was refused: {error}", hint=error.hint)
        return RedirectRefusedError(
            f"{self._chain[0]} redirects where it may not ({error}): {' -> '.join(self._chain)}",
            hint=error.hint,
        )


def _normal(url: str) -> tuple[Origin, str]:
    """Return the origin of an address, and the address as it is sent."""
    try:
        address = prepared_url(url)
    except requests.RequestException:
        # Its text names all of the address.
        raise UnsupportedSourceError(
            f"{redacted(url)} is not a web address",
            hint="Addresses start with https:// or http:// and a host.",
        ) from None
    return origin_of(address), address.partition("#")[0]


def _without_login(url: str) -> str:
    """Drop a login that a redirect brings: servers do not choose whom we say we are."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _login_in(url: str) -> str:
    """Return the header for the login that a person wrote into an address."""
    parts = urlsplit(url)
    name, word = unquote(parts.username or ""), unquote(parts.password or "")
    return "Basic " + base64.b64encode(f"{name}:{word}".encode()).decode("ascii")


def _finish(response: requests.Response, deadline: Deadline | None) -> None:
    """Drain a small unused body so that its connection can be reused."""
    length = header(response.headers, "Content-Length")
    is_small = length.isdecimal() and int(length[:12]) <= _SMALL_BODY
    if is_small and deadline is not None:
        deadline.body_until = time.monotonic() + _SIDE_BODY_TIME
        try:
            while response.raw.read(_SMALL_BODY):
                pass
        except (OSError, urllib3.exceptions.HTTPError):
            # It is not used again then.
            pass
    response.close()
