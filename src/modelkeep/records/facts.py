"""What a record is also found by: its site, licence, lineage and class of size.

The step ``0002_origins.sqlite.sql`` says the same in SQL, for records of before.
"""

from __future__ import annotations

from typing import Any

from modelkeep.core.metadata import BaseMetadata, CivitaiMetadata, HuggingFaceMetadata
from modelkeep.core.taxonomy import CommercialUsage

#: Class of size, and the bytes that it stays below.
SIZES: tuple[tuple[str, int], ...] = (
    ("tiny", 100_000_000),
    ("small", 1_000_000_000),
    ("medium", 5_000_000_000),
    ("large", 20_000_000_000),
)
HUGE = "huge"
SIZE_CLASSES = (*(name for name, _ in SIZES), HUGE)
#: Whether a model was ever loaded.
NEVER, LOADED = "never", "loaded"

#: Tags, in lower case, of models whose pictures are not for everybody.
MATURE_TAGS = ("nsfw", "not-for-all-audiences")

#: Sites by what stands before the colon of a source.
_PREFIXES = {"ms": "modelscope", "hf": "huggingface", "file": "local"}
_HOSTS = {
    "huggingface.co": "huggingface",
    "hf.co": "huggingface",
    "civitai.com": "civitai",
    "modelscope.cn": "modelscope",
    "modelscope.ai": "modelscope",
}
_OTHER = "other"


def size_class(size: int | None) -> str:
    """Return the class of a size in bytes; empty where it is not known."""
    if size is None:
        return ""
    return next((name for name, most in SIZES if size < most), HUGE)


def site_of(source: str | None) -> str:
    """Return the site that a source is of: its name, ``link``, ``local``, or empty for none."""
    text = (source or "").lower()
    if not text:
        return ""
    if text.startswith(("http://", "https://")):
        host = text.partition("://")[2].partition("/")[0]
        return _HOSTS.get(host.removeprefix("www."), "link")
    prefix, colon, _ = text.partition(":")
    if colon and len(prefix) > 1 and "/" not in prefix:
        return _PREFIXES.get(prefix, prefix)
    if text.startswith(("/", ".", "~")) or text[1:2] == ":":
        return "local"
    return "huggingface" if "/" in text else "local"


def told_site(metadata: BaseMetadata | HuggingFaceMetadata | CivitaiMetadata) -> str:
    """Return the site that metadata is of; empty where it is of none."""
    return "" if isinstance(metadata, BaseMetadata) else metadata.type


def licence_of(metadata: BaseMetadata | HuggingFaceMetadata | CivitaiMetadata) -> str:
    """Return the licence that a site names; of Civitai, whether some use for money is allowed."""
    if isinstance(metadata, CivitaiMetadata):
        allowed = metadata.restrictions.AllowCommercialUse
        uses = {allowed} if isinstance(allowed, CommercialUsage) else allowed
        return "commercial" if uses - {CommercialUsage.No} else "non-commercial"
    if not isinstance(metadata, HuggingFaceMetadata):
        return ""
    card = metadata.tag_dict.get("cardData")
    named = card if isinstance(card, dict) else {}
    licence = _text(named.get("license")) or _tagged(metadata.tags)
    if licence in {"", _OTHER}:
        licence = _text(named.get("license_name")) or licence
    return licence.lower()


def _text(value: Any) -> str:
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, str) else ""


def _tagged(tags: set[str]) -> str:
    found = sorted(tag for tag in tags if tag.startswith("license:"))
    return found[0].removeprefix("license:") if found else ""
