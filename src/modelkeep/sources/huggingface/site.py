"""``SITE``: Hugging Face and its mirrors."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from modelkeep.core.choice import MODEL_INDEX, filter_files
from modelkeep.errors import (
    DownloadError,
    HttpStatusError,
    ProtocolError,
    UnsupportedSourceError,
)
from modelkeep.http.client import ApiResponse
from modelkeep.sources.huggingface import cache, responses
from modelkeep.sources.huggingface.api import HubApi
from modelkeep.sources.huggingface.selection import select_files
from modelkeep.sources.huggingface.source import HOSTS, HFModelSource, parse
from modelkeep.sources.site import (
    RemoteFile,
    RemoteModel,
    SearchResult,
    Site,
    SiteConnection,
    SiteContext,
    Terms,
)
from modelkeep.sources.string_like import StringLikeSource

_INDEX_BYTES = 1 << 20
_FOUND = 20
_KEPT_BACK = frozenset({401, 403})


class HuggingFace(Site):
    """The hub at huggingface.co, or the mirror that the settings name."""

    name = "huggingface"
    label = "Hugging Face"
    also = ("hf",)
    order = 30
    endpoint = responses.ENDPOINT
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
        return parse(text, self.hosts_with(endpoints))

    def look_up(self, source: StringLikeSource, context: SiteContext) -> RemoteModel:
        """Ask for the listing of a repository, pin its commit and choose the files.

        Raises:
            UnsupportedSourceError: it has no such form, or holds several models.
            UnsafePathError: it lists a file that would lie outside of the model.
            HttpStatusError: the site refuses; says why and what to do.
        """
        if not isinstance(source, HFModelSource):
            raise UnsupportedSourceError(f"{source} is not a source of {self.label}")
        api = self._api(context, source.repo_id, source.revision, source.access_token)
        url = responses.api_url(api.site.endpoint, source.repo_id, source.revision)
        answer = api.get(url, {"blobs": "true"})
        endpoint, revision = api.site.endpoint, source.revision or "main"
        metadata = responses.metadata_of(answer, source.repo_id, endpoint, revision)
        commit = answer.get("sha") if isinstance(answer.get("sha"), str) else None
        repo = metadata.id if "/" in metadata.id else source.repo_id
        api.repo, api.revision = repo, commit if commit and api.site.is_ours else source.revision
        listed = {each["rfilename"]: each for each in responses.siblings(answer)}
        selection = select_files(
            list(listed),
            source,
            _pipeline(api, source, listed),
            before=f"{source.repo_id}/",
            page=f"{responses.ENDPOINT}/{source.repo_id}/tree/main",
        )
        files = [_remote(api, listed[path], inside) for path, inside in selection.files.items()]
        terms = responses.terms_of(answer)
        return RemoteModel(
            source=source.model_copy(update={"revision": commit or source.revision}),
            name=selection.name,
            files=tuple(sorted(files, key=lambda file: (-(file.size or 0), file.path))),
            is_folder=selection.is_folder,
            metadata=metadata,
            base_hint=responses.base_hint_in(metadata.tags),
            type_hint=responses.type_hint_in(metadata.tags),
            terms=terms,
            token=api.site.token,
            aliases=api.site.aliases,
            needs_token=terms.gated or bool(answer.get("private")),
            notes=(*api.notes, *_gate(terms, api), *selection.notes),
        )

    def refusal_of(
        self, reply: ApiResponse, remote: RemoteModel, file: str, site: SiteConnection
    ) -> HttpStatusError:
        """Return the error for a file that the site refuses."""
        source = remote.source
        repo = source.repo_id if isinstance(source, HFModelSource) else remote.name
        return HubApi(site, repo).refusal_of(reply, file)

    def _api(
        self,
        context: SiteContext,
        repo: str = "",
        revision: str | None = None,
        secret: str | None = None,
    ) -> HubApi:
        api = HubApi(self.connect(context, secret), repo, revision)
        # An injected session answers for the network.
        if api.site.is_ours and cache.is_offline(os.environ):
            raise DownloadError(
                f"{repo or self.label} was not requested: HF_HUB_OFFLINE or"
                " TRANSFORMERS_OFFLINE is set",
                hint="Unset it to allow requests to Hugging Face.",
            )
        return api

    def search(
        self, words: str, filters: Mapping[str, str], context: SiteContext
    ) -> Sequence[SearchResult]:
        """Return repositories whose names and tags fit, most downloaded first."""
        api = self._api(context)
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
        found = api.get(f"{api.site.endpoint}/api/models", params)
        if not isinstance(found, list):
            raise ProtocolError(
                "Hugging Face did not answer a search with a list",
                hint="Try again later.",
            )
        return [_search_result(each) for each in found if isinstance(each, dict) and each.get("id")]


#: Tags that stand for our types.
_TAGS = {"lora": "lora", "controlnet": "controlnet", "embedding": "textual_inversion",
         "main": "text-to-image"}  # fmt: skip


def _pipeline(
    api: HubApi, source: HFModelSource, listed: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """Read ``model_index.json``; None where there is none, or it cannot be had."""
    path = f"{source.subfolder}/{MODEL_INDEX}" if source.subfolder else MODEL_INDEX
    if path not in listed or not filter_files(listed, source.variant, source.subfolder):
        return None
    try:
        found = api.get(_file_url(api, path), {}, _INDEX_BYTES)
    except HttpStatusError as error:
        if error.status not in _KEPT_BACK:
            raise
        return None  # the list of files is open to all: the model may be here already
    return found if isinstance(found, dict) else None


def _gate(terms: Terms, api: HubApi) -> tuple[str, ...]:
    """Say what is still to be done where terms have to be accepted first."""
    if not terms.gated or api.site.token is not None:
        return ()
    page = f"{responses.ENDPOINT}/{api.repo}"
    return (f"Accept its terms on {page} first, then pass a token with --token or HF_TOKEN.",)


def _remote(api: HubApi, sibling: Mapping[str, Any], inside: str) -> RemoteFile:
    sha256, size = responses.sha256_of(sibling), responses.size_of(sibling)
    hub = cache.hub(os.environ) if api.site.context.caches else None
    return RemoteFile(
        url=_file_url(api, sibling["rfilename"]),
        path=inside,
        size=size,
        hashes={"sha256": sha256} if sha256 else {},
        cached=cache.blob(hub, api.repo, sha256, size) if hub else None,
    )


def _file_url(api: HubApi, path: str) -> str:
    return responses.file_url(api.site.endpoint, api.repo, api.revision or "main", path)


def _search_result(each: Mapping[str, Any]) -> SearchResult:
    repo = str(each["id"])
    downloads = each.get("downloads")
    tags = [tag for tag in each.get("tags") or () if isinstance(tag, str)]
    return SearchResult(
        source=repo,
        name=repo.rpartition("/")[2],
        author=str(each.get("author") or repo.rpartition("/")[0]),
        site=HuggingFace.name,
        base_hint=responses.base_hint_in(tags),
        type_hint=responses.type_hint_in(tags),
        downloads=downloads if isinstance(downloads, int) else None,
        page=f"{responses.ENDPOINT}/{repo}",
    )


SITE = HuggingFace()
