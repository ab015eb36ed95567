"""The one module that touches the private parts of urllib3 and http.client.

Connections resolve and check their addresses (``AddressGuard``), heads and bodies come under a
deadline, and a body is read from its socket straight into the caller's buffer.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import struct
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidProxyURL, InvalidSchema
from requests.utils import DEFAULT_CA_BUNDLE_PATH, select_proxy
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
)

from modelkeep.core.names import shown
from modelkeep.errors import ConnectionFailedError, SettingsError
from modelkeep.http.addresses import AddressGuard, Found
from modelkeep.http.deadline import POLL_SECONDS, Deadline
from modelkeep.http.retry import describe, is_network_error
from modelkeep.http.urls import origin_of, redacted

#: What requests and urllib3 raise on a proxy whose address they cannot use.
_UNUSABLE = (InvalidSchema, InvalidProxyURL, LocationValueError)
_SOCKS = (
    "needs the package PySocks, which is not installed",
    "Install it where modelkeep is installed: python -m pip install pysocks",
)
_NO_ADDRESS = (
    "has an address that cannot be used",
    "Correct the setting proxy or HTTPS_PROXY: it looks like http://host:3128 or socks5h://host:1080",
)
#: Hosts whose connections are kept for reuse; a download meets two or three.
_HOSTS = 32
#: Bytes read at once while the head comes; larger reads of the body go past this buffer.
_HEAD_BYTES = 16 * 1024
#: Bytes read at once from a body that cannot be read into a buffer.
_COPIED_BYTES = 64 * 1024


class GuardedAdapter(HTTPAdapter):
    """Makes guarded connections, and one TLS context for all of them.

    Args:
        connections: Connections to one host that are kept for reuse.
    """

    def __init__(self, guard: AddressGuard, connections: int) -> None:
        self._guard = guard
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._making = threading.Lock()
        super().__init__(pool_connections=_HOSTS, pool_maxsize=connections)
        _guard_pools(self.poolmanager, guard)

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        """Guard the connections through a proxy too."""
        is_new = proxy not in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **named)
        if is_new and not proxy.lower().startswith("socks"):
            _guard_pools(manager, self._guard)
        return manager

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Return the connections to a host, and say of a proxy why it cannot be used."""
        proxy = select_proxy(str(request.url), proxies)
        try:
            return super().get_connection_with_tls_context(request, verify, proxies, cert)
        except _UNUSABLE as error:
            if not proxy:
                raise
            why, hint = _SOCKS if isinstance(error, InvalidSchema) else _NO_ADDRESS
            raise ConnectionFailedError(
                f"{origin_of(str(request.url))} could not be reached: the proxy {redacted(proxy)}"
                f" {why}",
                hint=hint,
                is_lasting=True,
            ) from None  # its text could name the login of the proxy

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """Name the context; otherwise each connection reads all certificates anew."""
        host: Any
        pool: Any
        is_ours = bool(verify) and not cert  # then requests need not look at the certificates
        trusted = is_ours or verify
        host, pool = super().build_connection_pool_key_attributes(request, trusted, cert)
        if is_ours and host["scheme"] == "https":
            pool["ssl_context"] = self._trusting("" if verify is True else str(verify))
        return host, pool

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave the certificates to the context where it has them."""
        if cert or not verify:
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]

    def _trusting(self, bundle: str) -> ssl.SSLContext:
        with self._making:
            if bundle not in self._contexts:
                self._contexts[bundle] = make_context(bundle)
            return self._contexts[bundle]


def make_context(bundle: str = "") -> ssl.SSLContext:
    """Make the context that checks certificates.

    Companies put their own certificates into the system's store; the list that comes with
    requests does not know them. So the system decides where truststore is installed.

    Args:
        bundle: File or folder of the certificates to trust; empty takes those of the system, or
            of requests.

    Raises:
        SettingsError: there is no such file or folder, or it cannot be read.
    """
    try:
        if bundle and Path(bundle).is_dir():
            return ssl.create_default_context(capath=bundle)
        if bundle:
            return ssl.create_default_context(cafile=bundle)
    except OSError as error:
        raise SettingsError(
            f"The certificates in {shown(Path(bundle))} cannot be used: {error}",
            hint="Correct REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE in the environment.",
        ) from error
    try:
        import truststore  # noqa: PLC0415 - may be missing
    except ImportError:
        return ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
    context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return context


class _GuardedConnection(HTTPConnection):
    """Connects to addresses that the guard allows."""

    guard: AddressGuard

    def _new_conn(self) -> socket.socket:
        if self.proxy is not None:
            return super()._new_conn()
        try:
            found = self.guard.find(self._dns_host.strip("[]"), self.port)
            return self._connect_to(found)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"{self.host} did not answer in time") from error
        except OSError as error:
            raise NewConnectionError(self, f"no connection: {error}") from error

    def _connect_to(self, found: Found) -> socket.socket:
        """Connect to the first address that answers; they share the time there is."""
        until = time.monotonic() + float(self.timeout or 0)
        failure: OSError = socket.gaierror(socket.EAI_NONAME, "no address")
        for number, (family, kind, protocol, _, address) in enumerate(found):
            sock = socket.socket(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                share = (until - time.monotonic()) / (len(found) - number)
                self._connect(sock, address, time.monotonic() + share)
            except OSError as error:
                sock.close()
                failure = error
            except BaseException:
                sock.close()
                raise
            else:
                sock.settimeout(self.timeout)
                return sock
        raise failure

    def _connect(self, sock: socket.socket, address: Any, until: float) -> None:
        deadline = self.guard.deadline
        while True:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError("the connection timed out")
            sock.settimeout(min(left, POLL_SECONDS))
            try:
                sock.connect(address)
            except TimeoutError:
                # The attempt goes on by itself; asking again waits for it.
                if deadline is not None:
                    deadline.check()
            else:
                return

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
        deadline = self.guard.deadline
        make: Any = (
            http.client.HTTPResponse if deadline is None else partial(_TimedResponse, deadline)
        )
        made: list[http.client.HTTPResponse] = []

        def remembered(*arguments: Any, **named: Any) -> http.client.HTTPResponse:
            made.append(make(*arguments, **named))
            return made[-1]

        self.response_class = remembered  # type: ignore[assignment]
        options = self._response_options
        if options is not None:
            # urllib3 writes this address into its log when a head is odd.
            self._response_options = options._replace(request_url=redacted(options.request_url))
        try:
            return super().getresponse()
        except BaseException:
            # urllib3 forgets a response whose head it does not like.
            for response in made:
                response.close()
            raise


class _GuardedTLSConnection(_GuardedConnection, HTTPSConnection):
    """The same with encryption; the certificate is checked against the host's name."""


