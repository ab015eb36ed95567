"""``ModelScopeServer``: answers as ModelScope does."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from faults.pages import Page, Request
from sites.server import SiteServer, bearer, json_page

_COMMIT = "89abcdef0123456789abcdef0123456789abcdef"
_REPO = r"(?P<repo>[^/]+/[^/]+)"
_ABOUT = re.compile(rf"/api/v1/models/{_REPO}(?P<files>/repo/files)?")
_FILE = re.compile(rf"/models/{_REPO}/resolve/(?P<rev>[^/]+)/(?P<path>.+)")


@dataclass
class Listed:
    """One repository: what the site says of it, and its files."""

    files: dict[str, bytes]
    licence: str
    is_private: bool


class ModelScopeServer(SiteServer):
    """ModelScope on this machine.

    Attributes:
        repositories: By their names.
        tokens: Those that are valid.
        odd_parts: Parts of files come with status 200, as there: only Content-Range tells.
    """

    def __init__(self) -> None:
        super().__init__()
        self.repositories: dict[str, Listed] = {}
        self.tokens: set[str] = set()
        self.odd_parts = False

    def add(
        self, repo: str, files: Mapping[str, bytes], licence: str = "Apache License 2.0",
        *, is_private: bool = False,
    ) -> Listed:  # fmt: skip
        """Add a repository."""
        made = Listed(dict(files), licence, is_private)
        self.repositories[repo] = made
        return made

    def answer(self, request: Request) -> Page:
        """Answer as the site does."""
        found = _ABOUT.fullmatch(request.path) or _FILE.fullmatch(request.path)
        listed = self.repositories.get(found["repo"]) if found else None
        if found is None or listed is None or (listed.is_private and not self._is_known(request)):
            return _said(None, 10010205001, "The model does not exist or you have no access", 404)
        if found.re is _FILE:
            content = listed.files.get(unquote(found["path"]))
            if content is None:
                return _said(None, 10010205003, "The file does not exist", 404)
            return self.to_file(content)
        if found["files"] is None:
            owner, _, name = found["repo"].partition("/")
            return _said({"Path": owner, "Name": name, "License": listed.licence})
        revision = parse_qs(request.query).get("Revision", ["master"])[0]
        # A branch that is not there has no files, and is no fault.
        return _said({"Files": _files(listed) if revision == "master" else None})

    def file_page(self, content: bytes, request: Request) -> Page:
        """Answer with the bytes of a file."""
        page = super().file_page(content, request)
        if not self.odd_parts or request.range is None:
            return page
        start, last = request.range
        stop = len(content) if last is None else min(last + 1, len(content))
        told = ("Content-Range", f"bytes {start}-{stop - 1}/{len(content)}")
        return page.but(body=content[start:stop], headers=(told,), ranges=False)

    def _is_known(self, request: Request) -> bool:
        return bearer(request) in self.tokens


def _files(listed: Listed) -> list[dict[str, Any]]:
    folders = sorted({path.rpartition("/")[0] for path in listed.files if "/" in path})
    return [
        *({"Path": path, "Name": path, "Type": "tree", "Size": 0} for path in folders),
        *(
            {
                "Path": path,
                "Name": path.rpartition("/")[2],
                "Type": "blob",
                "Size": len(content),
                "Sha256": hashlib.sha256(content).hexdigest(),
                "IsLFS": path.endswith(".safetensors"),
                "Revision": _COMMIT,
            }
            for path, content in listed.files.items()
        ),
    ]


def _said(data: Any, code: int = 200, message: str = "", status: int = 200) -> Page:
    value = {"Code": code, "Success": code == 200, "Data": data, "Message": message}
    return json_page({**value, "RequestId": "00000000-0000-4000-8000-000000000000"}, status)
