"""``CivitaiServer``: answers as Civitai does, see https://developer.civitai.com/docs/api."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

from faults.pages import Page, Request, login_page, redirect, status
from sites.civitai_models import File, Model, Version
from sites.pictures import png
from sites.server import FILE_HOST, SiteServer, bearer, json_page

_BROWSER = re.compile(r"(?i)mozilla|chrome|safari|firefox|opera|edge")
_DOWNLOAD = re.compile(r"/api/download/models/(\d+)")
_BY_HASH = "/api/v1/model-versions/by-hash"
_HASHES_AT_ONCE = 100
_PAGE = 100


class CivitaiServer(SiteServer):
    """Civitai on this machine.

    Attributes:
        models: By their numbers.
        tokens: Those that are valid.
        downloads: Downloads that are given before the quota is used up; None: any number.
        shows_login: A download without the token that it needs leads to a login page, as for
            browsers, in place of a refusal.
    """

    def __init__(self) -> None:
        super().__init__()
        self.models: dict[int, Model] = {}
        self.tokens: set[str] = set()
        self.downloads: int | None = None
        self.shows_login = False
        self._pictures: dict[str, bytes] = {}

    def add(self, model: Model) -> Model:
        """Add a model."""
        self.models[model.id] = model
        return model

    def picture(self, number: int, content: bytes | None = None) -> str:
        """Serve a picture, one of one colour when none is given; return its address."""
        path = f"/image/key/00000000-0000-4000-8000-{number:012}/original=true/{number}.png"
        self._pictures[path] = png() if content is None else content
        return self.server.url(path, FILE_HOST)

    def _file(self, request: Request) -> Page:
        if request.path in self._pictures:
            return Page(self._pictures[request.path], etag='"p"', content_type="image/png")
        return super()._file(request)

    def answer(self, request: Request) -> Page:
        """Answer as the site does."""
        path, query = request.path, parse_qs(request.query)
        if path.startswith(_BY_HASH):
            is_list = path == _BY_HASH and request.method == "POST"
            return self._by_hashes(request) if is_list else self._by_hash(path.rpartition("/")[2])
        if found := re.fullmatch(r"/api/v1/(models|model-versions)/(\d+)", path):
            return self._one(found[1], int(found[2]))
        if found := _DOWNLOAD.fullmatch(path):
            return self._download(int(found[1]), query, request)
        pages: dict[str, Callable[[], Page]] = {
            "/api/v1/models": lambda: self._search(query),
            "/api/v1/me": lambda: self._me(request),
            "/login": login_page,
        }
        return pages.get(path, lambda: status(404, body=b"404 Not Found"))()

    def _me(self, request: Request) -> Page:
        known = bearer(request) in self.tokens
        return json_page({"username": "me"}) if known else _unauthorized()

    def _one(self, kind: str, number: int) -> Page:
        if kind == "models":
            model = self.models.get(number)
            if model is None:
                return json_page({"error": f"No model with id {number}"}, 404)
            return json_page(model.said(self.endpoint))
        for model, version in self._versions():
            if version.id == number:
                return json_page(model.version_said(version, self.endpoint))
        return json_page({"error": "Model not found"}, 404)

    def _versions(self) -> Iterator[tuple[Model, Version]]:
        return ((model, each) for model in self.models.values() for each in model.versions)

    def _with_hash(self, wanted: str) -> dict[str, Any] | None:
        """Return the oldest published version with a file that has a hash."""
        found = [
            (version.id, model.version_said(version, self.endpoint))
            for model, version in self._versions()
            if version.status == "Published"
            and any(_has_hash(file, wanted, self.endpoint) for file in version.files)
        ]
        return min(found, key=lambda each: each[0])[1] if found else None

    def _by_hash(self, wanted: str) -> Page:
        found = self._with_hash(wanted)
        return json_page({"error": "Model not found"}, 404) if found is None else json_page(found)

    def _by_hashes(self, request: Request) -> Page:
        try:
            wanted = json.loads(request.body)
        except ValueError:
            wanted = None
        is_list = isinstance(wanted, list) and all(isinstance(each, str) for each in wanted)
        if not is_list or len(wanted) > _HASHES_AT_ONCE or any(len(each) != 64 for each in wanted):
            return json_page({"error": {"name": "ZodError", "issues": []}}, 400)
        # In no order that would help, as there.
        found = [self._with_hash(each) for each in sorted(wanted, key=str.lower)]
        return json_page([each for each in found if each is not None])

    def _search(self, query: dict[str, list[str]]) -> Page:
        if "query" in query and "page" in query:
            return json_page({"error": "Cannot use page param with query search"}, 400)
        limit, start = int(query.get("limit", ["100"])[0]), int(query.get("cursor", ["0"])[0])
        if not 0 <= limit <= _PAGE:
            return json_page({"error": {"name": "ZodError", "issues": []}}, 400)
        found = [model for model in self.models.values() if _is_found(model, query)]
        items = [model.said(self.endpoint) for model in found[start : start + limit]]
        more: dict[str, Any] = {"pageSize": limit}
        if start + limit < len(found):
            more["nextCursor"] = str(start + limit)
        return json_page({"items": items, "metadata": more})

    def _download(self, number: int, query: dict[str, list[str]], request: Request) -> Page:
        for model, version in self._versions():
            if version.id == number:
                secret = bearer(request) or query.get("token", [None])[0]
                refused = self._closed(model, version, secret) or self._kept(
                    model, version, secret, request
                )
                return refused if refused is not None else self._sent(version, query)
        return json_page({"error": "File not found"}, 404)

    def _closed(self, model: Model, version: Version, secret: str | None) -> Page | None:
        """Return why nobody, or nobody yet, gets a version."""
        if model.mode == "Archived":
            return json_page({"error": "Model archived, not available for download"}, 410)
        if version.usage != "Download":
            return _unauthorized("The creator of this asset has disabled downloads on this file")
        if version.early_access is not None and secret not in self.tokens:
            text = "This asset is in Early Access. You can use Buzz access it now!"
            told = {"error": "Early Access", "deadline": version.early_access, "message": text}
            return json_page(told, 403)
        return None

    def _kept(
        self, model: Model, version: Version, secret: str | None, request: Request
    ) -> Page | None:
        """Return why whoever asks does not get a version."""
        if request.method == "HEAD" or (secret is not None and secret not in self.tokens):
            return _unauthorized()
        if not version.needs_login or secret is not None:
            return None
        is_browser = _BROWSER.search(request.headers.get("user-agent", "")) is not None
        if is_browser or self.shows_login:
            return redirect(f"/login?returnUrl=/models/{model.id}&reason=download-auth", 307)
        return _unauthorized()

    def _sent(self, version: Version, query: dict[str, list[str]]) -> Page:
        if self.downloads == 0:
            text = "We have noticed an unusual amount of downloading from your account."
            return json_page({"error": text}, 429)
        file = _wanted(version, query)
        if file is None:
            return json_page({"error": "File not found"}, 404)
        self.downloads = None if self.downloads is None else self.downloads - 1
        return self.to_file(file.content, code=307, name=file.name)


def _wanted(version: Version, query: dict[str, list[str]]) -> File | None:
    """Choose a file as the site does: by its number, else by what is said of it."""
    if "fileId" in query:
        number = query["fileId"][0]
        return next((file for file in version.files if str(file.id) == number), None)
    wishes = {name: query[name][0] for name in ("type", "format", "size", "fp") if name in query}
    fitting = [
        file
        for file in version.files
        if all(getattr(file, name) == wish for name, wish in wishes.items())
    ]
    return next((file for file in fitting if file.primary), fitting[0] if fitting else None)


def _has_hash(file: File, wanted: str, endpoint: str) -> bool:
    return wanted.upper() in {each.upper() for each in file.said(endpoint)["hashes"].values()}


def _is_found(model: Model, query: dict[str, list[str]]) -> bool:
    words = query.get("query", [""])[0].lower().split()
    types, bases = query.get("types", [model.type]), set(query.get("baseModels", []))
    is_open = query.get("nsfw") == ["true"] or model.nsfw_level == 1
    numbers = {int(each) for ids in query.get("ids", []) for each in ids.split(",")}
    return (
        is_open
        and model.type in types
        and model.mode != "TakenDown"
        and all(word in model.name.lower() for word in words)
        and (not bases or any(version.base in bases for version in model.versions))
        and query.get("username", [model.creator])[0] == model.creator
        and (not numbers or model.id in numbers)
    )


def _unauthorized(
    text: str = "The creator of this asset requires you to be logged in to download it",
) -> Page:
    return json_page({"error": "Unauthorized", "message": text}, 401)
