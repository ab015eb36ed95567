"""A site on a server of this machine that knows files by their hashes, in lists."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from faults.pages import Page, Request
from faults.server import FaultServer
from modelkeep.core.metadata import CivitaiMetadata
from modelkeep.http.request import HttpRequest
from modelkeep.sources.civitai.source import CivitaiModelSource
from modelkeep.sources.site import RemoteFile, RemoteModel, Site, SiteContext
from modelkeep.sources.string_like import StringLikeSource

_TIME = "2026-03-04T05:06:07Z"


class HashSite(Site):
    """Knows what it was told, and keeps what it was asked.

    Args:
        server: Answers for it.
        name: Its name.
        at_once: Hashes that one request may ask for.

    Attributes:
        knows: What it says, by sha256.
    """

    def __init__(self, server: FaultServer, name: str = "quay", at_once: int = 100) -> None:
        self.name = name
        self.label = name.title()
        self.hashes_at_once = at_once
        self.hosts = frozenset({f"{name}.example"})
        self.knows: dict[str, dict[str, Any]] = {}
        self._server = server
        self._path = f"/{name}/by-hash"
        self._url = server.serve(self._path, self._answer)

    def parse(self, text: str, endpoints: Mapping[str, str]) -> StringLikeSource | None:
        """Know no text."""
        del text, endpoints
        return None

    def owns(self, source: StringLikeSource) -> bool:
        """Own nothing."""
        del source
        return False

    def look_up(self, source: StringLikeSource, context: SiteContext) -> RemoteModel:
        """Never be asked for."""
        raise NotImplementedError

    def by_hashes(self, hashes: Sequence[str], context: SiteContext) -> Mapping[str, RemoteModel]:
        """Ask the server once."""
        assert len(hashes) <= self.hashes_at_once
        assert len(set(hashes)) == len(hashes)
        told = context.client.post(HttpRequest(self._url), list(hashes)).raise_for_status().json()
        return {sha256: self._model(each) for sha256, each in told.items()}

    def tell(self, path: Path, **said: Any) -> str:
        """Say this of a file from now on; return its sha256.

        Args:
            path: The file.
            said: Any of ``name``, ``description``, ``words``, ``tags``, ``preview``, ``fields``.
        """
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self.knows[sha256] = said
        return sha256

    @property
    def asked(self) -> list[list[str]]:
        """The hashes of each request, the oldest first."""
        return [json.loads(each.body) for each in self._server.asked(self._path)]

    def fail(self, status: int = 500) -> None:
        """Refuse everything from now on."""
        self._server.serve(self._path, Page(b"{}", status))

    def _answer(self, request: Request) -> Page:
        wanted = json.loads(request.body)
        found = {each: self.knows[each] for each in wanted if each in self.knows}
        return Page(json.dumps(found).encode(), content_type="application/json")

    def _model(self, said: Mapping[str, Any]) -> RemoteModel:
        words = tuple(said.get("words", ()))
        return RemoteModel(
            source=CivitaiModelSource(model_id=7, version_id=8),
            name=said.get("name", "The site's name"),
            files=(RemoteFile(self._server.url("/file"), "file.safetensors"),),
            is_folder=False,
            metadata=_metadata(said, words),
            fields={
                "description": said.get("description", "What the site says."),
                "trigger_phrases": words,
                **said.get("fields", {}),
            },
            base_hint="SD 1.5",
            type_hint="LORA",
            preview=said.get("preview"),
        )


def _metadata(said: Mapping[str, Any], words: tuple[str, ...]) -> CivitaiMetadata:
    return CivitaiMetadata.model_validate(
        {
            "id": 7,
            "version_id": 8,
            "name": said.get("name", "The site's name"),
            "version_name": "v1",
            "author": "somebody",
            "tags": set(said.get("tags", ["style"])),
            "created": _TIME,
            "updated": _TIME,
            "published": _TIME,
            "description": said.get("description", "What the site says."),
            "version_description": "",
            "trained_words": set(words),
            "download_url": "https://quay.example/8",
            "base_model_trained_on": "SD 1.5",
        }
    )
