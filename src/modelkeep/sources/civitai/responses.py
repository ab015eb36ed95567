"""What the API of Civitai answers, read as tolerantly as its shapes have been over the years."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from modelkeep.core.base_names import BaseNames
from modelkeep.core.metadata import CivitaiMetadata
from modelkeep.errors import ProtocolError
from modelkeep.sources.civitai.pictures import picture_of
from modelkeep.sources.sidecars.civitai import Json, objects, part
from modelkeep.sources.sidecars.civitai import metadata_of as read_metadata
from modelkeep.sources.sidecars.clean_text import (
    known_word,
    one_line,
    phrases,
    plain_text,
    web_address,
)
from modelkeep.sources.sidecars.trust import full_hash
from modelkeep.sources.site import Terms

ENDPOINT = "https://civitai.com"
_KIB = 1024
#: No early access is longer.
_DAYS = 3650
_LONG_AGO = "1970-01-01T00:00:00Z"
#: SHA-256 of nothing, cut: the site gives it to files whose tensors it could not read.
_EMPTY = "e3b0c44298fc"


def versions_of(model: Json) -> list[Json]:
    """Return the versions of a model, the newest first."""
    return objects(model, "modelVersions")


def is_available(version: Json) -> bool:
    """Tell whether a version has files that the site gives away."""
    is_public = _is_none_or(version.get("status"), "Published")
    is_for_download = _is_none_or(version.get("usageControl"), "Download")
    return is_public and is_for_download and bool(objects(version, "files"))


def is_early(version: Json) -> bool:
    """Tell whether a version is in early access: for those who buy it, until some day."""
    if version.get("availability") == "EarlyAccess":
        return True
    ends = _date(version.get("earlyAccessEndsAt"))
    days, begun = version.get("earlyAccessTimeFrame"), _date(version.get("publishedAt"))
    if ends is None and begun is not None and isinstance(days, int):  # as it was said before
        with suppress(OverflowError):  # a date that is none
            ends = begun + timedelta(days=min(max(days, 0), _DAYS))
    return ends is not None and ends > datetime.now(UTC)


def _date(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def joined(version: Json, model: Json | None) -> dict[str, Any]:
    """Return a version with what is known of its model; either may lack what the other has.

    Without the model it has no pictures: nobody knows whom they show.
    """
    about = {name: value for name, value in (model or {}).items() if name != "modelVersions"}
    whole = {**version, "model": {**part(version, "model"), **about}}
    if about.get("id") is not None:
        whole.setdefault("modelId", about["id"])
    if model is None:
        whole["images"] = []
    if isinstance(about.get("creator"), dict):
        whole["creator"] = about["creator"]
    return whole


def metadata_of(version: Json, endpoint: str, level: str) -> CivitaiMetadata:
    """Return the metadata of a version, as it is stored.

    Args:
        version: The version with its model, see ``joined``.
        endpoint: Address of the site.
        level: The most that the picture may show.

    Raises:
        ProtocolError: it is not a version of a model.
    """
    number, about = version.get("id"), part(version, "model")
    address = web_address(version.get("downloadUrl")) or f"{endpoint}/api/download/models/{number}"
    dates = [version.get(name) for name in ("createdAt", "publishedAt", "updatedAt")]
    picture = picture_of(version, level)
    data = {
        **version,
        "name": one_line(version.get("name")) or f"version {number}",
        "model": {
            **about,
            "name": one_line(about.get("name")) or f"model {version.get('modelId')}",
        },
        "downloadUrl": address,
        "createdAt": next((date for date in dates if isinstance(date, str) and date), _LONG_AGO),
        "images": [{"url": picture, "type": "image"}] if picture else [],
    }
    found = read_metadata(data) or read_metadata(
        {**data, "createdAt": _LONG_AGO, "updatedAt": None, "publishedAt": None}
    )
    if found is None:
        raise ProtocolError(
            "Civitai did not answer with a version of a model",
            hint="Try again later, or check in a browser that the model exists.",
        )
    return found


def name_of(version: Json) -> str:
    """Return what the model is called, with its version."""
    name, form = one_line(part(version, "model").get("name")), one_line(version.get("name"))
    if name and form and form not in name:
        return f"{name} {form}"
    return name or form or f"civitai {version.get('id')}"


def terms_in(about: Json) -> Terms:
    """Return what may be done with a model, in words for people.

    Args:
        about: The model, with the names that the site has for its restrictions.
    """
    credit, uses = about.get("allowNoCredit"), uses_of(about.get("allowCommercialUse"))
    words = []
    if isinstance(credit, bool):
        words.append("no credit needed" if credit else "name the creator")
    if about.get("allowDerivatives") is False:
        words.append("no derivatives")
    if about.get("allowDifferentLicense") is False:
        words.append("derivatives under the same terms")
    if uses and uses != {"None"}:
        words.append(f"commercial use: {', '.join(sorted(uses))}")
    return Terms(
        licence="; ".join(words) or None,
        commercial=bool(uses - {"None"}) if uses is not None else None,
        credit=not credit if isinstance(credit, bool) else None,
    )


def uses_of(value: Any) -> set[str] | None:
    """Return the commercial uses of ``allowCommercialUse`` in any of its notations."""
    if value is None:
        return None
    items = value if isinstance(value, list) else [value]
    texts = [item.strip("{} ") for item in items if isinstance(item, str)]
    return {word.strip() for text in texts for word in text.split(",") if word.strip()}


def fields_of(version: Json, names: BaseNames) -> dict[str, Any]:
    """Return the fields of a record that the site knows.

    Args:
        version: The version with its model.
        names: What the site calls the bases.
    """
    about = part(version, "model")
    text = plain_text(about.get("description")) or plain_text(version.get("description"))
    base = known_word(version.get("baseModel"))
    fields = {
        "description": text,
        "trigger_phrases": phrases(version.get("trainedWords")),
        "lineage": names.lineage_of(base) if base else None,
    }
    return {name: value for name, value in fields.items() if value}


def notes_of(version: Json, file: Json) -> tuple[str, ...]:
    """Return what the user should know before."""
    about = part(version, "model")
    notes = []
    if is_early(version):
        ends = one_line(version.get("earlyAccessEndsAt"))
        until = f" until {ends[:10]}" if ends else ""
        notes.append(f"It is in early access{until}: buy it on the site, or wait.")
    if not _is_none_or(version.get("usageControl"), "Download"):
        notes.append("Its creator does not allow downloads.")
    if about.get("mode") is not None:
        notes.append(f"The site marks it as {one_line(about.get('mode')) or 'closed'}.")
    for name, what in (("pickleScanResult", "pickles"), ("virusScanResult", "viruses")):
        result = one_line(file.get(name))
        if result not in {None, "Success"}:
            notes.append(f"The site's scan for {what} reports: {result}.")
    return tuple(notes)


def hashes_of(file: Json) -> Mapping[str, str]:
    """Return the hashes of a file by our names, in lower case."""
    hashes = part(file, "hashes")
    found = {
        "sha256": full_hash(hashes.get("SHA256")),
        "blake3": full_hash(hashes.get("BLAKE3")),
        "crc32": _hex(hashes.get("CRC32"), 8),
        "autov2": _hex(hashes.get("AutoV2"), 10),
    }
    if found["sha256"]:  # it says all that the others say
        found["autov2"] = None
    return {name: value for name, value in found.items() if value}


def size_of(file: Json) -> int | None:
    """Return the bytes of a file, where the site does not say them rounded."""
    kib = file.get("sizeKB")
    if isinstance(kib, bool) or not isinstance(kib, int | float) or not 0 < kib < 2**43:
        return None
    size = kib * _KIB
    return int(size) if float(size).is_integer() else None


def _is_none_or(value: Any, usual: str) -> bool:
    return value is None or value == usual


def _hex(value: Any, digits: int) -> str | None:
    text = value.lower() if isinstance(value, str) else ""
    is_hex = len(text) == digits and all(each in "0123456789abcdef" for each in text)
    return text if is_hex and not _EMPTY.startswith(text) else None
