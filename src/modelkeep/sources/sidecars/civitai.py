"""Civitai's JSON about one version of a model, which several programs keep beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from modelkeep.core import limits
from modelkeep.core.metadata import CivitaiMetadata, LicenseRestrictions, RemoteModelFile
from modelkeep.core.names import safe_relpath
from modelkeep.core.taxonomy import CommercialUsage
from modelkeep.errors import UnsafePathError
from modelkeep.sources.sidecars.clean_text import (
    known_word,
    one_line,
    phrases,
    plain_text,
    tags,
    web_address,
)
from modelkeep.sources.sidecars.info import SidecarInfo
from modelkeep.sources.sidecars.trust import Claim, full_hash, kib_count

Json = Mapping[str, Any]

_USES = {use.value.casefold(): use for use in CommercialUsage}


def info_of_version(version: Json) -> SidecarInfo:
    """Return the information in an answer, without hashes; missing or odd values are left out."""
    model = part(version, "model")
    name, form = one_line(model.get("name")), one_line(version.get("name"))
    together = f"{name} {form}" if name and form and form not in name else name or form
    return SidecarInfo(
        name=together,
        description=plain_text(model.get("description")) or plain_text(version.get("description")),
        author=one_line(part(version, "creator").get("username")),
        tags=tags(model.get("tags")),
        trigger_phrases=phrases(version.get("trainedWords")),
        source=page_of(version.get("modelId"), version.get("id")),
        base_hint=known_word(version.get("baseModel")),
        type_hint=known_word(model.get("type")),
        metadata=metadata_of(version),
    )


def claims_of(version: Json) -> tuple[Claim, ...]:
    """Return the files of the version as the answer describes them."""
    return tuple(_claims(version))


def _claims(version: Json) -> Iterator[Claim]:
    for file in _files(version):
        hashes = part(file, "hashes")
        size, within = kib_count(file.get("sizeKB"))
        yield Claim(
            one_line(file.get("name")) or "",
            size,
            within,
            full_hash(hashes.get("SHA256")),
            full_hash(hashes.get("BLAKE3")),
        )


def page_of(model_id: Any, version_id: Any) -> str | None:
    """Return the address of a version's page, or None where the numbers are none."""
    if not _is_number(model_id):
        return None
    page = f"https://civitai.com/models/{model_id}"
    return f"{page}?modelVersionId={version_id}" if _is_number(version_id) else page


def metadata_of(version: Json) -> CivitaiMetadata | None:
    """Return the answer as metadata, or None where it was not kept whole enough for that.

    It needs both numbers, both names, a date and an address to get it from. What only the page of
    the model tells (author, licence) is empty, or as strict as can be, where it is missing.
    """
    model = part(version, "model")
    files = tuple(_remote_files(version))
    address = web_address(version.get("downloadUrl")) or next((str(f.url) for f in files), None)
    created = _date(version, "createdAt", "publishedAt", "updatedAt")
    name, form = one_line(model.get("name")), one_line(version.get("name"))
    numbers = version.get("modelId"), version.get("id")
    if not (address and created and name and form and all(map(_is_number, numbers))):
        return None
    try:
        return CivitaiMetadata.model_validate(
            {
                "id": numbers[0],
                "version_id": numbers[1],
                "name": name,
                "version_name": form,
                "author": one_line(part(version, "creator").get("username")) or "",
                "tags": set(tags(model.get("tags"))),
                "created": created,
                "updated": _date(version, "updatedAt") or created,
                "published": _date(version, "publishedAt") or created,
                "description": plain_text(model.get("description")) or "",
                "version_description": plain_text(version.get("description")) or "",
                "nsfw": model.get("nsfw") is True,
                "restrictions": _restrictions(model),
                "trained_words": set(phrases(version.get("trainedWords"))),
                "download_url": address,
                "base_model_trained_on": known_word(version.get("baseModel")) or "",
                "thumbnail_url": _thumbnail(version),
                "files": list(files),
            }
        )
    except ValidationError:
        return None  # a date or an address that is none: not whole


def part(value: Json, name: str) -> Json:
    """Return an object inside another one; an empty one where there is none."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def objects(value: Json, name: str) -> list[Json]:
    """Return the objects of a list inside an object."""
    found = value.get(name)
    items = found[: limits.SIDECAR_FILES] if isinstance(found, list) else []
    return [item for item in items if isinstance(item, dict)]


def _files(version: Json) -> list[Json]:
    return objects(version, "files")


def _remote_files(version: Json) -> Iterator[RemoteModelFile]:
    for file in _files(version):
        name, address = one_line(file.get("name")), web_address(file.get("downloadUrl"))
        size, _ = kib_count(file.get("sizeKB"))
        if name is None or address is None or size is None:
            continue
        try:
            yield RemoteModelFile.model_validate(
                {
                    "url": address,
                    "path": safe_relpath(name).as_posix(),
                    "size": round(size),
                    "sha256": full_hash(part(file, "hashes").get("SHA256")),
                }
            )
        except (UnsafePathError, ValidationError):
            continue  # one of its files cannot be fetched; the others can


def _restrictions(model: Json) -> LicenseRestrictions:
    said = model.get("allowCommercialUse")
    words = said if isinstance(said, list) else [said]
    texts = [w.strip("{} ") for w in words[:10] if isinstance(w, str)]
    found = {_USES[w] for t in texts for w in t.casefold().split(",")[:10] if w in _USES}
    # A program that got one word compares with one word.
    alone = _USES.get(said.casefold()) if isinstance(said, str) else None
    return LicenseRestrictions(
        AllowNoCredit=model.get("allowNoCredit") is True,
        AllowDerivatives=model.get("allowDerivatives") is True,
        AllowDifferentLicense=model.get("allowDifferentLicense") is True,
        AllowCommercialUse=alone or found or CommercialUsage.No,
    )


def _thumbnail(version: Json) -> str | None:
    """Return the address of the first picture that is for everyone."""
    for image in objects(version, "images"):
        tame = image.get("nsfw") in (None, False, "None") and image.get("nsfwLevel") in (None, 1)
        if tame and image.get("type") in (None, "image"):
            address = web_address(image.get("url"))
            if address:
                return address
    return None


def _date(value: Json, *names: str) -> str | None:
    for name in names:
        found = value.get(name)
        if isinstance(found, str) and found:
            return found[:64]
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**53