class _Pool(urllib3.HTTPConnectionPool):
    """Connections to one host."""

    def __init__(self, guard: AddressGuard, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._guard = guard

    ConnectionCls = _GuardedConnection

    def _new_conn(self) -> Any:
        made = super()._new_conn()
        made.guard = self._guard  # type: ignore[attr-defined]
        return made


class _PoolTLS(_Pool, urllib3.HTTPSConnectionPool):
    """The same with encryption."""

    ConnectionCls = _GuardedTLSConnection


def _guard_pools(manager: urllib3.PoolManager, guard: AddressGuard) -> None:
    """Have a pool manager make guarded connections only."""
    manager.pool_classes_by_scheme = {
        "http": partial(_Pool, guard),  # type: ignore[dict-item]
        "https": partial(_PoolTLS, guard),  # type: ignore[dict-item]
    }


class _TimedReader(io.RawIOBase):
    """Bytes of a socket, read under a deadline that is checked twice a second."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        # Holds the socket open until it is closed, as files of sockets do.
        self._file = sock.makefile("rb", buffering=0)
        self._sock = sock
        self._deadline = deadline
        self._head_until: float | None = time.monotonic() + deadline.head
        self._slice = 0.0
        self._wait_at_most(min(deadline.head, deadline.idle))

    def end_head(self) -> None:
        """Apply the limits of the body from now on."""
        self._head_until = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._head_until is not None and time.monotonic() > self._head_until:
            raise TimeoutError("the response headers did not arrive in time")
        count = self._received(buffer)
        if count is None:
            count = self._go_on_waiting(buffer)
        if not count and self._head_until is not None:
            # http.client takes the end of a connection for the end of a head: half of the headers
            # would be believed, and a body without a length would seem to be whole.
            raise http.client.RemoteDisconnected(
                "the connection closed within the response headers"
            )
        return count

    def _go_on_waiting(self, buffer: Any) -> int:
        deadline = self._deadline
        until = self._head_until or time.monotonic() - self._slice + deadline.idle
        if deadline.body_until is not None:
            until = min(until, deadline.body_until)
        while True:
            deadline.check()
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError("no data arrived in time")
            self._wait_at_most(left)
            count = self._received(buffer)
            if count is not None:
                return count

    def _received(self, buffer: Any) -> int | None:
        """Return how many bytes came; None when there were none in this slice of time."""
        try:
            return self._sock.recv_into(buffer)
        except (TimeoutError, BlockingIOError):
            return None

    def _wait_at_most(self, seconds: float) -> None:
        self._slice = max(0.001, min(seconds, POLL_SECONDS))
        if type(self._sock) is not socket.socket or sys.platform != "linux":
            self._sock.settimeout(self._slice)
            return
        # With the system's own limit a piece is one call; Python's asks first whether it is there.
        self._sock.settimeout(None)
        whole = int(self._slice)
        limit = struct.pack("@ll", whole, int((self._slice - whole) * 1e6))
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)

    def close(self) -> None:
        self._file.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    """A response whose head has to come whole and in time."""

    def __init__(self, deadline: Deadline, sock: socket.socket, **named: Any) -> None:
        super().__init__(sock, **named)
        self.fp.close()
        self._bytes = _TimedReader(sock, deadline)
        self.fp = io.BufferedReader(self._bytes, _HEAD_BYTES)

    def begin(self) -> None:
        """Read the head; what follows is the body."""
        super().begin()
        if self.msg.get_payload():
            # What follows a line that is not a header was not read: a length may have been lost.
            raise http.client.HTTPException("a header line is malformed")
        self._bytes.end_head()


class Body:
    """The body of a response, with a single reader.

    Where the response is the usual one with a known length, its socket fills our buffer: no
    piece is allocated or copied on the way.

    Args:
        response: Its head was read, its body not.
        url: Where it comes from, for messages.
    """

    def __init__(self, response: requests.Response, url: str) -> None:
        self._raw: Any = response.raw
        self._url = url
        self._direct = _direct(self._raw)
        #: Bytes that are still to come, None when that is not known.
        self.left: int | None = self._direct.length if self._direct else None
        #: The body came to the end that its own framing promised.
        self.has_ended = False

    def readinto(self, buffer: memoryview) -> int:
        """Fill the begin of ``buffer`` with what comes next; return how many bytes, 0 at the end.

        Raises:
            ConnectionFailedError: the connection broke off.
        """
        try:
            if self._direct is not None:
                return self._read_direct(self._direct, buffer)
            return self._read_slowly(buffer)
        except Exception as error:
            if not is_network_error(error):
                raise
            raise ConnectionFailedError(
                f"{origin_of(self._url)} sent only part of the data: {describe(error)}",
                hint="Check the connection, then try again.",
            ) from error

    def finish(self) -> None:
        """Give the connection back for the next request, when all was read."""
        if self._direct is not None and self.left == 0:
            with suppress(OSError):
                self._direct.close()
                self._raw.release_conn()

    def abort(self) -> None:
        """Have a thread that is waiting for the body stop, as well as can be done from outside."""
        with suppress(Exception):  # whatever an injected session gave us, or the other end did
            self._raw.shutdown()

    def _read_direct(self, direct: Any, buffer: memoryview) -> int:
        if self.left == 0:
            self.has_ended = True
            return 0
        count: int = direct.fp.readinto1(buffer[: self.left])
        # Both keep account of what is left, and take the connection for broken when we do not.
        self.left = direct.length = direct.length - count
        self._raw.length_remaining = self.left
        return count

    def _read_slowly(self, buffer: memoryview) -> int:
        size = min(len(buffer), _COPIED_BYTES)
        read = getattr(self._raw, "read1", None) or self._raw.read
        data: bytes = read(size)
        count = len(data)
        buffer[:count] = data
        self.has_ended = count == 0
        return count


def _direct(raw: Any) -> Any:
    """Return the response of ``http.client`` inside, if its bytes come as they are."""
    inner = getattr(raw, "_fp", None)
    if not isinstance(raw, urllib3.HTTPResponse) or not isinstance(inner, http.client.HTTPResponse):
        return None
    if inner.chunked or inner.length is None or not hasattr(inner.fp, "readinto1"):
        return None
    return inner
