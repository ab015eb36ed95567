"""Models as Civitai describes them, in the shapes that its API has had since 2023."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from blake3 import blake3

#: ``allowCommercialUse`` in 2023, 2024 and 2026.
Notation = Literal["word", "list", "set"]
_TIME = "2026-03-04T05:06:07.000Z"
_KIB = 1024


@dataclass
class File:
    """One file of a version.

    Attributes:
        id: Its number.
        name: As it is downloaded.
        content: Its bytes.
        type: ``Model``, ``Pruned Model``, ``VAE``, ``Training Data`` ... .
        format: ``SafeTensor``, ``PickleTensor`` ... .
        size, fp: ``full`` or ``pruned``, and ``fp16`` ...; None where nobody said so.
        primary: None leaves the field out.
        hashes: In place of the right ones.
        more: Fields in place of the usual ones.
    """

    id: int
    name: str
    content: bytes = field(repr=False)
    type: str = "Model"
    format: str = "SafeTensor"
    size: str | None = None
    fp: str | None = None
    primary: bool | None = None
    hashes: Mapping[str, str] | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def said(self, url: str) -> dict[str, Any]:
        """Return what the API says of it.

        Args:
            url: Where it is downloaded.
        """
        told = {
            "id": self.id,
            "name": self.name,
            "type": self.type,
            "sizeKB": len(self.content) / _KIB,
            "metadata": {"format": self.format, "size": self.size, "fp": self.fp},
            "pickleScanResult": "Success",
            "pickleScanMessage": "No Pickle imports",
            "virusScanResult": "Success",
            "virusScanMessage": None,
            "scannedAt": _TIME,
            "hashes": dict(self.hashes if self.hashes is not None else hashes_of(self.content)),
            "downloadUrl": url,
        }
        primary = {} if self.primary is None else {"primary": self.primary}
        return {**told, **primary, **self.more}


@dataclass
class Version:
    """One version of a model.

    Attributes:
        id: Its number.
        files: Its files.
        name: Its name.
        base: As the site calls it.
        words: Trigger words.
        images: Pictures, see ``image``.
        status: ``Published``, ``Draft`` ... .
        usage: ``Download`` or what else may be done with it.
        early_access: Until when it has to be bought.
        needs_login: The file is for people who logged in.
        more: Fields in place of the usual ones.
    """

    id: int
    files: Sequence[File]
    name: str = "v1.0"
    base: str = "SD 1.5"
    words: Sequence[str] = ()
    images: Sequence[Mapping[str, Any]] = ()
    status: str = "Published"
    usage: str = "Download"
    early_access: str | None = None
    needs_login: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Model:
    """One model.

    Attributes:
        id: Its number.
        versions: The newest first.
        name: Its name.
        type: As the site calls it.
        commercial: ``allowCommercialUse`` as it is sent, see ``commercial_use``.
        creator: Who made it; None leaves the field out.
        mode: ``Archived`` or ``TakenDown``; None leaves the field out.
        nsfw: Marked by its creator.
        nsfw_level: Bits of the levels of its pictures.
        minor, poi: Shows somebody young, or a person who lives.
        description: HTML.
        tags: Words.
        credit: The creator need not be named: ``allowNoCredit``.
        more: Fields in place of the usual ones.
    """

    id: int
    versions: Sequence[Version]
    name: str = "Paper Cut"
    type: str = "LORA"
    commercial: Any = "{Image,RentCivit}"
    creator: str | None = "somebody"
    mode: str | None = None
    nsfw: bool = False
    nsfw_level: int = 1
    minor: bool = False
    poi: bool = False
    description: str | None = "<p>Made of <b>paper</b>.</p>"
    tags: Sequence[str] = ("style", "paper")
    credit: bool = True
    more: Mapping[str, Any] = field(default_factory=dict)

    def said(self, endpoint: str) -> dict[str, Any]:
        """Return what ``/api/v1/models/{id}`` says of it."""
        told: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "type": self.type,
            "nsfw": self.nsfw,
            "nsfwLevel": self.nsfw_level,
            "minor": self.minor,
            "poi": self.poi,
            "sfwOnly": False,
            "availability": "Public",
            "allowNoCredit": self.credit,
            "allowDerivatives": True,
            "allowDifferentLicense": True,
            "allowCommercialUse": self.commercial,
            "tags": list(self.tags),
            "stats": {"downloadCount": 4321, "thumbsUpCount": 56},
            "modelVersions": [self._version(each, endpoint) for each in self.versions],
        }
        if self.creator is not None:
            told["creator"] = {"username": self.creator, "image": None}
        if self.mode is not None:
            told["mode"] = self.mode
        return {**told, **self.more}

    def version_said(self, version: Version, endpoint: str) -> dict[str, Any]:
        """Return what ``/api/v1/model-versions/{id}`` says: no creator and no licence."""
        about = {"name": self.name, "type": self.type, "nsfw": self.nsfw, "poi": self.poi}
        if self.mode is not None:
            about["mode"] = self.mode
        return {**self._version(version, endpoint), "modelId": self.id, "model": about}

    def _version(self, version: Version, endpoint: str) -> dict[str, Any]:
        url = f"{endpoint}/api/download/models/{version.id}"
        is_archived, is_taken_down = self.mode == "Archived", self.mode == "TakenDown"
        told = {
            "id": version.id,
            "name": version.name,
            "baseModel": version.base,
            "baseModelType": "Standard",
            "air": f"urn:air:any:{self.type.lower()}:civitai:{self.id}@{version.id}",
            "status": version.status,
            "availability": "EarlyAccess" if version.early_access else "Public",
            "nsfwLevel": self.nsfw_level,
            "publishedAt": _TIME,
            "trainedWords": list(version.words),
            "earlyAccessEndsAt": version.early_access,
            "usageControl": version.usage,
            "description": None,
            "stats": {"downloadCount": 4321, "thumbsUpCount": 56},
            "files": [] if is_archived else [_file(each, url) for each in version.files],
            "images": [] if is_taken_down else [dict(each) for each in version.images],
        }
        link = {} if is_archived else {"downloadUrl": url}
        return {**told, **link, **version.more}


def hashes_of(content: bytes) -> dict[str, str]:
    """Return all hashes that the site gives to a file, in upper case."""
    sha256 = hashlib.sha256(content).hexdigest()
    hashes = {
        "AutoV1": hashlib.sha256(content[0x100000:0x110000]).hexdigest()[:8],
        "AutoV2": sha256[:10],
        "SHA256": sha256,
        "CRC32": f"{zlib.crc32(content):08x}",
        "BLAKE3": blake3(content).hexdigest(),
    }
    is_safetensors = len(content) > 8 and content[8:9] == b"{"
    if is_safetensors:
        tensors = content[8 + struct.unpack("<Q", content[:8])[0] :]
        hashes["AutoV3"] = hashlib.sha256(tensors).hexdigest()[:12]
    return {name: value.upper() for name, value in hashes.items()}


def commercial_use(notation: Notation, *uses: str) -> Any:
    """Return ``allowCommercialUse`` as it was written in some year.

    Args:
        notation: ``word`` of 2023, ``list`` of 2024 or ``set`` of 2026.
        uses: Of ``None``, ``Image``, ``RentCivit``, ``Rent``, ``Sell``; a word is the last.
    """
    if notation == "word":
        return uses[-1] if uses else "None"
    return list(uses) if notation == "list" else "{" + ",".join(uses) + "}"


def image(url: str, level: int = 1, kind: str = "image", **more: Any) -> dict[str, Any]:
    """Return what is said of a picture.

    Args:
        url: Where it is.
        level: Bit of its content: 1, 2, 4, 8, 16, 32; 0 is not known.
        kind: ``image``, ``video`` or ``audio``.
        more: Fields in place of the usual ones.
    """
    return {
        "url": url,
        "type": kind,
        "nsfwLevel": level,
        "width": 8,
        "height": 8,
        "hash": "U00000fQfQfQ",
        "meta": None,
        **more,
    }


def _file(file: File, url: str) -> dict[str, Any]:
    if file.primary:
        return file.said(url)
    kind, form = file.type.replace(" ", "%20"), file.format
    return file.said(f"{url}?type={kind}&format={form}")
