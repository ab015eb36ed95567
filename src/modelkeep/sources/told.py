"""What sites, sidecars and stored metadata say of a model, as ``Hearsay``."""

from __future__ import annotations

from modelkeep.core.hearsay import NO_HEARSAY, Hearsay, Statement
from modelkeep.core.metadata import BaseMetadata, CivitaiMetadata, HuggingFaceMetadata
from modelkeep.core.taxonomy import ModelType, SchedulerPredictionType
from modelkeep.sources.civitai.type_names import TYPES
from modelkeep.sources.huggingface.responses import base_hint_in, type_hint_in
from modelkeep.sources.sidecars.info import SidecarInfo
from modelkeep.sources.site import RemoteModel

#: Programs have their words for bases from Civitai.
_CIVITAI = "civitai"
_HUB = "huggingface"


def told_by_site(remote: RemoteModel) -> Hearsay:
    """Return what a site says of a model, with the hash of its one file."""
    sha256 = remote.files[0].hashes.get("sha256", "") if len(remote.files) == 1 else ""
    lineage, predicted = remote.fields.get("lineage"), remote.fields.get("prediction_type")
    words = remote.base_hint, remote.type_hint
    claim = Statement(
        remote.site_label,
        words,
        remote.site,
        _types(remote.type_hint),
        str(lineage) if lineage else None,
        next((value for value in SchedulerPredictionType if value == predicted), None),
    )
    claims = (claim,) if any(words) else ()
    return Hearsay(claims, "" if remote.is_folder else sha256, remote.site_label)


def told_by_sidecars(info: SidecarInfo) -> Hearsay:
    """Return what the files beside a model state of it, and the catalogues of other programs."""
    who, words = " and ".join(info.written_by), (info.base_hint, info.type_hint)
    claims = (Statement(who, words, _CIVITAI, _types(info.type_hint)),) if any(words) else ()
    return Hearsay(claims, info.sha256 or "", who) if who else NO_HEARSAY


def told_by_metadata(
    metadata: BaseMetadata | HuggingFaceMetadata | CivitaiMetadata | None,
) -> Hearsay:
    """Return what a site said of a model, as far as it was stored."""
    if isinstance(metadata, CivitaiMetadata) and metadata.base_model_trained_on:
        return Hearsay((Statement("Civitai", (metadata.base_model_trained_on, None), _CIVITAI),))
    if isinstance(metadata, HuggingFaceMetadata):
        words = base_hint_in(metadata.tags), type_hint_in(metadata.tags)
        return Hearsay((Statement("Hugging Face", words, _HUB),)) if any(words) else NO_HEARSAY
    return NO_HEARSAY


def _types(word: str | None) -> frozenset[str]:
    """Return our types that a site or a program means by a word; none where nobody knows."""
    said = (word or "").casefold()
    found = {ours for ours, words in TYPES.items() if said in {ours, *map(str.casefold, words)}}
    if ModelType.Lora in found:
        found.add(ModelType.ControlLora)
    if ModelType.Main in found:
        found.add(ModelType.ONNX)
    return frozenset(found)
