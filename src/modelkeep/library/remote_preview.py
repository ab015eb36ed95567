"""Fetched previews: a picture of a site, re-encoded before it is stored.

Nothing of what a site sent reaches the disk: the picture is decoded and encoded again, small and
without all that was written beside its pixels (places, prompts, workflows, comments). Films and
drawings that are programs, such as SVG, are refused.
"""

from __future__ import annotations

import importlib
import io
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelkeep.core import limits
from modelkeep.core.names import shown
from modelkeep.disk import paths
from modelkeep.errors import SourceError, StorageError, UnreadableSourceError
from modelkeep.http.client import Client
from modelkeep.http.request import HttpRequest
from modelkeep.http.urls import origin_of, redacted
from modelkeep.sources.site import RemoteModel

if TYPE_CHECKING:
    from PIL.Image import Image

#: How the file of a fetched preview ends: JPEG is what every program shows.
SUFFIX = ".jpg"
_LONGEST_SIDE = 768
_QUALITY = 85
#: What stands behind pictures that one can see through.
_BACKGROUND = (255, 255, 255)
#: Bytes that a kind of picture begins with at an offset, and the reader of that kind in Pillow.
_KINDS = (
    (0, b"\x89PNG\r\n\x1a\n", "PngImagePlugin", "PngImageFile"),
    (0, b"\xff\xd8\xff", "JpegImagePlugin", "JpegImageFile"),
    (8, b"WEBP", "WebPImagePlugin", "WebPImageFile"),
    (0, b"GIF87a", "GifImagePlugin", "GifImageFile"),
    (0, b"GIF89a", "GifImagePlugin", "GifImageFile"),
    (4, b"ftypavif", "AvifImagePlugin", "AvifImageFile"),
    (4, b"ftypavis", "AvifImagePlugin", "AvifImageFile"),
)

_log = logging.getLogger(__name__)


def fetch_preview_of(remote: RemoteModel, client: Client, place: Path) -> Path | None:
    """Fetch the picture of a model, if its site names one.

    An address in a private network that a public site gives is refused.

    Args:
        remote: The model, as its site says it is.
        client: Asks for it.
        place: The file that is written; ends with ``SUFFIX``.

    Returns:
        ``place``, or None where there is no picture or it cannot be had, with a warning.
    """
    if remote.preview is None:
        return None
    is_private = any(client.transport.is_private(origin_of(file.url)) for file in remote.files)
    public_only = remote.source.public_only or not is_private
    return fetch_preview(remote.preview, client, place, public_only=public_only)


def fetch_preview(
    url: str, client: Client, place: Path, *, public_only: bool = False
) -> Path | None:
    """Fetch a picture and keep a small copy; a failure is logged, never raised.

    Args:
        url: Where it is: PNG, JPEG, WEBP, AVIF or GIF, of which the first picture is taken.
        client: Asks for it.
        place: The file of the program that is written, as JPEG; one that is there is replaced.
        public_only: The address may not lead into a private network.

    Returns:
        ``place``, or None where there is no picture that can be shown.

    Raises:
        JobCancelledError: the client was asked to stop.
    """
    try:
        request = HttpRequest(url, public_only=public_only)
        reply = client.get(request, limit=limits.FETCHED_PREVIEW_BYTES).raise_for_status()
        picture = redrawn(reply.body, redacted(url))
        paths.make_own_folder(place.parent)
        paths.write_file(place, picture)
    except (SourceError, StorageError) as error:
        _log.warning("Discarding the preview %s: %s", shown(place.name), error)
        return None
    return place


def redrawn(content: bytes, name: str, side: int = _LONGEST_SIDE) -> bytes:
    """Return a picture as a small JPEG that has its pixels and nothing else.

    Args:
        content: PNG, JPEG, WEBP, AVIF or GIF, recognised by its first bytes.
        name: What it is called in an error.
        side: Pixels of its longer side at most.

    Returns:
        A JPEG, turned as its camera said, white where one could see through.

    Raises:
        UnreadableSourceError: it is no such picture, is broken, or has too many pixels.
    """
    try:
        with _opened(content) as image:
            width, height = image.size
            if width * height > limits.FETCHED_PREVIEW_PIXELS:
                raise ValueError(f"{width:,} x {height:,} pixels are too many")  # noqa: TRY301 - one place says it
            return _as_jpeg(_flattened(image, side))
    # For broken pictures the readers raise errors of any class.
    except Exception as error:
        raise UnreadableSourceError(
            f"{name} is not a displayable picture: {str(error) or type(error).__name__}",
            hint="The model is not affected. To have a preview, put a picture beside it.",
        ) from error


def _opened(content: bytes) -> Image:
    """Open a picture without decoding it.

    The reader of its kind is taken: ``PIL.Image.open`` would try all that there are, and warn in
    its own words of pictures that are too large.
    """
    for at, mark, module, reader in _KINDS:
        if content.startswith(mark, at):
            opened: Any = getattr(importlib.import_module(f"PIL.{module}"), reader)
            image: Image = opened(io.BytesIO(content))
            return image
    raise ValueError("it is neither PNG, JPEG, WEBP, AVIF nor GIF")


def _flattened(image: Image, side: int) -> Image:
    from PIL import Image as Pillow  # noqa: PLC0415 - most commands draw nothing
    from PIL import ImageOps  # noqa: PLC0415 - as above

    image.draft("RGB", (side, side))  # a large JPEG is decoded small
    has_holes = "A" in image.getbands() or "transparency" in image.info
    drawn = ImageOps.exif_transpose(image).convert("RGBA" if has_holes else "RGB")
    drawn.thumbnail((side, side))
    # A new picture: the old one carries what was written beside its pixels.
    flat = Pillow.new("RGB", drawn.size, _BACKGROUND)
    flat.paste(drawn, mask=drawn.getchannel("A") if has_holes else None)
    return flat


def _as_jpeg(image: Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()
