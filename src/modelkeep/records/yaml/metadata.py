"""``ModelMetadataStoreFile``: the metadata of models in a YAML catalogue."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from modelkeep.core.roots import Roots
from modelkeep.errors import DuplicateModelException, UnknownMetadataException
from modelkeep.records.metadata import AnyMetadata, ModelMetadataStoreBase, ModelTags
from modelkeep.records.yaml.file import CatalogueFile
from modelkeep.records.yaml.record import StoredRecord, stamp


class ModelMetadataStoreFile(ModelMetadataStoreBase):
    """Metadata in the document that holds the records.

    Args:
        file: The document.
        roots: Gives the registered roots.
    """

    def __init__(self, file: CatalogueFile, roots: Callable[[], Roots]) -> None:
        self._file = file
        self._roots = roots

    def add_metadata(self, model_key: str, metadata: AnyMetadata) -> None:
        """Store the metadata of a model that has none yet."""
        with self._file.changing() as draft:
            if model_key not in draft:
                raise UnknownMetadataException(
                    f"There is no model {model_key!r} that metadata could belong to",
                    hint="Add the record first; modelkeep list shows what is there.",
                )
            record = draft.get(model_key)
            if record.metadata is not None:
                raise DuplicateModelException(
                    f"The model {model_key!r} has metadata already",
                    hint="Replace it with update_metadata.",
                )
            draft.put(_with_metadata(record, metadata), self._roots())

    def get_metadata(self, model_key: str) -> AnyMetadata:
        """Return the metadata of a model."""
        catalogue = self._file.read()
        metadata = catalogue.get(model_key).metadata if model_key in catalogue else None
        if metadata is None:
            raise _unknown(model_key)
        return metadata.model_copy(deep=True)

    def update_metadata(self, model_key: str, metadata: AnyMetadata) -> AnyMetadata:
        """Replace the metadata of a model and return it."""
        with self._file.changing() as draft:
            if model_key not in draft or draft.get(model_key).metadata is None:
                raise _unknown(model_key)
            draft.put(_with_metadata(draft.get(model_key), metadata), self._roots())
        return metadata

    def list_all_metadata(self) -> list[tuple[str, AnyMetadata]]:
        """Return (key, metadata) of all models that have any, sorted by key."""
        return [
            (key, record.metadata.model_copy(deep=True))
            for key, record in sorted(self._file.read().records.items())
            if record.metadata is not None
        ]

    def tags(self, model_key: str) -> ModelTags:
        """Return the tags of a model."""
        return self._file.read().get(model_key).all_tags

    def set_tags(self, model_key: str, tags: Iterable[str]) -> ModelTags:
        """Replace the tags that the user gave a model; those of its site stay."""
        wanted = frozenset(stripped for tag in tags if (stripped := tag.strip()))
        with self._file.changing() as draft:
            record = draft.get(model_key)
            if wanted != record.tags:
                record = replace(record, tags=wanted, updated_at=stamp(time.time()))
                draft.put(record, self._roots())
        return record.all_tags

    def list_tags(self) -> set[str]:
        """Return all tags that are in use."""
        return {tag for record in self._file.read().records.values() for tag in record.all_tags.all}

    def search_by_tag(self, tags: Iterable[str]) -> set[str]:
        """Return the keys of the models that have all of these tags; none for no tags."""
        wanted = frozenset(tags)
        return self._keys(lambda record: bool(wanted) and wanted <= record.all_tags.all)

    def search_by_author(self, author: str) -> set[str]:
        """Return the keys of the models by this author."""
        return self._keys(lambda r: r.metadata is not None and r.metadata.author == author)

    def search_by_name(self, name: str) -> set[str]:
        """Return the keys of the models that their site calls by this name."""
        return self._keys(lambda r: r.metadata is not None and r.metadata.name == name)

    def _keys(self, fits: Callable[[StoredRecord], bool]) -> set[str]:
        return {key for key, record in self._file.read().records.items() if fits(record)}


def _with_metadata(record: StoredRecord, metadata: AnyMetadata) -> StoredRecord:
    own = metadata.model_copy(deep=True)
    return replace(record, metadata=own, updated_at=stamp(time.time()))


def _unknown(model_key: str) -> UnknownMetadataException:
    return UnknownMetadataException(
        f"Nothing is known of the model {model_key!r} beyond its record",
        hint="Metadata comes from the site that a model was installed from.",
    )
