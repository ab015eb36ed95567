"""``ModelMetadataFetchBase``: from an address or an id to what its site says of a model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar

import requests

from modelkeep.core.base_names import BaseNames
from modelkeep.core.metadata import (
    BaseMetadata,
    CivitaiMetadata,
    HuggingFaceMetadata,
    metadata_from_json,
)
from modelkeep.http.client import Client
from modelkeep.http.options import TransferOptions
from modelkeep.http.session import Transport, make_session
from modelkeep.settings import Settings
from modelkeep.sources.site import Site, SiteContext
from modelkeep.sources.sites import make_context


class ModelMetadataFetchBase(ABC):
    """Asks one site what it says of models.

    Args:
        session: Used for every request as it is; one of ours when None.
        client: Asks in its place.
        endpoint: Address of the site, or of a mirror; that of the settings when None.
        settings: Address, proxy, tokens and the like. Without a session and a client, those of the
            file and the environment when None.
    """

    SITE: ClassVar[Site]

    def __init__(
        self,
        session: requests.Session | Transport | None = None,
        *,
        client: Client | None = None,
        endpoint: str | None = None,
        settings: Settings | None = None,
    ) -> None:
        if settings is None and session is None and client is None:
            settings = Settings.load()
        if settings is None:
            context = SiteContext(client or Client(session), content_level="pg")
        else:
            context = make_context(
                settings, client or _client(settings, session), names=BaseNames()
            )
        if endpoint is not None:
            context = replace(context, endpoints={**context.endpoints, self.SITE.name: endpoint})
        self._context = context

    @abstractmethod
    def from_url(self, url: str) -> BaseMetadata | HuggingFaceMetadata | CivitaiMetadata:
        """Return what the site says of the model that an address of it shows.

        Raises:
            UnsupportedSourceError: the address is of another site, or shows no model.
            DownloadError: the site does not give it.
        """

    @abstractmethod
    def from_id(self, id: str) -> BaseMetadata | HuggingFaceMetadata | CivitaiMetadata:  # noqa: A002 - the specification's name
        """Return what the site says of the model with this id.

        Raises:
            UnsupportedSourceError: the site has no such ids.
            DownloadError: the site does not give it.
        """

    @classmethod
    def from_json(cls, json: str) -> BaseMetadata | HuggingFaceMetadata | CivitaiMetadata:
        """Return the metadata that was stored as JSON.

        Raises:
            pydantic.ValidationError: the JSON describes none.
        """
        return metadata_from_json(json)


def _client(settings: Settings, session: requests.Session | Transport | None) -> Client:
    options = TransferOptions.of_settings(settings)
    asks = session if session is not None else make_session(options, proxy=settings.proxy)
    return Client(asks, options, is_offline=settings.offline)
