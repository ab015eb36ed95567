"""``terms_of``: what stored metadata says about the use of a model."""

from __future__ import annotations

from modelkeep.core.metadata import BaseMetadata, CivitaiMetadata, HuggingFaceMetadata
from modelkeep.core.taxonomy import CommercialUsage
from modelkeep.sources.civitai.responses import terms_in
from modelkeep.sources.huggingface import responses as hub
from modelkeep.sources.site import Terms


def terms_of(metadata: BaseMetadata | HuggingFaceMetadata | CivitaiMetadata) -> Terms:
    """Return licence, commercial use, credit and gate, as far as a site states them."""
    if isinstance(metadata, HuggingFaceMetadata):
        return hub.terms_of({**metadata.tag_dict, "tags": sorted(metadata.tags)})
    if isinstance(metadata, CivitaiMetadata):
        given = metadata.restrictions
        allowed = given.AllowCommercialUse
        uses = {allowed} if isinstance(allowed, CommercialUsage) else allowed
        return terms_in(
            {
                "allowNoCredit": given.AllowNoCredit,
                "allowDerivatives": given.AllowDerivatives,
                "allowDifferentLicense": given.AllowDifferentLicense,
                "allowCommercialUse": sorted(use.value for use in uses),
            }
        )
    return Terms()
