"""``HuggingFaceMetadataFetch``: the metadata of a repository."""

from __future__ import annotations

from modelkeep.core.metadata import HuggingFaceMetadata
from modelkeep.errors import UnsupportedSourceError
from modelkeep.http.urls import redacted
from modelkeep.sources.huggingface import responses
from modelkeep.sources.huggingface.api import HubApi
from modelkeep.sources.huggingface.site import SITE
from modelkeep.sources.huggingface.source import HOSTS, HFModelSource, parse
from modelkeep.sources.metadata_fetch import ModelMetadataFetchBase


class HuggingFaceMetadataFetch(ModelMetadataFetchBase):
    """Fetches the metadata of repositories from Hugging Face."""

    SITE = SITE

    def from_url(self, url: str) -> HuggingFaceMetadata:
        """Return the metadata of the repository that an address shows.

        Raises:
            HttpStatusError: the site refuses; says why and what to do.
        """
        text = str(url)
        mirror = SITE.connect(self._context).endpoint.partition("//")[2]
        source = parse(text, HOSTS | {mirror})
        if source is None:
            raise UnsupportedSourceError(
                f"{redacted(text)} is not the address of a repository on Hugging Face",
                hint="It looks like https://huggingface.co/organisation/name",
            )
        return self._fetch(source)

    def from_id(self, id: str) -> HuggingFaceMetadata:  # noqa: A002 - the specification's name
        """Return the metadata of a repository.

        Args:
            id: ``organisation/name``, with ``@revision`` behind it for another than the main
                branch.

        Raises:
            HttpStatusError: the site refuses; says why and what to do.
        """
        source = parse(id)
        if source is None:
            raise UnsupportedSourceError(
                f"{id!r} is not the name of a repository",
                hint="A name has the form organisation/name.",
            )
        return self._fetch(source)

    def _fetch(self, source: HFModelSource) -> HuggingFaceMetadata:
        site = SITE.connect(self._context)
        api = HubApi(site, source.repo_id, source.revision)
        url = responses.api_url(site.endpoint, source.repo_id, source.revision)
        answer = api.get(url, {"blobs": "true"})
        return responses.metadata_of(
            answer, source.repo_id, site.endpoint, source.revision or "main"
        )
