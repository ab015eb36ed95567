"""``SITE``: Hugging Face and its mirrors."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from modelkeep.core.choice import MODEL_INDEX, filter_files
from modelkeep.errors import DownloadError, ProtocolError, UnsupportedSourceError
from modelkeep.http.client import ApiResponse
from modelkeep.http.request import HttpRequest
from modelkeep.http.urls import Origin, Token, origin_of
from modelkeep.sources.huggingface import cache, responses
from modelkeep.sources.huggingface.selection import Selection, select_files
from modelkeep.sources.huggingface.source import HOSTS, HFModelSource, parse
from modelkeep.sources.site import RemoteFile, RemoteModel, SearchResult, Site, SiteContext, Terms
from modelkeep.sources.string_like import StringLikeSource

_OWN = frozenset(Origin("https", host, 443) for host in HOSTS)
_INDEX_BYTES = 1 << 20
_REFUSED = 400
_UNAUTHORIZED = 401
_FOUND = 20


@dataclass
class Asking:
    """One conversation about one repository, or about none where ``repo`` is empty."""

    context: SiteContext
    endpoint: str
    repo: str
    revision: str | None
    token: Token | None
    remarks: tuple[str, ...] = ()

    @property
    def aliases(self) -> frozenset[Origin]:
        """The hub's own hosts may see its token; hosts of a mirror may not."""
        is_own = self.token is not None and self.token.origin in _OWN
        return _OWN if is_own else frozenset()

    def get(self, url: str, params: Mapping[str, Any], limit: int | None = None) -> Any:
        """Return the JSON that an address answers with."""
        reply = self._once(url, params, limit)
        said = reply.header("X-Error-Message").encode() + reply.body
        is_invalid = reply.status == _UNAUTHORIZED and b"invalid credentials" in said.lower()
        if self.token is not None and is_invalid:
            again = self.context.client.get(HttpRequest(url), params)
            if again.status < _REFUSED:
                self.token = None
                self.remarks += (
                    "The token for Hugging Face is not valid; what is open to all is used.",
                )
                reply = again
        if reply.status >= _REFUSED and self.repo:
            has_token = self.token is not None
            raise responses.refusal_error(reply, self.repo, self.revision, has_token=has_token)
        return reply.raise_for_status().json()

    def _once(self, url: str, params: Mapping[str, Any], limit: int | None) -> ApiResponse:
        asked = HttpRequest(url, token=self.token, aliases=self.aliases)
        client = self.context.client
        return (
            client.get(asked, params) if limit is None else client.get(asked, params, limit=limit)
        )


