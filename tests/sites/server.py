"""What all sites of these tests share: a host that answers, and another one that has the files."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from dataclasses import replace
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, quote

from faults.pages import Page, Request, Script, redirect, status
from faults.server import HOSTS, FaultServer

#: The host of the site, and the host of its files.
SITE_HOST, FILE_HOST = HOSTS
_BLOBS = "/blobs/"
_MOVED = "/moved"


class SiteServer(ABC):
    """A site on 127.0.0.1 that keeps its files on 127.0.0.2, as a context manager.

    Files are given behind signed addresses. The host of files refuses requests with a login, as
    object stores do that find two ways to log in.

    Attributes:
        server: Answers; a path that its ``serve`` is told of answers so before all else.
        rate: Bytes each second of files on one connection, or None for all there is.
        faults: Fields of ``Page`` for answers that bring files.
    """

    def __init__(self) -> None:
        self.server = FaultServer()
        self.rate: float | None = None
        self.faults: dict[str, Any] = {}
        self._next_faults: list[dict[str, Any]] = []
        self._blobs: dict[str, bytes] = {}
        self._signatures: set[str] = set()
        self._signed = 0
        self._refusals: list[tuple[str, Page]] = []
        self._planted: list[tuple[str, Script]] = []
        self.server.serve_otherwise(self._answer)

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.server.__exit__(kind, error, trace)

    @abstractmethod
    def answer(self, request: Request) -> Page:
        """Answer a request to the site itself."""

    @property
    def endpoint(self) -> str:
        """Address of the site, without a slash at its end."""
        return self.server.url("")

    def serve(self, path: str, *answers: Page | Script, host: str = SITE_HOST) -> str:
        """Answer one path by these pages in turn in place of what the site would say."""
        return self.server.serve(path, *answers, host=host)

    def refuse_next(self, page: Page, times: int = 1, path: str = "") -> None:
        """Answer the next requests of paths that hold this text so, before all goes on."""
        self._refusals += [(path, page)] * times

    def plant(self, path: str, script: Script) -> None:
        """Answer all requests to the site of paths that hold this text by a function."""
        self._planted.append((path, script))

    def mend(self) -> None:
        """Answer as the site would again, whatever was planted."""
        self._planted.clear()
        self.faults.clear()

    def fault_next(self, **fields: Any) -> None:
        """Bring the next file with these fields of ``Page``, and the later ones as usual."""
        self._next_faults.append(fields)

    def elsewhere(self, request: Request) -> Page:
        """Send to the host of files, which answers such a request as the site would."""
        query = f"?{request.query}" if request.query else ""
        return redirect(self.server.url(f"{_MOVED}{request.path}{query}", FILE_HOST), 307)

    def expire(self) -> None:
        """Make all signed addresses that were given useless."""
        self._signatures.clear()

    def requests(self, part: str = "", host: str | None = None) -> list[Request]:
        """Return the requests of paths that hold this text, the oldest first."""
        return [
            each for each in self.server.requests if part in each.path and host in {None, each.host}
        ]

    def body_bytes(self, content: bytes) -> int:
        """Return how many bytes of this file went out, from whichever address."""
        asked = self.requests(_blob_path(content), FILE_HOST)
        return sum(request.sent for request in asked)

    def saw(self, secret: str, host: str = FILE_HOST) -> list[Request]:
        """Return the requests to a host that hold this secret anywhere."""
        return [
            each
            for each in self.requests(host=host)
            if secret in f"{each.path} {each.query} {each.headers} {each.body}"
        ]

    def to_file(
        self, content: bytes, *headers: tuple[str, str], code: int = 302, name: str = ""
    ) -> Page:
        """Send to a fresh signed address of a file.

        Args:
            content: The file.
            headers: Further headers of the redirect.
            code: Its status.
            name: Given with the file as ``Content-Disposition``; none when empty.
        """
        self._signed += 1
        signature = f"signed{self._signed:04}"
        self._signatures.add(signature)
        path = _blob_path(content)
        self._blobs[path] = content
        is_plain = name.isascii() and name.isprintable()
        told = f'filename="{name}"' if is_plain else f"filename*=UTF-8''{quote(name)}"
        told = quote(f"attachment; {told}") if name else ""
        query = f"X-Amz-Expires=3600&X-Amz-Signature={signature}"
        query += f"&response-content-disposition={told}" if told else ""
        target = self.server.url(f"{path}?{query}", FILE_HOST)
        page = redirect(target, code)
        return page.but(headers=(*page.headers, *headers))

    def file_page(self, content: bytes, request: Request) -> Page:
        """Answer with the bytes of a file."""
        query = parse_qs(request.query)
        return Page(
            content,
            etag=f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"',
            disposition=query.get("response-content-disposition", [""])[0],
            rate=self.rate,
        )

    def _answer(self, request: Request) -> Page:
        for refused in self._refusals:
            if refused[0] in request.path:
                self._refusals.remove(refused)
                return refused[1]
        if request.host == FILE_HOST:
            is_moved = request.path.startswith(_MOVED)
            moved = replace(request, path=request.path.removeprefix(_MOVED))
            return self.answer(moved) if is_moved else self._file(request)
        script = next((script for part, script in self._planted if part in request.path), None)
        return self.answer(request) if script is None else script(request)

    def _file(self, request: Request) -> Page:
        if "authorization" in request.headers:
            return _store_error(400, "InvalidArgument", "Only one way to log in is allowed")
        content = self._blobs.get(request.path)
        if content is None:
            return _store_error(404, "NoSuchKey", "There is no such file")
        if parse_qs(request.query).get("X-Amz-Signature", [""])[0] not in self._signatures:
            return _store_error(403, "AccessDenied", "The request has expired")
        faults = self._next_faults.pop(0) if self._next_faults else self.faults
        return self.file_page(content, request).but(**faults)


def json_page(value: Any, code: int = 200, *headers: tuple[str, str]) -> Page:
    """Answer with JSON."""
    return Page(
        json.dumps(value).encode(),
        code,
        headers=headers,
        ranges=False,
        content_type="application/json; charset=utf-8",
    )


def busy(seconds: int | None = None) -> Page:
    """Refuse as a site does that is asked too often."""
    headers = () if seconds is None else (("Retry-After", str(seconds)),)
    return json_page({"error": "You are asking too often"}, 429, *headers)


def bearer(request: Request) -> str | None:
    """Return the token that came with a request, or None."""
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret if kind == "Bearer" and secret else None


def _blob_path(content: bytes) -> str:
    # Not the sha256: the names that stores give say nothing about the bytes.
    return _BLOBS + hashlib.sha1(content, usedforsecurity=False).hexdigest()


def _store_error(code: int, name: str, message: str) -> Page:
    text = f"<?xml version='1.0'?><Error><Code>{name}</Code><Message>{message}</Message></Error>"
    return status(code, ("Content-Type", "application/xml"), body=text.encode())
