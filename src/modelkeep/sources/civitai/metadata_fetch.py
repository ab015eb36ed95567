"""``CivitaiMetadataFetch``: the metadata of a version of a model."""

from __future__ import annotations

from dataclasses import replace

import requests

from modelkeep.core.metadata import CivitaiMetadata
from modelkeep.errors import UnsupportedSourceError
from modelkeep.http.client import Client
from modelkeep.http.session import Transport
from modelkeep.http.urls import redacted
from modelkeep.settings import Settings
from modelkeep.sources.civitai import responses
from modelkeep.sources.civitai.site import SITE
from modelkeep.sources.civitai.source import HOSTS, CivitaiModelSource, parse
from modelkeep.sources.metadata_fetch import ModelMetadataFetchBase


class CivitaiMetadataFetch(ModelMetadataFetchBase):
    """Fetches the metadata of models from Civitai.

    Args:
        session, client, endpoint, settings: As of ``ModelMetadataFetchBase``.
        content_level: Of the picture at most: ``pg``, ``pg13``, ``r``, ``x`` or ``xxx``; that of
            the settings when None, or ``pg`` without settings.
    """

    SITE = SITE

    def __init__(
        self,
        session: requests.Session | Transport | None = None,
        *,
        client: Client | None = None,
        endpoint: str | None = None,
        content_level: str | None = None,
        settings: Settings | None = None,
    ) -> None:
        super().__init__(session, client=client, endpoint=endpoint, settings=settings)
        if content_level is not None:
            self._context = replace(self._context, content_level=content_level)

    def from_url(self, url: str) -> CivitaiMetadata:
        """Return the metadata of the model or version that an address shows.

        Raises:
            HttpStatusError: the site refuses; says why and what to do.
        """
        text = str(url)
        mirror = SITE.connect(self._context).endpoint.partition("//")[2]
        source = parse(text, HOSTS | {mirror})
        if source is None:
            raise UnsupportedSourceError(
                f"{redacted(text)} is not the address of a model on Civitai",
                hint="It looks like https://civitai.com/models/12345?modelVersionId=67890",
            )
        return self._fetch(source)

    def from_id(self, id: str) -> CivitaiMetadata:  # noqa: A002 - the specification's name
        """Return the metadata of a version of a model, as ``from_civitai_versionid`` does.

        Raises:
            HttpStatusError: the site refuses; says why and what to do.
        """
        text = str(id).strip()
        if not (text.isascii() and text.isdecimal() and int(text)):
            raise UnsupportedSourceError(
                f"{id!r} is not the number of a version",
                hint="It follows modelVersionId= in the address of its page.",
            )
        return self.from_civitai_versionid(int(text))

    def from_civitai_modelid(self, model_id: int) -> CivitaiMetadata:
        """Return the metadata of the newest version of a model that can be downloaded.

        Raises:
            HttpStatusError: the site refuses; says why and what to do.
        """
        return self._fetch(CivitaiModelSource(model_id=model_id))

    def from_civitai_versionid(
        self, version_id: int, model_id: int | None = None
    ) -> CivitaiMetadata:
        """Return the metadata of a version.

        Args:
            version_id: Its number.
            model_id: The number of its model; looked up when None.

        Raises:
            HttpStatusError: the site refuses; says why and what to do.
        """
        return self._fetch(CivitaiModelSource(version_id=version_id, model_id=model_id))

    def _fetch(self, source: CivitaiModelSource) -> CivitaiMetadata:
        api = SITE.api(self._context, source.access_token)
        version = api.fetch_version(source).version
        return responses.metadata_of(version, api.site.endpoint, self._context.content_level)
