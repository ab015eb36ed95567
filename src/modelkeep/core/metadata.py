"""Descriptive metadata of models: what a site says, never needed to run one.

The classes and their fields are the specification's; the shapes are those of the Hugging Face and
Civitai APIs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, TypeAdapter, field_serializer

from modelkeep.core.choice import MODEL_INDEX, filter_files
from modelkeep.core.taxonomy import CommercialUsage, ModelRepoVariant


class RemoteModelFile(BaseModel):
    """One file that a site offers: where it is, where it belongs, how long it is."""

    url: AnyHttpUrl
    path: Path
    size: int
    sha256: str | None = None


class LicenseRestrictions(BaseModel):
    """What a Civitai licence allows."""

    AllowNoCredit: bool = False
    AllowDerivatives: bool = False
    AllowDifferentLicense: bool = False
    AllowCommercialUse: set[CommercialUsage] | CommercialUsage = CommercialUsage.No


class ModelMetadataBase(BaseModel):
    """What every site tells: name, author and tags."""

    model_config = ConfigDict(validate_assignment=True, defer_build=True)

    name: str
    author: str
    tags: set[str]

    def __repr_args__(self) -> Iterator[tuple[str, object]]:
        for name in ("id", "version_id", "name", "author"):
            if name in type(self).model_fields:
                yield name, getattr(self, name)

    @field_serializer("tags", when_used="json")
    def _sorted_tags(self, tags: set[str]) -> list[str]:
        return sorted(tags)


class BaseMetadata(ModelMetadataBase):
    """Metadata that came from no site."""

    type: Literal["basemetadata"] = "basemetadata"


class ModelMetadataWithFiles(ModelMetadataBase):
    """Metadata of a site that lists its files."""

    files: list[RemoteModelFile] = Field(default_factory=list)

    def download_urls(
        self,
        variant: ModelRepoVariant | str | None = None,
        subfolder: str | Path | None = None,
        session: Any = None,
    ) -> list[RemoteModelFile]:
        """Return the files that are to be fetched.

        Args:
            variant: Which form of the weights; only repositories have several.
            subfolder: Only this folder; only repositories have them.
            session: Used when the choice needs a file's contents; None makes no requests.
        """
        del variant, subfolder, session
        return list(self.files)


class HuggingFaceMetadata(ModelMetadataWithFiles):
    """What Hugging Face tells about a repository."""

    type: Literal["huggingface"] = "huggingface"
    id: str
    tag_dict: dict[str, Any] = Field(default_factory=dict)
    last_modified: datetime

    def download_urls(
        self,
        variant: ModelRepoVariant | str | None = None,
        subfolder: str | Path | None = None,
        session: Any = None,
    ) -> list[RemoteModelFile]:
        """Return the files that make up one form of the model, ``model_index.json`` first.

        Raises:
            requests.HTTPError: ``model_index.json`` is listed and refused.
        """
        by_path = {file.path: file for file in self.files}
        chosen = filter_files(by_path, variant, subfolder)
        index = min(
            (path for path in chosen if path.name == MODEL_INDEX),
            key=lambda path: len(path.parts),
            default=None,
        )
        if index is not None and session is not None:
            reply = session.get(str(by_path[index].url))
            reply.raise_for_status()
            chosen = filter_files(by_path, variant, subfolder, pipeline=reply.json())
        return [by_path[path] for path in sorted(chosen, key=lambda path: (path != index, path))]


class CivitaiMetadata(ModelMetadataWithFiles):
    """What Civitai tells about one version of a model."""

    type: Literal["civitai"] = "civitai"
    id: int
    version_name: str
    version_id: int
    created: datetime
    updated: datetime
    published: datetime
    description: str
    version_description: str
    nsfw: bool = False
    restrictions: LicenseRestrictions = Field(default_factory=LicenseRestrictions)
    trained_words: set[str] = Field(default_factory=set)
    download_url: AnyHttpUrl
    base_model_trained_on: str
    thumbnail_url: AnyHttpUrl | None = None
    weight_minmax: tuple[float, float] = (-1.0, 2.0)

    @property
    def weight_min(self) -> float:
        """Smallest suggested weight of a slider LoRA."""
        return self.weight_minmax[0]

    @property
    def weight_max(self) -> float:
        """Largest suggested weight of a slider LoRA."""
        return self.weight_minmax[1]

    @property
    def credit_required(self) -> bool:
        """The creator has to be named."""
        return not self.restrictions.AllowNoCredit

    @property
    def allow_commercial_use(self) -> bool:
        """Some commercial use is allowed."""
        allowed = self.restrictions.AllowCommercialUse
        uses = {allowed} if isinstance(allowed, CommercialUsage) else allowed
        return bool(uses - {CommercialUsage.No})

    @property
    def allow_derivatives(self) -> bool:
        """Models made from this one may be shared."""
        return self.restrictions.AllowDerivatives

    @property
    def allow_different_license(self) -> bool:
        """Models made from this one may have another licence."""
        return self.restrictions.AllowDifferentLicense


AnyModelRepoMetadata = Annotated[
    BaseMetadata | HuggingFaceMetadata | CivitaiMetadata, Field(discriminator="type")
]


def metadata_from_json(text: str | bytes) -> BaseMetadata | HuggingFaceMetadata | CivitaiMetadata:
    """Return the metadata object that ``text`` (JSON) describes.

    Raises:
        pydantic.ValidationError: the JSON describes none.
    """
    adapter: TypeAdapter[BaseMetadata | HuggingFaceMetadata | CivitaiMetadata] = TypeAdapter(
        AnyModelRepoMetadata
    )
    return adapter.validate_json(text)
