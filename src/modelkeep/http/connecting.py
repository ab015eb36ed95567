"""The connections of our own session: their addresses are looked up, checked, then used."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from modelkeep.errors import AddressRefusedError
from modelkeep.http.addresses import AllowedHosts, is_private_host, is_public, literal
from modelkeep.http.urls import redacted
from modelkeep.http.watch import LOOK_UP, Deadline, WatchedResponse

#: What a resolver returns: as ``socket.getaddrinfo``.
Found = list[tuple[Any, Any, Any, str, Any]]
Resolver = Callable[[str, int], Found]


def resolve(host: str, port: int) -> Found:
    """Ask the system for the addresses of a host."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class AddressGuard:
    """What all connections of one session share: who is let through, and for how long.

    Args:
        allowed: Private hosts that a public one may send us to.
        resolver: Finds the addresses of a host.
    """

    def __init__(self, allowed: AllowedHosts, resolver: Resolver = resolve) -> None:
        self.allowed = allowed
        self._resolver = resolver
        self._here = threading.local()
        self._is_private: dict[str, bool] = {}

    @property
    def watch(self) -> Deadline | None:
        """The watch over the request that this thread is making."""
        return getattr(self._here, "watch", None)

    @watch.setter
    def watch(self, watch: Deadline | None) -> None:
        self._here.watch = watch

    def is_private(self, host: str) -> bool:
        """Tell whether a host is private: by its address where we met it, else by its name."""
        known = self._is_private.get(host)
        return is_private_host(host) if known is None else known

    def find(self, host: str, port: int) -> Found:
        """Return the addresses of a host that this thread may connect to.

        Raises:
            AddressRefusedError: it has private ones alone, and only public ones are let through.
            OSError: it has none.
        """
        watch = self.watch
        if watch is None or literal(host) is not None:
            found = self._resolver(host, port)
        else:
            found = self._ask(host, port, watch)
        public = [each for each in found if is_public(ip_address(each[4][0].partition("%")[0]))]
        self._is_private[host] = not public
        if watch is None or not watch.public_only or host in self.allowed:
            return found
        allowed = [
            each
            for each in found
            if each in public or self.allowed.allows(ip_address(each[4][0].partition("%")[0]))
        ]
        if found and not allowed:
            raise AddressRefusedError(
                f"{host} is {found[0][4][0]}, an address of a private network",
                hint=f"If you trust it, add {host} to the setting allow_private_hosts.",
            )
        return allowed

    def _ask(self, host: str, port: int, watch: Deadline) -> Found:
        """Ask the resolver beside: it may take a minute, and nothing can interrupt it."""
        found: list[Found | BaseException] = []
        done = threading.Event()

        def look() -> None:
            try:
                found.append(self._resolver(host, port))
            except (OSError, UnicodeError) as error:
                found.append(error)
            finally:
                done.set()

        threading.Thread(target=look, name=f"resolve {host}", daemon=True).start()
        while not done.wait(LOOK_UP):
            watch.check()
            if time.monotonic() > watch.connect_until:
                raise TimeoutError(f"no answer about {host} from the resolver")
        result = found[0] if found else OSError(f"{host} could not be looked up")
        if isinstance(result, UnicodeError):
            raise socket.gaierror(socket.EAI_NONAME, "no name of a host") from result
        if isinstance(result, BaseException):
            raise result
        return result


class _Checked(HTTPConnection):
    """Finds, checks and connects; asks the door each time."""

    door: AddressGuard

    def _new_conn(self) -> socket.socket:
        if self.proxy is not None:
            return super()._new_conn()
        try:
            found = self.door.find(self._dns_host.strip("[]"), self.port)
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
        watch = self.door.watch
        while True:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError("no connection in time")
            sock.settimeout(min(left, LOOK_UP))
            try:
                sock.connect(address)
            except TimeoutError:
                # The attempt goes on by itself; asking again waits for it.
                if watch is not None:
                    watch.check()
            else:
                return

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
        watch = self.door.watch
        make: Any = http.client.HTTPResponse if watch is None else partial(WatchedResponse, watch)
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


class _CheckedTLS(_Checked, HTTPSConnection):
    """The same with encryption; the certificate is checked against the host's name."""


class _Pool(urllib3.HTTPConnectionPool):
    """Connections to one host."""

    def __init__(self, door: AddressGuard, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._door = door

    ConnectionCls = _Checked

    def _new_conn(self) -> Any:
        made = super()._new_conn()
        made.door = self._door  # type: ignore[attr-defined]
        return made


class _PoolTLS(_Pool, urllib3.HTTPSConnectionPool):
    """The same with encryption."""

    ConnectionCls = _CheckedTLS


def watch_pools(manager: urllib3.PoolManager, door: AddressGuard) -> None:
    """Let a manager of pools make only connections that ask ``door``."""
    manager.pool_classes_by_scheme = {
        "http": partial(_Pool, door),  # type: ignore[dict-item]
        "https": partial(_PoolTLS, door),  # type: ignore[dict-item]
    }
