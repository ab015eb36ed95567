"""The picture of a model: shown small, set and taken away."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from modelkeep.app.files import OpenedFile, OwnedFile
from modelkeep.core import limits
from modelkeep.core.files import ModelFile
from modelkeep.core.names import path_to_text, safe_name, size_text
from modelkeep.core.reading import LocalFile
from modelkeep.disk import paths
from modelkeep.errors import (
    SourceNotFoundError,
    StorageError,
    UnreadableSourceError,
    UnsupportedSourceError,
)
from modelkeep.http.request import HttpRequest
from modelkeep.http.urls import redacted
from modelkeep.library.previews import preview_text
from modelkeep.library.remote_preview import SUFFIX, redrawn

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.core.configs import ModelConfigBase

_HEAD_BYTES = 16
#: Bytes that films begin with at an offset, and what they are.
_FILMS = (
    (4, b"ftypisom", "video/mp4"),
    (4, b"ftypiso2", "video/mp4"),
    (4, b"ftypmp41", "video/mp4"),
    (4, b"ftypmp42", "video/mp4"),
    (4, b"ftypavc1", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
)


class PreviewSide(IntEnum):
    """How large a picture is drawn: pixels of its longer side at most."""

    SMALL = 256
    LARGE = 512


@dataclass(frozen=True, slots=True)
class OpenedPreview:
    """The picture or film of a model, open.

    Attributes:
        file: The file; whoever gets it closes it.
        film: The media type of a film; empty for a picture, which is not sent as it is.
    """

    file: OpenedFile
    film: str


def open_preview(manager: ModelManager, config: ModelConfigBase) -> OpenedPreview:
    """Open the picture of a model.

    Raises:
        SourceNotFoundError: it has none, or the picture is gone.
        UnreadableSourceError: it cannot be read, or is no file.
    """
    place = manager.installer.library.preview_of(config)
    if place is None:
        raise SourceNotFoundError(
            f"The model {config.name} has no preview", hint="Set one with a PUT request."
        )
    there = place.stat()
    row = ModelFile(path_to_text(place), there.st_size, there.st_mtime_ns, there.st_ino)
    file = OpenedFile(OwnedFile(path_to_text(Path(place.name)), place, row))
    head = file.read_at(0, min(file.size, _HEAD_BYTES))
    return OpenedPreview(
        file, next((kind for at, mark, kind in _FILMS if head.startswith(mark, at)), "")
    )


def preview_kind(manager: ModelManager, config: ModelConfigBase) -> str:
    """Return ``picture`` or ``film``; empty where a model shows neither, or it cannot be read."""
    try:
        opened = open_preview(manager, config)
    except (SourceNotFoundError, UnreadableSourceError):
        return ""
    with opened.file:
        return "film" if opened.film else "picture"


def small_picture(
    manager: ModelManager, picture: LocalFile, side: PreviewSide
) -> tuple[bytes, str]:
    """Return a picture as a small JPEG, and a tag that names it.

    It is kept in the cache by the contents of the picture, and drawn again where it is not there.

    Raises:
        UnreadableSourceError: it is no picture, is broken, or is too large.
    """
    if picture.size > limits.FETCHED_PREVIEW_BYTES:
        limit = size_text(limits.FETCHED_PREVIEW_BYTES)
        raise UnreadableSourceError(
            f"{picture.name} has {size_text(picture.size)}; a preview has at most {limit}",
            hint="Set a smaller preview.",
        )
    content = picture.read_at(0, picture.size)
    tag = f"{hashlib.sha256(content).hexdigest()}-{side.value}"
    kept = manager.settings.root / "cache" / "previews" / f"{tag}{SUFFIX}"
    with suppress(OSError):
        return kept.read_bytes(), tag
    drawn = redrawn(content, picture.name, side)
    with suppress(StorageError):  # one that cannot be kept is drawn again
        paths.make_own_folder(kept.parent)
        paths.write_file(kept, drawn, durable=False)
    return drawn, tag


def cached_pictures(manager: ModelManager, digest: str) -> list[Path]:
    """Return the small copies of a picture that the cache may have.

    Args:
        manager: Of the library.
        digest: SHA-256 of the picture, in hex.
    """
    folder = manager.settings.root / "cache" / "previews"
    return [folder / f"{digest}-{side.value}{SUFFIX}" for side in PreviewSide]


def site_picture(manager: ModelManager, address: str, side: PreviewSide) -> bytes:
    """Return a picture of a site as a small JPEG; it is kept in the cache.

    Args:
        manager: Of the library.
        address: As a site gave it; one in a private network is refused.
        side: How large it is drawn.

    Raises:
        SourceError: it cannot be had, or is no picture.
    """
    tag = hashlib.sha256(f"{address} {side.value}".encode()).hexdigest()
    kept = manager.settings.root / "cache" / "previews" / f"{tag}{SUFFIX}"
    with suppress(OSError):
        return kept.read_bytes()
    request = HttpRequest(address, public_only=True)
    reply = manager.sites.context.client.get(request, limit=limits.FETCHED_PREVIEW_BYTES)
    drawn = redrawn(reply.raise_for_status().body, redacted(address), side)
    with suppress(StorageError):  # one that cannot be kept is fetched again
        paths.make_own_folder(kept.parent)
        paths.write_file(kept, drawn, durable=False)
    return drawn


def set_preview(manager: ModelManager, config: ModelConfigBase, content: bytes) -> Path:
    """Make a picture the preview of a model; a small copy of it is kept in the library.

    A picture that lies beside the model stays where it is.

    Returns:
        Where the copy is.

    Raises:
        UnsupportedSourceError: it is no picture, is broken, or has too many pixels.
        OfflineRootError: the root of the model is not there.
        StorageError: the disk refuses.
    """
    library = manager.installer.library
    top = library.reach(config)
    try:
        drawn = redrawn(content, "The new preview")
    except UnreadableSourceError as error:
        raise UnsupportedSourceError(
            str(error), hint="Send a PNG, JPEG, WEBP, AVIF or GIF picture."
        ) from error
    place = library.previews.folder / f"{safe_name(config.key)}{SUFFIX}"
    with library.locks.model(config.key):
        library.records.get_model(config.key)
        paths.make_own_folder(place.parent)
        paths.write_file(place, drawn)
        library.records.update_model(config.key, {"preview": preview_text(place, top)})
        for other in library.previews.of(config.key):
            if other != place:
                paths.remove_file(other)
    return place


def remove_preview(manager: ModelManager, config: ModelConfigBase) -> None:
    """Have a model show no picture; the copy in the library goes, one beside the model stays.

    Raises:
        SourceNotFoundError: it has none.
        StorageError: the disk refuses.
    """
    library = manager.installer.library
    with library.locks.model(config.key):
        found = library.records.get_model(config.key)
        if found.preview is None:
            raise SourceNotFoundError(f"The model {config.name} has no preview")
        library.records.update_model(config.key, {"preview": None})
        library.previews.drop(config.key)
