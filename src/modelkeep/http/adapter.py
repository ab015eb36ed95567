"""How our own session connects: through a door, with certificates that are read once."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path
from typing import Any

from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from modelkeep.core.names import shown
from modelkeep.errors import SettingsError
from modelkeep.http.connecting import AddressGuard, watch_pools

#: Hosts to whose connections are kept for reuse; a download meets two or three.
_HOSTS = 32


class CheckedAdapter(HTTPAdapter):
    """Makes connections that ask a door, and one TLS context for all of them.

    Args:
        door: Who is let through.
        connections: Connections to one host that are kept for reuse.
    """

    def __init__(self, door: AddressGuard, connections: int) -> None:
        self._door = door
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._making = threading.Lock()
        self._pools: dict[tuple[str, Any], Any] = {}
        super().__init__(pool_connections=_HOSTS, pool_maxsize=connections)
        watch_pools(self.poolmanager, door)

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        """Watch the connections through a proxy too."""
        is_new = proxy not in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **named)
        if is_new and not proxy.lower().startswith("socks"):
            watch_pools(manager, self._door)
        return manager

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Remember the connections to each origin: to find them anew costs small files much."""
        if proxies or cert:
            return super().get_connection_with_tls_context(request, verify, proxies, cert)
        key = ("/".join(request.url.split("/", 3)[:3]), verify)
        pool = self._pools.get(key)
        if pool is None or pool.pool is None:  # closed, since many other hosts came after it
            if len(self._pools) >= _HOSTS:
                self._pools.clear()
            pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
            self._pools[key] = pool
        return pool

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """Name the context: without it each connection would read all certificates anew."""
        host: Any
        pool: Any
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        if host["scheme"] == "https" and verify and not cert:
            pool["ssl_context"] = self._trusting("" if verify is True else str(verify))
            pool.pop("ca_certs", None)
            pool.pop("ca_cert_dir", None)
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
    """Make what checks certificates.

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
