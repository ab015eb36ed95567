"""``ModelMetadataFetchBase``: from an address or an id to what its site says of a model."""

from __future__ import annotations

from abc import ABC, abstractmethod

import requests

from modelkeep.core.metadata import (
    BaseMetadata,
    CivitaiMetadata,
    HuggingFaceMetadata,
    metadata_from_json,
)
from modelkeep.http.client import Client
from modelkeep.http.session import Transport


class ModelMetadataFetchBase(ABC):
    """Asks one site what it says of models.

    Args:
        session: Used for every request as it is; one of ours when None.
    """

    def __init__(
        self, session: requests.Session | Transport | None = None, *, client: Client | None = None
    ) -> None:
        self._client = client if client is not None else Client(session)

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
