"""Our own session, and sessions that programs bring along."""

from __future__ import annotations

import http.server
import io
import shutil
import socket
import ssl
import subprocess
import threading
import traceback
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from faults.pages import Page, redirect
from faults.server import HOSTS, FaultServer
from modelkeep.errors import (
    ConnectionFailedError,
    HttpStatusError,
    RedirectRefusedError,
    SettingsError,
)
from modelkeep.http.options import TransferOptions
from modelkeep.http.redirects import open_url
from modelkeep.http.request import HttpRequest
from modelkeep.http.session import Transport, make_session
from modelkeep.http.urls import Token, origin_of

CONTENT = bytes(range(256)) * 4
PAGE = Page(CONTENT, etag='"v1"')
OPTIONS = TransferOptions(
    connect_timeout=5, first_byte_timeout=5, idle_timeout=5, allow_private_hosts=HOSTS[1:]
)


def wanted() -> bool:
    return False


def fetch(
    session: requests.Session, asked: HttpRequest | str, sender: Transport | None = None
) -> bytes:
    what = asked if isinstance(asked, HttpRequest) else HttpRequest(asked)
    answer = open_url(sender or Transport(session), what, options=OPTIONS, cancelled=wanted)
    with closing(answer):
        data: bytes = answer.response.raw.read(1 << 20)
        return data


class Canned(BaseAdapter):
    """Answers from a table, as the adapters of test suites do; headers may be numbers."""

    def __init__(self, pages: dict[str, tuple[int, dict[str, Any], bytes]]) -> None:
        super().__init__()
        self.pages = pages
        self.seen: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **named: Any) -> requests.Response:
        assert named["stream"]
        self.seen.append(request)
        status, headers, content = self.pages[str(request.url)]
        response = requests.Response()
        response.status_code = status
        response.headers.update(headers)
        response.raw = _Raw(content)
        response.url = str(request.url)
        response.request = request
        return response

    def close(self) -> None:
        """Have nothing to close."""


class _Raw(io.BytesIO):
    """A body that wants to know how much to read, and can do nothing else."""

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size > 0
        return super().read(size)


def canned(
    host: str = "hub.example", **pages: tuple[int, dict[str, Any], bytes]
) -> tuple[requests.Session, Canned]:
    adapter = Canned({f"https://{host}/{name}": page for name, page in pages.items()})
    session = requests.Session()
    session.adapters.clear()
    session.mount("https://", adapter)
    session.trust_env = False
    return session, adapter


def test_an_injected_session_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(*_: Any, **__: Any) -> Any:
        raise AssertionError("a name was looked up")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    session, adapter = canned(m=(200, {"Content-Length": len(CONTENT)}, CONTENT))
    session.headers["X-Mine"] = "1"
    mounted = dict(session.adapters)
    assert fetch(session, "https://hub.example/m") == CONTENT
    assert dict(session.adapters) == mounted
    assert adapter.seen[0].headers["X-Mine"] == "1"
    assert adapter.seen[0].headers["Accept-Encoding"] == "identity"


def test_one_that_ignores_ranges_and_gives_no_length() -> None:
    session, _ = canned(m=(200, {}, CONTENT))
    answer = open_url(
        Transport(session),
        HttpRequest("https://hub.example/m"),
        byte_range=(10, None),
        options=OPTIONS,
        cancelled=wanted,
    )
    assert (answer.head.status, answer.head.start, answer.head.total) == (200, 0, None)


def test_its_refusals_are_explained_too() -> None:
    session, _ = canned(m=(404, {"Content-Length": 4}, b"gone"))
    with pytest.raises(HttpStatusError, match=r"404 \(Not Found\): gone"):
        fetch(session, "https://hub.example/m")


def test_its_redirects_are_followed_by_us() -> None:
    session, adapter = canned(
        m=(302, {"Location": "/there", "Content-Length": 10**12}, b""), there=(200, {}, CONTENT)
    )
    assert fetch(session, "https://hub.example/m") == CONTENT
    assert [each.path_url for each in adapter.seen] == ["/m", "/there"]


@pytest.mark.parametrize(
    "target",
    [
        "http://hub.example/there",
        "https://127.0.0.1/m",
        "https://localhost/m",
        "https://2130706433/",
    ],
)
@pytest.mark.parametrize("first", ["hub.example", "10.1.2.3", "nas.local"])
def test_it_is_sent_nowhere_by_name_that_is_private_or_plain(first: str, target: str) -> None:
    session, adapter = canned(first, m=(302, {"Location": target}, b""))
    with pytest.raises(RedirectRefusedError):
        fetch(session, f"https://{first}/m")
    assert len(adapter.seen) == 1


def test_its_own_login_stays_with_the_first_host(server: FaultServer) -> None:
    server.serve("/there", PAGE)
    url = server.serve("/m", redirect(server.url("/there", HOSTS[1])))
    with requests.Session() as session:
        session.auth = ("me", "hush")
        assert fetch(session, url) == CONTENT
    logins = [request.headers.get("authorization") for request in server.requests]
    assert logins == ["Basic bWU6aHVzaA==", None]


