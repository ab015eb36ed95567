"""``HuggingFaceMetadataFetch``: the metadata of a repository."""

from __future__ import annotations

import requests

from modelkeep.core.metadata import HuggingFaceMetadata
from modelkeep.errors import UnsupportedSourceError
from modelkeep.http.client import Client
from modelkeep.http.session import Transport
from modelkeep.http.urls import redacted
from modelkeep.sources.huggingface import responses
from modelkeep.sources.huggingface.api import HubApi
from modelkeep.sources.huggingface.source import HOSTS, HFModelSource, parse
from modelkeep.sources.metadata_fetch import ModelMetadataFetchBase
from modelkeep.sources.site import SiteConnection, SiteContext


class HuggingFaceMetadataFetch(ModelMetadataFetchBase):
    """Fetches the metadata of repositories from Hugging Face.

    Args:
        session: Used for every request as it is; one of ours when None.
        endpoint: Address of the site, or of a mirror.
    """

    def __init__(
        self,
        session: requests.Session | Transport | None = None,
        *,
        client: Client | None = None,
        endpoint: str = responses.ENDPOINT,
    ) -> None:
        super().__init__(session, client=client)
        self._endpoint = endpoint.rstrip("/")

    def from_url(self, url: str) -> HuggingFaceMetadata:
        """Return the metadata of the repository that an address shows.

        Raises:
            HttpStatusError: the site refuses; says why and what to do.
        """
        text = str(url)
        mirror = self._endpoint.partition("//")[2]
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
        site = SiteConnection(SiteContext(self._client), self._endpoint)
        api = HubApi(site, source.repo_id, source.revision)
        url = responses.api_url(self._endpoint, source.repo_id, source.revision)
        answer = api.get(url, {"blobs": "true"})
        return responses.metadata_of(
            answer, source.repo_id, self._endpoint, source.revision or "main"
        )
