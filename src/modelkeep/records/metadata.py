"""``ModelMetadataStoreBase``: the metadata of models, beside their records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

from modelkeep.core.metadata import BaseMetadata, CivitaiMetadata, HuggingFaceMetadata

AnyMetadata = BaseMetadata | HuggingFaceMetadata | CivitaiMetadata


@dataclass(frozen=True, slots=True)
class ModelTags:
    """The tags of one model.

    Attributes:
        site: Those that its metadata brought; they change when the metadata does.
        hand: Those that the user gave; nothing but the user changes them.
    """

    site: frozenset[str] = frozenset()
    hand: frozenset[str] = frozenset()

    @property
    def all(self) -> frozenset[str]:
        """Both."""
        return self.site | self.hand


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
    def tags(self, model_key: str) -> ModelTags:
        """Return the tags of a model.

        Raises:
            UnknownModelException: there is no such record.
        """

    @abstractmethod
    def set_tags(self, model_key: str, tags: Iterable[str]) -> ModelTags:
        """Replace the tags that the user gave a model; those of its site stay.

        Tags are stored without blanks at the ends; empty ones are dropped.

        Raises:
            UnknownModelException: there is no such record.
        """

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
