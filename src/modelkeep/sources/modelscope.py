"""ModelScope: repositories of the shape that Hugging Face has, with an API of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import parse_qs, quote, unquote, urlsplit

from pydantic import Field

from modelkeep.core.metadata import BaseMetadata
from modelkeep.core.taxonomy import ModelRepoVariant
from modelkeep.errors import ProtocolError, SourceError, UnsupportedSourceError
from modelkeep.http.urls import redacted
from modelkeep.sources.huggingface.selection import select_files
from modelkeep.sources.listing import usable_names
from modelkeep.sources.site import RemoteFile, RemoteModel, Site, SiteConnection, SiteContext, Terms
from modelkeep.sources.string_like import SiteSource, StringLikeSource

_HOSTS = frozenset({"modelscope.cn", "www.modelscope.cn", "modelscope.ai", "www.modelscope.ai"})
_GOOD, _NOT_FOUND = 200, 404
_NAMED = 12
_REPO = r"[.\w-]+/[.\w-]+"
_TYPED = re.compile(
    rf"(?:ms|modelscope):(?:/{{0,2}})(?P<repo>{_REPO})(?:@(?P<rev>[^:]+))?"
    r"(?::(?P<variant>[^:]*)(?=:))?(?::(?P<sub>[^:]*))?",
    re.ASCII | re.IGNORECASE,
)
_PAGE = re.compile(
    rf"(?:/api/v1)?/models/(?P<repo>{_REPO})"
    r"(?:/(?:file/view|resolve|tree)/(?P<rev>[^/]+)(?:/(?P<sub>.+))?|/(?P<view>.+))?",
    re.ASCII,
)
#: Pages of a repository that show the whole of it; ``repo`` is the link of a download.
_WHOLE = frozenset({"summary", "files", "quickstart", "repo"})
_COMMIT = re.compile(r"[0-9a-f]{7,40}")


class ModelScopeSource(SiteSource):
    """A repository of ModelScope, one folder or one file of it.

    Attributes:
        repo_id: ``owner/name``.
        variant: Which form of the weights is wanted.
        subfolder: Only this folder, or this one file.
        revision: A branch or a tag; ``master`` when None.
    """

    repo_id: str = Field(pattern=rf"^({_REPO})$")
    variant: ModelRepoVariant | None = ModelRepoVariant.FP16
    subfolder: str | None = None
    revision: str | None = None
    type: Literal["modelscope"] = Field(default="modelscope")

    def __str__(self) -> str:
        at = f"@{self.revision}" if self.revision else ""
        wish = None if self.variant is ModelRepoVariant.FP16 else self.variant
        variant = f":{wish.value}" if wish else ""
        is_word = self.subfolder in set(ModelRepoVariant)
        below = f":{self.subfolder}" if self.subfolder else ""
        return f"ms:{self.repo_id}{at}{variant or ':' * is_word}{below}"


class ModelScope(Site):
    """modelscope.cn, and its international address."""

    name = "modelscope"
    label = "ModelScope"
    also = ("ms",)
    order = 40
    source_class = ModelScopeSource
    endpoint = "https://modelscope.cn"
    hosts = _HOSTS
    key_page = "https://modelscope.cn/my/myaccesstoken"

    def parse(self, text: str, endpoints: Mapping[str, str]) -> ModelScopeSource | None:
        """Return the repository, folder or file that a text means."""
        text = text.strip()
        if found := _TYPED.fullmatch(text):
            variant, below = found["variant"], found["sub"]
            if variant is None and (below or "").lower() in set(ModelRepoVariant):
                variant, below = below, None
            if variant and variant.lower() not in set(ModelRepoVariant):
                known = ", ".join(ModelRepoVariant)
                raise UnsupportedSourceError(
                    f"{text}: {variant!r} is not a variant", hint=f"Use one of {known}."
                )
            return _source(found["repo"], found["rev"], below, variant)
        return self._page(text, endpoints)

    def _page(self, text: str, endpoints: Mapping[str, str]) -> ModelScopeSource | None:
        try:
            parts = urlsplit(text)
        except ValueError:
            return None
        host = parts.netloc.rpartition("@")[2].lower()
        if parts.scheme not in {"http", "https"} or host not in self.hosts_with(endpoints):
            return None
        found, query = _PAGE.fullmatch(parts.path.rstrip("/")), parse_qs(parts.query)
        if found is None or (found["view"] and found["view"] not in _WHOLE):
            hint = f"Pass ms:{found['repo']}." if found else "Copy the address of a model's page."
            raise UnsupportedSourceError(
                f"{redacted(text)} is not the page of a model on {self.label}, nor of its files",
                hint=hint,
            )
        named = [next(iter(query.get(name, [])), None) for name in ("Revision", "FilePath")]
        return _source(found["repo"], found["rev"] or named[0], found["sub"] or named[1], None)

    def look_up(self, source: StringLikeSource, context: SiteContext) -> RemoteModel:
        """Ask for a repository and for its files, and choose among them.

        Raises:
            UnsupportedSourceError: it has no weights of this form, or holds several models.
            SourceError: it has no such branch or tag.
            UnsafePathError: it lists a file that would lie outside of the model.
        """
        if not isinstance(source, ModelScopeSource):
            raise UnsupportedSourceError(f"{source} is not a source of {self.label}")
        site = self.connect(context, source.access_token)
        api = f"{site.endpoint}/api/v1/models/{source.repo_id}"
        about = _data(site, api, source)
        _require_revision(site, api, source)
        revision = source.revision or "master"
        params = {"Revision": revision, "Recursive": "True"}
        listed = _files(_data(site, f"{api}/repo/files", source, params), source.repo_id)
        if not listed:
            raise SourceError(
                f"ModelScope lists no files of {source.repo_id} at {revision}",
                hint="Check the branch or tag on the page of the model.",
            )
        selection = select_files(
            list(listed),
            source,
            before=f"ms:{source.repo_id}:",
            page=f"{self.endpoint}/models/{source.repo_id}/files",
        )
        base = f"{site.endpoint}/models/{source.repo_id}/resolve/{quote(revision, safe='')}"
        files = [_remote(base, path, listed[path], i) for path, i in selection.files.items()]
        name = source.repo_id.rpartition("/")[2]
        licence = about.get("License")
        return RemoteModel(
            source=source,
            name=selection.name,
            files=tuple(sorted(files, key=lambda file: (-(file.size or 0), file.path))),
            is_folder=selection.is_folder,
            metadata=BaseMetadata(name=name, author=source.repo_id.partition("/")[0], tags=set()),
            terms=Terms(licence=licence if isinstance(licence, str) and licence else None),
            token=site.token,
            aliases=site.aliases,
            notes=selection.notes,
        )


def _data(
    site: SiteConnection,
    url: str,
    source: ModelScopeSource,
    params: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return what an answer carries; the site tells faults with status 200, too."""
    reply = site.context.client.get(site.request(url), params or {})
    answer = reply.raise_for_status().json()
    if not isinstance(answer, dict):
        raise ProtocolError(f"{redacted(url)} did not answer with a JSON object")
    if answer.get("Code") != _GOOD or answer.get("Success") is False:
        message = str(answer.get("Message") or answer.get("Code"))[:200]
        raise SourceError(
            f"ModelScope refuses {source.repo_id}: {message}",
            hint="Check the spelling and open it in a browser.",
        )
    data = answer.get("Data")
    return data if isinstance(data, dict) else {}


