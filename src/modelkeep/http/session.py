"""Our own session, and the cheap way to ask for a file through any session."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.structures import CaseInsensitiveDict
from requests.utils import should_bypass_proxies

from modelkeep.errors import AddressRefusedError
from modelkeep.http.addresses import AddressGuard, AllowedHosts, Resolver, is_private_host, resolve
from modelkeep.http.deadline import Deadline
from modelkeep.http.options import TransferOptions
from modelkeep.http.urllib3_adapter import GuardedAdapter
from modelkeep.http.urls import Origin

#: The only ports that are reached for requests over HTTP, but on hosts that the settings list.
WEB_PORTS = frozenset({80, 443})


class DownloadSession(requests.Session):
    """A session that checks addresses, keeps no cookies and reads no ``.netrc``.

    Args:
        connections: Connections to one host that are kept for reuse.
        proxy: For all requests; None takes those of the environment.
    """

    def __init__(self, guard: AddressGuard, connections: int, proxy: str | None = None) -> None:
        super().__init__()
        self.guard = guard
        self._proxy = proxy
        self.anywhere = GuardedAdapter(guard, connections)
        self.public = GuardedAdapter(guard, connections)
        self.mount("https://", self.anywhere)
        self.mount("http://", self.anywhere)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # A login that does nothing keeps requests from looking into .netrc for one.
        self.auth = _as_it_is

    @property
    def has_own_proxy(self) -> bool:
        """The settings name a proxy."""
        return bool(self._proxy)

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """Let the proxy of our settings win over those of the environment, no_proxy apart."""
        settings: dict[str, Any] = dict(
            super().merge_environment_settings(url, proxies, stream, verify, cert)
        )
        if self._proxy and not should_bypass_proxies(url, no_proxy=os.environ.get("no_proxy")):
            settings["proxies"] = {"http": self._proxy, "https": self._proxy}
        return settings

    def close(self) -> None:
        """Close all connections."""
        super().close()
        self.public.close()


def _as_it_is(request: Any) -> Any:
    return request


def make_session(
    options: TransferOptions,
    *,
    parallel: int = 5,
    proxy: str | None = None,
    resolver: Resolver = resolve,
) -> requests.Session:
    """Make a session of our own.

    Args:
        options: Gives the number of connections and the private hosts that may be contacted.
        parallel: Files that are fetched at once.
        proxy: Address of a proxy for all requests; None takes those of the environment.
        resolver: Finds the addresses of hosts.
    """
    guard = AddressGuard(AllowedHosts(options.allow_private_hosts), resolver)
    return DownloadSession(guard, max(8, options.segments * parallel), proxy)


class Transport:
    """Sends requests through one session, ours or an injected one.

    An injected session is used as it is: nothing is mounted on it, no name is looked up for it,
    and its own headers, logins and cookies go along.

    Args:
        session: Used for every request; may be shared by threads.
    """

    def __init__(self, session: requests.Session) -> None:
        self.session = session
        self._ours = session if isinstance(session, DownloadSession) else None
        self._settings: dict[Origin, dict[str, Any]] = {}

    @property
    def is_ours(self) -> bool:
        """Whether the session is one of ours, whose waits can be ended at any time."""
        return self._ours is not None

    def is_private(self, origin: Origin) -> bool:
        """Tell whether a host is private, as far as is known without looking it up."""
        return (
            self._ours.guard.is_private(origin.host) if self._ours else is_private_host(origin.host)
        )

    def why_refused(
        self, origin: Origin, options: TransferOptions, *, needs_web_port: bool
    ) -> AddressRefusedError | None:
        """Return the error for an origin that is none of the public web, or None.

        Connections of ours are checked by their address as well; through a proxy or an injected
        session the name is all that is known.

        Args:
            origin: Where a request would go.
            options: Which hosts are allowed, on any port.
            needs_web_port: Refuse other ports than 80 and 443.
        """
        guard = self._ours.guard if self._ours else None
        allowed = guard.allowed if guard else AllowedHosts(options.allow_private_hosts)
        if origin.host in allowed:
            return None
        hint = f"If you trust it, add {origin.host} to the setting allow_private_hosts."
        if is_private_host(origin.host):
            return AddressRefusedError(f"{origin.host} is in a private network", hint=hint)
        if needs_web_port and origin.port not in WEB_PORTS:
            return AddressRefusedError(
                f"requests over HTTP do not lead to the port {origin.port} of {origin.host}",
                hint=hint,
            )
        return None

    def send(
        self,
        url: str,
        origin: Origin,
        headers: Mapping[str, str],
        options: TransferOptions,
        *,
        cancelled: Callable[[], bool],
        public_only: bool = False,
        ignores_environment: bool = False,
        is_first: bool = True,
        method: str = "GET",
        body: bytes | None = None,
    ) -> tuple[requests.Response, Deadline | None]:
        """Ask for an address once: no redirect is followed, nothing is tried again.

        Args:
            url: As ``prepared_url`` returned it.
            origin: Its origin.
            headers: All headers of the request.
            options: The time limits.
            cancelled: Asked twice a second while we wait.
            public_only: Connect to public addresses alone.
            ignores_environment: Use no proxy but that of the settings.
            is_first: ``origin`` is the one that was asked for; an injected session's own login
                goes to no other.
            method: The HTTP method.
            body: What a POST sends.

        Returns:
            The response, its body not read yet; and its deadline where the session is ours.

        Raises:
            requests.RequestException: as requests does.
            AddressRefusedError: the address is private, against ``public_only``.
            DownloadJobCancelledException: it was cancelled meanwhile.
        """
        settings = self._settings_for(origin, url, ignores_environment=ignores_environment)
        if self._ours is None:
            request = self._prepared(url, headers, method, body, is_first=is_first)
            return self._send_foreign(request, options, settings), None
        deadline = Deadline(
            cancelled,
            time.monotonic() + options.connect_timeout,
            options.first_byte_timeout,
            options.idle_timeout,
            public_only,
        )
        guard = self._ours.guard
        guard.deadline = deadline
        try:
            response = (self._ours.public if public_only else self._ours.anywhere).send(
                _bare(url, headers, method, body),
                stream=True,
                timeout=(options.connect_timeout, options.first_byte_timeout),
                **settings,
            )
        finally:
            guard.deadline = None
        return response, deadline

    def _settings_for(
        self, origin: Origin, url: str, *, ignores_environment: bool
    ) -> dict[str, Any]:
        settings = self._settings.get(origin)
        if settings is None:
            settings = self._settings[origin] = self._merged(url)
        if ignores_environment and self._ours is not None and not self._ours.has_own_proxy:
            # A proxy resolves names by itself, so it would reach what we may not.
            return settings | {"proxies": {}}
        return settings

    def _merged(self, url: str) -> dict[str, Any]:
        merge = getattr(self.session, "merge_environment_settings", None)
        merged = merge(url, {}, True, None, None) if merge else {}  # noqa: FBT003 - requests' own order
        return {name: merged[name] for name in ("proxies", "verify", "cert") if name in merged}

    def _prepared(
        self,
        url: str,
        headers: Mapping[str, str],
        method: str,
        body: bytes | None,
        *,
        is_first: bool,
    ) -> requests.PreparedRequest:
        """Make a request as an injected session wants it: with its headers, login and cookies."""
        prepare = getattr(self.session, "prepare_request", None)
        if prepare is None:
            return _bare(url, headers, method, body)
        login = _Ours(headers["Authorization"]) if "Authorization" in headers else None
        request = requests.Request(method, url, headers=dict(headers), auth=login, data=body)
        prepared: requests.PreparedRequest = prepare(request)
        if not is_first and login is None:
            prepared.headers.pop("Authorization", None)
        return prepared

    def _send_foreign(
        self,
        prepared: requests.PreparedRequest,
        options: TransferOptions,
        settings: dict[str, Any],
    ) -> requests.Response:
        # A redirect whose Location requests can see makes it read the body and follow in part.
        hidden: list[str] = []

        def hide(response: requests.Response, *_: Any, **__: Any) -> None:
            if "location" in response.headers:
                hidden.append(response.headers.pop("location"))

        prepared.hooks["response"] = [*prepared.hooks.get("response", ()), hide]
        read = max(options.first_byte_timeout, options.idle_timeout)
        response: requests.Response = self.session.send(
            prepared,
            stream=True,
            allow_redirects=False,
            timeout=(options.connect_timeout, read),
            **settings,
        )
        for location in hidden:
            response.headers["Location"] = location
        return response


class _Ours(requests.auth.AuthBase):
    """Our own Authorization in place of one that the session would take from ``.netrc``."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._value
        return request


def prepared_url(url: str) -> str:
    """Return an address as requests sends it: quoted, its host in ASCII.

    Raises:
        requests.RequestException: it is not an address.
    """
    prepared = requests.PreparedRequest()
    prepared.prepare_url(url, None)
    return str(prepared.url)


def _bare(
    url: str, headers: Mapping[str, str], method: str, body: bytes | None
) -> requests.PreparedRequest:
    """Make a request that is ready; preparing it the usual way costs as much as sending it."""
    prepared = requests.PreparedRequest()
    prepared.method = method
    prepared.url = url
    prepared.headers = CaseInsensitiveDict(headers)
    if body is not None:
        prepared.body = body
        prepared.headers["Content-Length"] = str(len(body))
    return prepared
