"""ModelScope: repositories of the shape that Hugging Face has, with an API of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Literal
from urllib.parse import quote, unquote, urlsplit

from pydantic import Field

from modelkeep.core.choice import filter_files
from modelkeep.core.metadata import BaseMetadata
from modelkeep.core.taxonomy import ModelRepoVariant
from modelkeep.errors import ProtocolError, SourceError, UnsupportedSourceError
from modelkeep.http.urls import redacted
from modelkeep.sources.huggingface.selection import file_title, refuse_many
from modelkeep.sources.listing import usable_names
from modelkeep.sources.site import RemoteFile, RemoteModel, Site, SiteConnection, SiteContext, Terms
from modelkeep.sources.string_like import SiteSource, StringLikeSource

_HOSTS = frozenset({"modelscope.cn", "www.modelscope.cn", "modelscope.ai", "www.modelscope.ai"})
_GOOD = 200
_REPO = r"[.\w-]+/[.\w-]+"
_TYPED = re.compile(
    rf"(?:ms|modelscope):(?:/{{0,2}})(?P<repo>{_REPO})(?:@(?P<rev>[^:]+))?(?::(?P<sub>[^:]*))?",
    re.ASCII | re.IGNORECASE,
)
_PAGE = re.compile(
    rf"/models/(?P<repo>{_REPO})(?:/(?:file/view|resolve|tree)/(?P<rev>[^/]+)(?:/(?P<sub>.+))?|/.*)?",
    re.ASCII,
)


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
        below = f":{self.subfolder}" if self.subfolder else ""
        return f"ms:{self.repo_id}{at}{below}"


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
        found = _TYPED.fullmatch(text)
        if found is None:
            found = self._page(text, endpoints)
        if found is None:
            return None
        revision = None if found["rev"] in {None, "master"} else unquote(found["rev"])
        below = unquote(found["sub"] or "").strip("/") or None
        return ModelScopeSource(repo_id=found["repo"], revision=revision, subfolder=below)

    def _page(self, text: str, endpoints: Mapping[str, str]) -> re.Match[str] | None:
        try:
            parts = urlsplit(text)
        except ValueError:
            return None
        host = parts.netloc.rpartition("@")[2].lower()
        if parts.scheme not in {"http", "https"} or host not in self.hosts_with(endpoints):
            return None
        found = _PAGE.fullmatch(parts.path.rstrip("/"))
        if found is None:
            raise UnsupportedSourceError(
                f"{redacted(text)} is not the page of a model on {self.label}",
                hint="Open the page of a model and use its address.",
            )
        return found

    def look_up(self, source: StringLikeSource, context: SiteContext) -> RemoteModel:
        """Ask for a repository and for its files, and choose among them.

        Raises:
            UnsupportedSourceError: it has no weights of this form.
            UnsafePathError: it lists a file that would lie outside of the model.
        """
        if not isinstance(source, ModelScopeSource):
            raise UnsupportedSourceError(f"{source} is not a source of {self.label}")
        site = self.connect(context, source.access_token)
        api = f"{site.endpoint}/api/v1/models/{source.repo_id}"
        about = _data(site, api, source)
        revision = source.revision or "master"
        params = {"Revision": revision, "Recursive": "True"}
        listed = _files(_data(site, f"{api}/repo/files", source, params), source.repo_id)
        if not listed:
            raise SourceError(
                f"ModelScope lists no files of {source.repo_id} at {revision}",
                hint="Check the branch or tag on the page of the model.",
            )
        chosen = filter_files(listed, source.variant, source.subfolder)
        if not chosen:
            raise UnsupportedSourceError(
                f"{source} has no weights of this variant",
                hint="Check the files on the page of the model and choose a folder or file.",
            )
        refuse_many(
            [PurePosixPath(path) for path in chosen], source.repo_id, f"ms:{source.repo_id}:"
        )
        base = f"{site.endpoint}/models/{source.repo_id}/resolve/{quote(revision, safe='')}"
        paths = [path.as_posix() for path in chosen]
        is_folder = len(paths) > 1
        below = source.subfolder if is_folder and source.subfolder not in paths else None
        files = [_remote(base, path, listed[path], below, is_folder=is_folder) for path in paths]
        name = source.repo_id.rpartition("/")[2]
        licence = about.get("License")
        return RemoteModel(
            source=source,
            name=name if is_folder else file_title(name, PurePosixPath(chosen[0])),
            files=tuple(sorted(files, key=lambda file: (-(file.size or 0), file.path))),
            is_folder=is_folder,
            metadata=BaseMetadata(name=name, author=source.repo_id.partition("/")[0], tags=set()),
            terms=Terms(licence=licence if isinstance(licence, str) and licence else None),
            token=site.token,
            aliases=site.aliases,
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


def _remote(
    base: str, path: str, listed: Mapping[str, Any], below: str | None, *, is_folder: bool
) -> RemoteFile:
    inside = path.removeprefix(f"{below}/") if below else path
    size, sha256 = listed.get("Size"), str(listed.get("Sha256") or "").lower()
    return RemoteFile(
        url=f"{base}/{quote(path)}",
        path=inside if is_folder else path.rpartition("/")[2],
        size=size if isinstance(size, int) else None,
        hashes={"sha256": sha256} if re.fullmatch(r"[0-9a-f]{64}", sha256) else {},
    )


SITE = ModelScope()