def test_a_token_wins_over_netrc(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hush\n")
    monkeypatch.setenv("NETRC", str(netrc))
    url = server.serve("/m", PAGE)
    with requests.Session() as session:
        fetch(session, HttpRequest(url, token=Token("mine", origin_of(url))))
        fetch(session, url)
    with closing(make_session(OPTIONS)) as own:
        fetch(own, url)
        own.get(url).close()
    logins = [request.headers.get("authorization") for request in server.requests]
    assert logins == ["Bearer mine", "Basic bWU6aHVzaA==", None, None]


def test_a_session_that_can_only_send(server: FaultServer) -> None:
    class Bare:
        def __init__(self) -> None:
            self.adapter = HTTPAdapter()

        def send(self, request: requests.PreparedRequest, **named: Any) -> requests.Response:
            named.pop("allow_redirects")
            return self.adapter.send(request, **named)

    server.serve("/there", PAGE)
    url = server.serve("/m", redirect("/there"))
    bare = Bare()
    assert fetch(cast("requests.Session", bare), url) == CONTENT
    bare.adapter.close()


# proxies


@pytest.mark.parametrize("place", ["setting", "environment"])
def test_a_proxy_is_asked_in_place_of_the_host(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("http_proxy", raising=False)
    if place == "environment":
        monkeypatch.setenv("http_proxy", server.url(""))
    server.serve("http://hub.example/m", PAGE)
    proxy = server.url("") if place == "setting" else None
    with closing(make_session(OPTIONS, proxy=proxy)) as own:
        assert fetch(own, "http://hub.example/m") == CONTENT


def test_no_proxy_is_obeyed(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    url = server.serve("/m", PAGE)
    with closing(make_session(OPTIONS, proxy="http://127.0.0.1:1")) as own:
        assert fetch(own, url) == CONTENT


@pytest.mark.parametrize("place", ["setting", "environment"])
@pytest.mark.parametrize(
    ("proxy", "why", "hint"),
    [
        ("socks5://me:hush@127.0.0.1:9", "needs the package PySocks", "pip install pysocks"),
        ("socks5h://127.0.0.1:9", "needs the package PySocks", "pip install pysocks"),
        ("socks4://127.0.0.1:9", "needs the package PySocks", "pip install pysocks"),
        ("ftp://me:hush@127.0.0.1:9", "has an address that cannot be used", "the setting proxy"),
        ("http://me:hush@127.0.0.1:99999", "has an address that cannot be used", "HTTPS_PROXY"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_explained(
    monkeypatch: pytest.MonkeyPatch, place: str, proxy: str, why: str, hint: str
) -> None:
    # As where the package is not installed.
    monkeypatch.setattr("requests.adapters.SOCKSProxyManager", _no_socks)
    for name in ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALL_PROXY" if place == "environment" else "UNUSED", proxy)
    setting = proxy if place == "setting" else None
    for url in ("http://hub.example/m", "https://hub.example/m"):
        with (
            closing(make_session(OPTIONS, proxy=setting)) as own,
            pytest.raises(ConnectionFailedError, match=why) as failed,
        ):
            fetch(own, url)
        assert failed.value.is_lasting
        assert hint in failed.value.hint
        assert str(origin_of(url)) in str(failed.value)
        assert "hush" not in "".join(traceback.format_exception(failed.value))


def _no_socks(*_: Any, **__: Any) -> None:
    raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")


def test_a_proxy_that_is_down_is_named_as_such() -> None:
    with (
        closing(make_session(OPTIONS, proxy="http://127.0.0.1:1")) as own,
        pytest.raises(ConnectionFailedError, match="proxy"),
    ):
        fetch(own, "http://hub.example/m?sig=hush")


# encryption


class _Quiet(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of hub.example, with its key, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    named = ["-nodes", "-subj", "/CN=hub.example", "-addext", "subjectAltName=DNS:hub.example"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([*made, *named, *files], check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return both


@pytest.fixture
def encrypted(certificate: Path) -> Iterator[int]:
    """The port of a server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Quiet) as running:
        running.socket = context.wrap_socket(running.socket, server_side=True)
        running.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running.server_address[1]
        running.shutdown()
        thread.join()


def resolver(host: str, port: int) -> list[Any]:
    del host
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


def test_certificates_are_checked_against_the_name(
    encrypted: int, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "modelkeep.http.urllib3_adapter.make_context",
        lambda _: ssl.create_default_context(cafile=str(certificate)),
    )

    with closing(make_session(OPTIONS, resolver=resolver)) as own:
        sender = Transport(own)
        for _ in range(2):
            assert fetch(own, f"https://hub.example:{encrypted}/m", sender) == CONTENT
        with pytest.raises(ConnectionFailedError, match="certificate") as failed:
            fetch(own, f"https://other.example:{encrypted}/m", sender)
    assert failed.value.is_lasting


def test_a_certificate_of_nobody_is_not_trusted(encrypted: int) -> None:
    with (
        closing(make_session(OPTIONS)) as own,
        pytest.raises(ConnectionFailedError, match="certificate") as failed,
    ):
        fetch(own, f"https://127.0.0.1:{encrypted}/m")
    assert failed.value.is_lasting


def test_a_bundle_in_the_environment_is_trusted(
    encrypted: int, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))

    with closing(make_session(OPTIONS, resolver=resolver)) as own:
        assert fetch(own, f"https://hub.example:{encrypted}/m") == CONTENT


def test_a_bundle_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")
    with (
        closing(make_session(OPTIONS)) as own,
        pytest.raises(SettingsError, match="/nowhere/bundle") as refused,
    ):
        fetch(own, "https://127.0.0.1:1/m")
    assert "REQUESTS_CA_BUNDLE" in refused.value.hint