class HuggingFace(Site):
    """The hub at huggingface.co, or the mirror that the settings name."""

    name = "huggingface"
    label = "Hugging Face"
    also = ("hf",)
    order = 30
    hosts = HOSTS
    source_class = HFModelSource
    key_page = "https://huggingface.co/settings/tokens"

    def token_variables(self, environment: Mapping[str, str]) -> Sequence[str]:
        """Return the variables that hold a token; none where it may not be sent unasked."""
        return cache.TOKEN_VARIABLES if cache.is_token_implicit(environment) else ()

    def kept_token(self, environment: Mapping[str, str]) -> str | None:
        """Return the token that ``hf auth login`` left on this machine."""
        rest = {k: v for k, v in environment.items() if k not in cache.TOKEN_VARIABLES}
        return cache.token(rest)

    def parse(self, text: str, endpoints: Mapping[str, str]) -> HFModelSource | None:
        """Return the repository, folder or file that a text means."""
        mirror = urlsplit(endpoints.get(self.name, "")).netloc.rpartition("@")[2].lower()
        return parse(text, HOSTS | {mirror} if mirror else HOSTS)

    def owns(self, source: StringLikeSource) -> bool:
        """Tell whether a source is a repository of the hub."""
        return isinstance(source, HFModelSource)

    def look_up(self, source: StringLikeSource, context: SiteContext) -> RemoteModel:
        """Ask for the listing of a repository, pin its commit and choose the files.

        Raises:
            UnsupportedSourceError: it has no such form, or holds several models.
            UnsafePathError: it lists a file that would lie outside of the model.
            HttpStatusError: the site refuses; says why and what to do.
        """
        if not isinstance(source, HFModelSource):
            raise UnsupportedSourceError(f"{source} is no source of {self.label}")
        asking = self._asking(source.repo_id, source.revision, source.access_token, context)
        url = responses.api_url(asking.endpoint, source.repo_id, source.revision)
        answer = asking.get(url, {"blobs": "true"})
        metadata = responses.metadata_of(answer, asking.endpoint, source.revision or "main")
        commit = answer.get("sha")
        is_pinned = isinstance(commit, str) and context.client.transport.is_ours
        revision = commit if is_pinned else source.revision or "main"
        repo = metadata.id if "/" in metadata.id else source.repo_id
        listed = {each["rfilename"]: each for each in responses.siblings(answer)}
        pipeline = _pipeline(asking, repo, revision, source, listed)
        selection = select_files(list(listed), source, pipeline)
        return self._model(source, asking, answer, revision, selection, metadata_of_answer=metadata)

    def _asking(
        self, repo: str, revision: str | None, secret: str | None, context: SiteContext
    ) -> Asking:
        endpoint = context.endpoints.get(self.name, responses.ENDPOINT).rstrip("/")
        # An injected session answers for the network.
        if context.client.transport.is_ours and cache.is_offline(os.environ):
            raise DownloadError(
                f"{repo} is not asked for: HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set",
                hint="Unset it to let modelkeep ask Hugging Face.",
            )
        secret = secret or context.tokens.get(self.name)
        token = Token(secret, origin_of(endpoint)) if secret else None
        return Asking(context, endpoint, repo, revision, token)

    def _model(
        self,
        source: HFModelSource,
        asking: Asking,
        answer: dict[str, Any],
        revision: str,
        selection: Selection,
        *,
        metadata_of_answer: Any,
    ) -> RemoteModel:
        listed = {each["rfilename"]: each for each in responses.siblings(answer)}
        repo = metadata_of_answer.id if "/" in metadata_of_answer.id else source.repo_id
        hub = cache.hub(os.environ) if asking.context.caches else None
        files = [
            _remote(
                responses.file_url(asking.endpoint, repo, revision, path),
                repo,
                listed[path],
                inside,
                hub,
            )
            for path, inside in selection.files.items()
        ]
        commit = answer.get("sha")
        pinned = source.model_copy(
            update={"revision": commit if isinstance(commit, str) else source.revision}
        )
        terms = responses.terms_of(answer)
        pipeline_class = next(
            (tag[10:] for tag in sorted(metadata_of_answer.tags) if tag.startswith("diffusers:")),
            None,
        )
        base = next(
            (tag[11:] for tag in sorted(metadata_of_answer.tags) if tag.startswith("base_model:")),
            None,
        )
        return RemoteModel(
            source=pinned,
            name=selection.name,
            files=tuple(sorted(files, key=lambda file: (-(file.size or 0), file.path))),
            is_folder=selection.is_folder,
            metadata=metadata_of_answer,
            base_hint=base,
            type_hint=pipeline_class,
            terms=terms,
            token=asking.token,
            aliases=asking.aliases,
            needs_token=terms.gated or bool(answer.get("private")),
            remarks=(*asking.remarks, *_gate(terms, asking, repo), *selection.remarks),
        )

    def search(
        self, words: str, filters: Mapping[str, str], context: SiteContext
    ) -> Sequence[SearchResult]:
        """Return repositories whose names and tags fit, most downloaded first."""
        asking = replace(self._asking(words, None, None, context), repo="")
        params: dict[str, Any] = {
            "search": words,
            "sort": filters.get("sort", "downloads"),
            "limit": filters.get("limit", str(_FOUND)),
            "full": "true",
        }
        if author := filters.get("author"):
            params["author"] = author
        if tags := [tag for tag in (_TAGS.get(filters.get("type", "")),) if tag]:
            params["filter"] = tags
        found = asking.get(f"{asking.endpoint}/api/models", params)
        if not isinstance(found, list):
            raise ProtocolError(
                "Hugging Face answered a search with something that is no list",
                hint="Try again later.",
            )
        return [_search_result(each) for each in found if isinstance(each, dict) and each.get("id")]


#: Tags that stand for our types.
_TAGS = {"lora": "lora", "controlnet": "controlnet", "embedding": "textual_inversion",
         "main": "text-to-image"}  # fmt: skip


def _pipeline(
    asking: Asking,
    repo: str,
    revision: str,
    source: HFModelSource,
    listed: Mapping[str, Any],
) -> Mapping[str, Any] | None:
    """Read ``model_index.json``; None where there is none, or it cannot be had."""
    path = f"{source.subfolder}/{MODEL_INDEX}" if source.subfolder else MODEL_INDEX
    if path not in listed or not filter_files(listed, source.variant, source.subfolder):
        return None
    url = responses.file_url(asking.endpoint, repo, revision, path)
    found = asking.get(url, {}, _INDEX_BYTES)
    return found if isinstance(found, dict) else None


def _gate(terms: Terms, asking: Asking, repo: str) -> tuple[str, ...]:
    """Say what is still to be done where terms have to be accepted first."""
    if not terms.gated or asking.token is not None:
        return ()
    page = f"{responses.ENDPOINT}/{repo}"
    return (f"Accept its terms on {page} first, then give a token with --token or HF_TOKEN.",)


def _remote(
    url: str, repo: str, sibling: dict[str, Any], inside: str, hub: Path | None
) -> RemoteFile:
    sha256, size = responses.sha256_of(sibling), responses.size_of(sibling)
    return RemoteFile(
        url=url,
        path=inside,
        size=size,
        hashes={"sha256": sha256} if sha256 else {},
        cached=cache.blob(hub, repo, sha256, size) if hub else None,
    )


def _search_result(each: Mapping[str, Any]) -> SearchResult:
    repo = str(each["id"])
    downloads = each.get("downloads")
    tags = [tag for tag in each.get("tags") or () if isinstance(tag, str)]
    return SearchResult(
        source=repo,
        name=repo.rpartition("/")[2],
        author=str(each.get("author") or repo.rpartition("/")[0]),
        site=HuggingFace.name,
        base_hint=next((tag[11:] for tag in tags if tag.startswith("base_model:")), None),
        type_hint=next((tag[10:] for tag in tags if tag.startswith("diffusers:")), None),
        downloads=downloads if isinstance(downloads, int) else None,
        page=f"{responses.ENDPOINT}/{repo}",
    )


SITE = HuggingFace()
