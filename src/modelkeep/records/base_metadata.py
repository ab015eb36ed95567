"""``ModelMetadataStoreBase``: what is known of models beyond their records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from modelkeep.core.metadata import BaseMetadata, CivitaiMetadata, HuggingFaceMetadata

AnyMetadata = BaseMetadata | HuggingFaceMetadata | CivitaiMetadata


class ModelMetadataStoreBase(ABC):
    """Stores and finds the metadata of models. It goes when its record goes."""

    @abstractmethod
    def add_metadata(self, model_key: str, metadata: AnyMetadata) -> None:
        """Store the metadata of a model that has none yet.

        Raises:
            UnknownMetadataException: there is no record under this key.
            DuplicateModelException: the model has metadata; ``update_metadata`` replaces it.
        """

    @abstractmethod
    def get_metadata(self, model_key: str) -> AnyMetadata:
        """Return the metadata of a model.

        Raises:
            UnknownMetadataException: it has none, or there is no such record.
        """

    @abstractmethod
    def update_metadata(self, model_key: str, metadata: AnyMetadata) -> AnyMetadata:
        """Replace the metadata of a model and return it.

        Raises:
            UnknownMetadataException: it has none, or there is no such record.
        """

    @abstractmethod
    def list_all_metadata(self) -> list[tuple[str, AnyMetadata]]:
        """Return (key, metadata) of all models that have any, sorted by key."""

    @abstractmethod
    def list_tags(self) -> set[str]:
        """Return all tags that are in use."""

    @abstractmethod
    def search_by_tag(self, tags: Iterable[str]) -> set[str]:
        """Return the keys of the models that have all of these tags; none for no tags."""

    @abstractmethod
    def search_by_author(self, author: str) -> set[str]:
        """Return the keys of the models by this author."""

    @abstractmethod
    def search_by_name(self, name: str) -> set[str]:
        """Return the keys of the models that their site calls by this name."""
