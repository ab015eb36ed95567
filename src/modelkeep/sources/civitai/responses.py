"""What the API of Civitai answers, read as tolerantly as its shapes have been over the years."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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
_LONG_AGO = "1970-01-01T00:00:00Z"
#: SHA-256 of nothing, cut: the site gives it to files whose tensors it could not read.
_EMPTY = "e3b0c44298fc"


def versions_of(model: Json) -> list[Json]:
    """Return the versions of a model, the newest first."""
    return objects(model, "modelVersions")


def can_be_had(version: Json) -> bool:
    """Tell whether a version has files that the site gives away."""
    is_public = _is_none_or(version.get("status"), "Published")
    is_for_download = _is_none_or(version.get("usageControl"), "Download")
    return is_public and is_for_download and bool(objects(version, "files"))


def together(version: Json, model: Json | None) -> dict[str, Any]:
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


def metadata_of(whole: Json, endpoint: str, level: str) -> CivitaiMetadata:
    """Return what is said of a version, as it is stored.

    Args:
        whole: The version with its model, see ``together``.
        endpoint: Address of the site.
        level: The most that the picture may show.

    Raises:
        ProtocolError: it is no version of a model.
    """
    number, about = whole.get("id"), part(whole, "model")
    address = web_address(whole.get("downloadUrl")) or f"{endpoint}/api/download/models/{number}"
    dates = [whole.get(name) for name in ("createdAt", "publishedAt", "updatedAt")]
    picture = picture_of(whole, level)
    told = {
        **whole,
        "name": one_line(whole.get("name")) or f"version {number}",
        "model": {**about, "name": one_line(about.get("name")) or f"model {whole.get('modelId')}"},
        "downloadUrl": address,
        "createdAt": next((date for date in dates if isinstance(date, str) and date), _LONG_AGO),
        "images": [{"url": picture, "type": "image"}] if picture else [],
    }
    found = read_metadata(told) or read_metadata(
        {**told, "createdAt": _LONG_AGO, "updatedAt": None, "publishedAt": None}
    )
    if found is None:
        raise ProtocolError(
            "Civitai answered with something that is no version of a model",
            hint="Try again later; open the model in a browser to see whether it is there.",
        )
    return found


def name_of(whole: Json) -> str:
    """Return what the model is called, with its version."""
    name, form = one_line(part(whole, "model").get("name")), one_line(whole.get("name"))
    if name and form and form not in name:
        return f"{name} {form}"
    return name or form or f"civitai {whole.get('id')}"


def terms_of(whole: Json) -> Terms:
    """Return what may be done with the model of a version."""
    terms = terms_in(part(whole, "model"))
    return replace(terms, gated=whole.get("availability") == "EarlyAccess")


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


def uses_of(said: Any) -> set[str] | None:
    """Return the commercial uses of ``allowCommercialUse`` in any of its notations."""
    if said is None:
        return None
    items = said if isinstance(said, list) else [said]
    texts = [item.strip("{} ") for item in items if isinstance(item, str)]
    return {word.strip() for text in texts for word in text.split(",") if word.strip()}


def fields_of(whole: Json, names: BaseNames) -> dict[str, Any]:
    """Return the fields of a record that the site knows.

    Args:
        whole: The version with its model.
        names: What the site calls the bases.
    """
    about = part(whole, "model")
    text = plain_text(about.get("description")) or plain_text(whole.get("description"))
    base = known_word(whole.get("baseModel"))
    told = {
        "description": text,
        "trigger_phrases": phrases(whole.get("trainedWords")),
        "lineage": names.lineage_of(base) if base else None,
    }
    return {name: value for name, value in told.items() if value}


def remarks_of(whole: Json, file: Json) -> tuple[str, ...]:
    """Return what the user should know before."""
    about = part(whole, "model")
    remarks = []
    if (ends := one_line(whole.get("earlyAccessEndsAt"))) is not None:
        remarks.append(f"It is in early access until {ends[:10]}: buy it on the site, or wait.")
    if not _is_none_or(whole.get("usageControl"), "Download"):
        remarks.append("Its creator does not allow downloads.")
    if about.get("mode") is not None:
        remarks.append(f"The site has marked it as {one_line(about.get('mode')) or 'closed'}.")
    for name, what in (("pickleScanResult", "pickles"), ("virusScanResult", "viruses")):
        result = one_line(file.get(name))
        if result not in {None, "Success"}:
            remarks.append(f"The site's scan for {what} says: {result}.")
    return tuple(remarks)


def hashes_of(file: Json) -> Mapping[str, str]:
    """Return the hashes of a file by our names, in lower case."""
    told = part(file, "hashes")
    found = {
        "sha256": full_hash(told.get("SHA256")),
        "blake3": full_hash(told.get("BLAKE3")),
        "crc32": _hex(told.get("CRC32"), 8),
        "autov2": _hex(told.get("AutoV2"), 10),
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
