"""The server behind nginx, as ``deploy/nginx.conf`` has it: TLS and a path of its own."""

from __future__ import annotations

import logging
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from support.certificates import self_signed
from support.tiny import embedding
from support.waiting import PATIENCE, until
from support.web import WebServer

DEPLOY = Path(__file__).parents[2] / "deploy"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
#: From where the requests of these tests come; nginx itself asks from 127.0.0.1.
CLIENT = "127.0.0.2"
PIECE = 64 * 1024 * 1024

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is missing")

_MAIN = """daemon off;
{user}pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/modelkeep.conf;
}}
"""


class _From(HTTPAdapter):
    """Sends requests from one address of this machine."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, source_address=(CLIENT, 0), **options)


@dataclass
class Behind:
    """A server, and nginx before it.

    Attributes:
        web: The server.
        url: Where nginx serves it, without a final slash.
        session: Comes from another address than nginx.
    """

    web: WebServer
    url: str
    session: requests.Session

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request with a token that may do everything."""
        headers = self.web.headers | options.pop("headers", {})
        url = f"{self.url}{path}"
        return self.session.request(method, url, headers=headers, timeout=60, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        """Send a GET request."""
        return self.ask("GET", path, **options)


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as one:
        port: int = one.getsockname()[1]
        return port


def configured(folder: Path, port: int, behind: int) -> Path:
    """Write the file of ``deploy/`` with other ports, names and certificates, and one around it."""
    cert, key = self_signed(folder)
    text = (DEPLOY / "nginx.conf").read_text()
    for pattern, replacement in (
        (r"server 127\.0\.0\.1:9494;", f"server 127.0.0.1:{behind};"),
        (r"listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        (r"\n *listen \[::\]:443 ssl;", ""),
        (r"server_name example\.org;", "server_name localhost;"),
        (r"ssl_certificate +[^;]+;", f"ssl_certificate {cert};"),
        (r"ssl_certificate_key +[^;]+;", f"ssl_certificate_key {key};"),
    ):
        text, count = re.subn(pattern, replacement, text)
        assert count == 1, pattern
    (folder / "modelkeep.conf").write_text(text)
    main = folder / "nginx.conf"
    user = "user root;\n" if os.geteuid() == 0 else ""
    main.write_text(_MAIN.format(folder=folder, user=user))
    return main


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Behind]:
    settings = {"allowed_hosts": ["localhost"], "trusted_proxies": ["127.0.0.1"]}
    with WebServer(tmp_path / "root", base_path="/models", **settings) as web:
        port, folder = free_port(), tmp_path / "nginx"
        own_port = int(web.url.split(":")[2].partition("/")[0])
        main = configured(folder, port, own_port)
        command = [str(NGINX), "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(main)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        try:
            until(lambda: is_open(port), lambda: process.poll() is None)
            with requests.Session() as session:
                session.trust_env = False  # which may name other authorities
                session.mount("https://", _From())
                session.verify = str(folder / "server.pem")
                yield Behind(web, f"https://localhost:{port}/models", session)
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)


def is_open(port: int) -> bool:
    with closing(socket.socket()) as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def test_the_api_answers_below_its_path(
    behind: Behind, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    behind.web.manager.installer.install_path(embedding(tmp_path / "blue.safetensors"))
    with caplog.at_level(logging.INFO, "modelkeep.web.access"):
        listed = behind.get(
            "/api/v1/model/record/?token=planted", headers={"X-Forwarded-For": "192.0.2.7"}
        )
        until(lambda: "/models/api/v1/model/record/ 200" in caplog.text)
    assert [record["name"] for record in listed.json()["models"]] == ["blue"]
    assert f"{CLIENT} GET" in caplog.text, "what the client claims of itself is not believed"
    assert "planted" not in caplog.text
    missing = behind.get("/api/v1/model/record/i/sofa")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "UnknownModelException")
    bare = behind.session.get(behind.url, allow_redirects=False, timeout=60)
    assert (bare.status_code, bare.headers["location"]) == (308, f"{behind.url}/")
    assert behind.session.get(f"{behind.url}/api/v1/model/record/", timeout=60).status_code == 401


def test_the_login_page_and_its_cookie_know_the_path(behind: Behind) -> None:
    page = behind.session.get(f"{behind.url}/login", timeout=60)
    assert page.status_code == 200
    assert 'action="/models/login' in page.text
    token = behind.web.headers["Authorization"].removeprefix("Bearer ")
    entered = behind.session.post(
        f"{behind.url}/login",
        data={"token": token},
        headers={"Origin": behind.url.removesuffix("/models")},
        allow_redirects=False,
        timeout=60,
    )
    assert entered.status_code in {302, 303}, entered.text
    assert "Secure" in entered.headers["set-cookie"]
    assert behind.session.get(f"{behind.url}/api/v1/model/record/", timeout=60).status_code == 200


def test_whole_pieces_of_uploads_come_through(behind: Behind) -> None:
    tus = {"Tus-Resumable": "1.0.0"}
    length = {"Upload-Length": str(2 * PIECE), "Upload-Metadata": "filename eC5zYWZldGVuc29ycw=="}
    made = behind.ask("POST", "/api/v1/uploads", headers=tus | length)
    assert made.status_code == 201, made.text
    place = "/api/v1/" + made.headers["location"].partition("/api/v1/")[2]
    kind = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    whole = behind.ask("PATCH", place, headers=tus | kind, data=bytes(PIECE))
    assert (whole.status_code, whole.headers["upload-offset"]) == (204, str(PIECE))
    assert behind.ask("DELETE", place, headers=tus).status_code == 204


def test_events_come_as_they_happen(behind: Behind) -> None:
    with behind.get("/api/v1/events", stream=True) as stream:
        lines = stream.iter_lines(chunk_size=None)
        assert next(lines).startswith(b"retry:")
        for name in ("first", "second"):
            behind.web.context.hub.dispatch("model_event", {"event": name, "data": {}})
            told = next(line for line in lines if line.startswith(b"data:"))
            assert f'"{name}"'.encode() in told
