"""``origin_of``: where a model came from, and what one may do with it, as far as a site tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from modelkeep.app.text import source_text
from modelkeep.core.metadata import BaseMetadata, CivitaiMetadata, HuggingFaceMetadata
from modelkeep.core.taxonomy import CommercialUsage
from modelkeep.records.facts import site_of
from modelkeep.sources.registry import sites
from modelkeep.sources.site import Terms
from modelkeep.sources.terms import terms_of

if TYPE_CHECKING:
    from modelkeep.core.configs import ModelConfigBase

_WEB = ("https://", "http://")
_NOTHING = Terms()


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a model came from.

    Attributes:
        site: What people call the site; empty where it is of none.
        source: What was installed, without what may be secret.
        page: Address for people; empty where there is none.
        author: Who made it.
        version: What the site calls this version.
        base: What it was trained on, in the words of the site.
        title: What the site calls the model.
        published, changed: When, seconds since the epoch; None where that is not told.
        terms: Licence, commercial use, credit.
        uses: Of Civitai, what may be sold: ``Image``, ``Rent``, ``RentCivit``, ``Sell``.
        derivatives: Changed models may be shared; None where the site does not say.
        other_licence: They may have other terms; likewise.
        is_mature: Its pictures are not for everybody.
    """

    site: str = ""
    source: str = ""
    page: str = ""
    author: str = ""
    version: str = ""
    base: str = ""
    title: str = ""
    published: float | None = None
    changed: float | None = None
    terms: Terms = _NOTHING
    uses: tuple[str, ...] = ()
    derivatives: bool | None = None
    other_licence: bool | None = None
    is_mature: bool = False

    @property
    def says_terms(self) -> bool:
        """The site says something about its use."""
        return bool(str(self.terms)) or self.derivatives is not None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "site": self.site,
            "source": self.source,
            "page": self.page,
            "author": self.author,
            "version": self.version,
            "published": self.published,
            "changed": self.changed,
            "licence": self.terms.licence,
            "commercial": self.terms.commercial,
            "mature": self.is_mature,
        }


def origin_of(
    record: ModelConfigBase, metadata: BaseMetadata | HuggingFaceMetadata | CivitaiMetadata | None
) -> Provenance:
    """Return where a model came from.

    Args:
        record: Of the model.
        metadata: What its site says of it.
    """
    source = record.source or ""
    told = source_text(source)
    if isinstance(metadata, CivitaiMetadata):
        given = metadata.restrictions
        allowed = given.AllowCommercialUse
        uses = {allowed} if isinstance(allowed, CommercialUsage) else set(allowed)
        return Provenance(
            site="Civitai",
            source=told,
            page=f"https://civitai.com/models/{metadata.id}?modelVersionId={metadata.version_id}",
            author=metadata.author,
            version=metadata.version_name,
            base=metadata.base_model_trained_on,
            title=metadata.name,
            published=_seconds(metadata.published),
            changed=_seconds(metadata.updated),
            terms=terms_of(metadata),
            uses=tuple(use.value for use in CommercialUsage if use in uses - {CommercialUsage.No}),
            derivatives=given.AllowDerivatives,
            other_licence=given.AllowDifferentLicense,
            is_mature=metadata.nsfw,
        )
    if isinstance(metadata, HuggingFaceMetadata):
        return Provenance(
            site="Hugging Face",
            source=told,
            page=f"https://huggingface.co/{quote(metadata.id)}",
            author=metadata.author,
            title=metadata.id,
            changed=_seconds(metadata.last_modified),
            terms=terms_of(metadata),
        )
    site = site_of(source)
    labels = {each.name: each.label for each in sites()}
    page = told if told.startswith(_WEB) else ""
    author = metadata.author if metadata is not None else ""
    return Provenance(labels.get(site, ""), told, page, author)


def _seconds(moment: datetime) -> float | None:
    """Return a moment as seconds since the epoch; sites that do not know one say 1970."""
    seconds = moment.timestamp()
    return seconds if seconds > 0 else None
