"""Encrypted downloads: whom they trust, and what is said when they do not."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from modelkeep.download.queue import DownloadQueueService
from modelkeep.errors import ConnectionFailedError, SettingsError
from modelkeep.http.options import TransferOptions
from modelkeep.http.urllib3_adapter import make_context

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing")

CONTENT = bytes(range(256)) * 512
_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, *_: object) -> None:
        pass


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority (``ca.pem``) and what it signed for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("certificates")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl(folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
             "-subj", "/CN=Company", "-addext", "keyUsage=critical,keyCertSign")  # fmt: skip
    _openssl(folder, "req", *key, "-keyout", "server.key", "-out", "server.csr",
             "-subj", "/CN=127.0.0.1")  # fmt: skip
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    _openssl(folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
             "-CAcreateserial", "-out", "server.pem", "-days", "2",
             "-extfile", "names")  # fmt: skip
    return folder


@pytest.fixture
def url(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server whose certificate only the company's authority vouches for."""
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/model.bin"
    server.shutdown()
    thread.join()
    server.server_close()


def _fetch(url: str, target: Path) -> BaseException | None:
    queue = DownloadQueueService(options=TransferOptions(tries=1))
    queue.start()
    job = queue.download(url, target)
    queue.join()
    queue.stop()
    return job.exception


def test_an_authority_that_the_system_does_not_know_is_refused(url: str, tmp_path: Path) -> None:
    error = _fetch(url, tmp_path / "model.bin")
    assert isinstance(error, ConnectionFailedError)
    assert "certificate" in str(error).lower()
    assert "127.0.0.1" in str(error)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_authority_of_a_company_is_trusted_where_it_is_named(
    url: str, certificates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, str(certificates / "ca.pem"))
    assert _fetch(url, tmp_path / "model.bin") is None
    assert (tmp_path / "model.bin").read_bytes() == CONTENT


def test_a_bundle_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"missing\.pem"):
        make_context(str(tmp_path / "missing.pem"))