def _files(data: Mapping[str, Any], repo: str) -> dict[str, dict[str, Any]]:
    listed = {
        each["Path"]: each
        for each in data.get("Files") or ()
        if isinstance(each, dict)
        and each.get("Type") != "tree"
        and isinstance(each.get("Path"), str)
    }
    return {name: listed[name] for name in usable_names(listed, repo, "ModelScope")}


def _require_revision(site: SiteConnection, api: str, source: ModelScopeSource) -> None:
    """Refuse a branch or tag that is not there: the site answers for it all the same.

    Raises:
        SourceError: it is none of those that are listed; names them.
    """
    if source.revision is None or _COMMIT.fullmatch(source.revision):
        return
    reply = site.context.client.get(site.request(f"{api}/revisions"), {})
    if reply.status == _NOT_FOUND:  # without a list nothing can be told
        return
    answer = reply.raise_for_status().json()
    data = answer.get("Data") if isinstance(answer, dict) else None
    known = data.get("RevisionMap") if isinstance(data, dict) else None
    lists = known.values() if isinstance(known, dict) else ()
    names = [
        each["Revision"]
        for found in lists
        for each in (found if isinstance(found, list) else ())
        if isinstance(each, dict) and isinstance(each.get("Revision"), str)
    ]
    if names and source.revision not in names:
        raise SourceError(
            f"{source.repo_id} has no branch or tag {source.revision}",
            hint=f"It has: {', '.join(names[:_NAMED])}",
        )


def _source(
    repo: str, revision: str | None, below: str | None, variant: str | None
) -> ModelScopeSource:
    revision = None if revision in {None, "master"} else unquote(revision or "")
    wish = {"variant": ModelRepoVariant(variant.lower())} if variant else {}
    below = unquote(below or "").strip("/") or None
    return ModelScopeSource(repo_id=repo, revision=revision, subfolder=below, **wish)


def _remote(base: str, path: str, listed: Mapping[str, Any], inside: str) -> RemoteFile:
    size, sha256 = listed.get("Size"), str(listed.get("Sha256") or "").lower()
    return RemoteFile(
        url=f"{base}/{quote(path)}",
        path=inside,
        size=size if isinstance(size, int) else None,
        hashes={"sha256": sha256} if re.fullmatch(r"[0-9a-f]{64}", sha256) else {},
    )


SITE = ModelScope()
