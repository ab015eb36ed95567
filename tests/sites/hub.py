"""``HubServer``: answers as Hugging Face does, see https://huggingface.co/docs/hub/api."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

from faults.pages import Page, Request, redirect
from sites.server import SiteServer, bearer, json_page

COMMIT = "0123456789abcdef0123456789abcdef01234567"
_LARGE = (".safetensors", ".bin", ".ckpt", ".pt", ".pth", ".gguf", ".onnx", ".sft", ".msgpack")
_FILE = re.compile(r"/(?P<repo>[^/]+/[^/]+)/resolve/(?P<rev>[^/]+)/(?P<path>.+)")
_KEPT = re.compile(r"/api/resolve-cache/models/(?P<repo>[^/]+/[^/]+)/(?P<rev>[^/]+)/(?P<path>.+)")
_LISTING = re.compile(r"/api/models/(?P<repo>[^/]+/[^/]+)(?:/revision/(?P<rev>[^/]+))?")


@dataclass
class Repository:
    """One repository.

    Attributes:
        id: ``organisation/name``.
        files: Content by path; those with the endings of weights are large ones.
        commit: Of the newest version, the only one there is.
        branches: Further names of it beside ``main`` and the commit.
        gated: Terms have to be accepted: ``"auto"`` or ``"manual"``.
        private: Seen by accounts alone that may.
        disabled: Taken away by the site.
        tags: As people gave them.
        card: The header of its README.
        downloads: How often it was fetched.
        more: Fields of the answer in place of the usual ones.
    """

    id: str
    files: Mapping[str, bytes]
    commit: str = COMMIT
    branches: Sequence[str] = ()
    gated: bool | str = False
    private: bool = False
    disabled: bool = False
    tags: Sequence[str] = ("diffusers", "license:openrail++")
    card: Mapping[str, Any] = field(default_factory=lambda: {"license": "openrail++"})
    downloads: int = 1234
    more: dict[str, Any] = field(default_factory=dict)

    def said(self, *, sizes: bool) -> dict[str, Any]:
        """Return what the API says of it.

        Args:
            sizes: Say sizes and hashes of the files too.
        """
        return {
            "_id": "65a0b0c0d0e0f00102030405",
            "id": self.id,
            "modelId": self.id,
            "author": self.id.partition("/")[0],
            "sha": self.commit,
            "lastModified": "2026-03-04T05:06:07.000Z",
            "createdAt": "2025-03-04T05:06:07.000Z",
            "private": self.private,
            "disabled": self.disabled,
            "gated": self.gated,
            "pipeline_tag": "text-to-image",
            "library_name": "diffusers",
            "tags": list(self.tags),
            "downloads": self.downloads,
            "likes": 7,
            "cardData": dict(self.card),
            "siblings": [
                _sibling(name, content, sizes=sizes) for name, content in self.files.items()
            ],
            **self.more,
        }


@dataclass(frozen=True)
class Account:
    """What the owner of a token may read.

    Attributes:
        members: Private repositories that it sees.
        accepted: Gated repositories whose terms it accepted.
        reads_gates: Its token may read gated repositories; finely grained ones may not.
    """

    members: frozenset[str] = frozenset()
    accepted: frozenset[str] = frozenset()
    reads_gates: bool = True


class HubServer(SiteServer):
    """Hugging Face on this machine.

    Attributes:
        repositories: By their names.
        accounts: By their tokens.
        renamed: New names by old ones; whoever asks for an old one is sent on.
        keeps_small: Small files are sent from ``/api/resolve-cache``, where a redirect without
            a host leads.
    """

    def __init__(self) -> None:
        super().__init__()
        self.repositories: dict[str, Repository] = {}
        self.accounts: dict[str, Account] = {}
        self.renamed: dict[str, str] = {}
        self.keeps_small = False

    def add(self, repo: str, files: Mapping[str, bytes], **fields: Any) -> Repository:
        """Add a repository, see its class for the fields."""
        made = Repository(repo, dict(files), **fields)
        self.repositories[repo] = made
        return made

    def answer(self, request: Request) -> Page:
        """Answer as the hub does."""
        secret = bearer(request)
        if secret is not None and secret not in self.accounts:
            return _refused(401, "", "Invalid credentials in Authorization header")
        path = unquote(request.path)
        if path == "/api/models":
            return self._found(parse_qs(request.query))
        if path == "/api/whoami-v2":
            return (
                _refused(401, "", "Log in first") if secret is None else json_page({"name": "me"})
            )
        for pattern, say in ((_LISTING, self._list), (_KEPT, self._small), (_FILE, self._resolve)):
            found = pattern.fullmatch(request.path)
            if found is not None:
                return self._of_repository(found, say, request)
        return _refused(404, "", "Sorry, we can't find the page you are looking for.")

    def _of_repository(self, found: re.Match[str], say: Any, request: Request) -> Page:
        name = found["repo"]
        if name in self.renamed:
            target = request.path.replace(name, self.renamed[name], 1)
            return redirect(target + (f"?{request.query}" if request.query else ""), 307)
        account = self.accounts.get(bearer(request) or "")
        repo = self.repositories.get(name)
        if repo is None or (repo.private and (account is None or name not in account.members)):
            code = 401 if account is None else 404
            text = "Invalid username or password." if account is None else "Repository not found"
            return _refused(code, "RepoNotFound", text)
        if repo.disabled:
            text = "Access to this resource is disabled."
            return _refused(401 if account is None else 403, "", text)
        revision = unquote(found["rev"]) if found["rev"] else "main"
        if revision not in {"main", repo.commit, *repo.branches}:
            return _refused(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        page: Page = say(repo, found, request, account)
        return page

    def _list(
        self, repo: Repository, found: re.Match[str], request: Request, account: Account | None
    ) -> Page:
        del found, account  # what is gated is listed
        return json_page(repo.said(sizes=parse_qs(request.query).get("blobs") == ["true"]))

    def _resolve(
        self, repo: Repository, found: re.Match[str], request: Request, account: Account | None
    ) -> Page:
        refusal = _gate(repo, account)
        if refusal is not None:
            return refusal
        path = unquote(found["path"])
        commit = ("X-Repo-Commit", repo.commit)
        content = repo.files.get(path)
        if content is None:
            return _refused(404, "EntryNotFound", f"Entry not found: {path}", commit)
        if not is_large(path):
            if not self.keeps_small:
                return self._small(repo, found, request, account)
            target = f"/api/resolve-cache/models/{repo.id}/{repo.commit}/{found['path']}"
            return redirect(f"{target}?etag=%22{git_hash(content)}%22", 307)
        return self.to_file(
            content,
            commit,
            ("Accept-Ranges", "bytes"),
            ("X-Linked-Size", str(len(content))),
            ("X-Linked-Etag", f'"{hashlib.sha256(content).hexdigest()}"'),
            ("Vary", "Origin, Accept"),
        )

    def _small(
        self, repo: Repository, found: re.Match[str], request: Request, account: Account | None
    ) -> Page:
        del request, account
        content = repo.files[unquote(found["path"])]
        return Page(
            content,
            etag=f'"{git_hash(content)}"',
            headers=(("X-Repo-Commit", repo.commit),),
            content_type="text/plain; charset=utf-8",
            rate=self.rate,
        )

    def _found(self, query: dict[str, list[str]]) -> Page:
        words = query.get("search", [""])[0].lower().split()
        author, limit = query.get("author", [""])[0], int(query.get("limit", ["20"])[0])
        tags = set(query.get("filter", []))
        found = [
            repo
            for repo in self.repositories.values()
            if not repo.private
            and all(word in repo.id.lower() for word in words)
            and author in {"", repo.id.partition("/")[0]}
            and tags <= set(repo.tags)
        ]
        found.sort(key=lambda repo: -repo.downloads)
        return json_page([repo.said(sizes=False) for repo in found[:limit]])


def is_large(path: str) -> bool:
    """Tell whether the hub keeps a file apart from the repository."""
    return path.endswith(_LARGE)


def git_hash(content: bytes) -> str:
    """Return the name that git gives to a file."""
    head = b"blob %d\0" % len(content)
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()


def _sibling(name: str, content: bytes, *, sizes: bool) -> dict[str, Any]:
    if not sizes:
        return {"rfilename": name}
    said = {"rfilename": name, "blobId": git_hash(content), "size": len(content)}
    if not is_large(name):
        return said
    sha256 = hashlib.sha256(content).hexdigest()
    return {**said, "lfs": {"sha256": sha256, "size": len(content), "pointerSize": 134}}


def _gate(repo: Repository, account: Account | None) -> Page | None:
    """Return why a gated repository gives no files, or None where it does."""
    if not repo.gated:
        return None
    if account is None:
        text = f"Access to model {repo.id} is restricted. You must have access to it and log in."
        return _refused(401, "GatedRepo", text)
    if not account.reads_gates:
        text = "Please enable access to public gated repositories in your fine-grained token"
        return _refused(403, "", text)
    if repo.id in account.accepted:
        return None
    text = f"Access to model {repo.id} is restricted and you are not in the authorized list."
    return _refused(403, "GatedRepo", text)


def _refused(code: int, name: str, text: str, *headers: tuple[str, str]) -> Page:
    named = (("X-Error-Code", name),) if name else ()
    return json_page({"error": text}, code, *named, ("X-Error-Message", text), *headers)
