"""Pictures of what a model makes: ``stem.preview.png``, ``stem.png``, ``stem.thumb.jpg`` ..."""

from __future__ import annotations

import re

from modelkeep.core import limits
from modelkeep.core.reading import LocalFile
from modelkeep.sources.sidecars.info import SidecarInfo
from modelkeep.sources.sidecars.reader import Sidecar, SidecarReader, Subject

EXTENSIONS = ("png", "jpg", "jpeg", "webp", "gif", "avif")
_MARKS = (".preview.", ".", ".thumb.")
_ENDINGS = tuple(
    mark + form for mark in _MARKS for ext in EXTENSIONS for form in (ext, ext.upper())
)
_PNG = b"\x89PNG\r\n\x1a\n"
_PICTURES = re.compile(
    rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP|....ftyp(?:avif|avis)", re.DOTALL
)
_HEAD_BYTES = 16
#: Keyword of the PNG text in which A1111 keeps an embedding.
_EMBEDDING = b"sd-ti-embedding\0"
_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})


class Previews(SidecarReader):
    """Pictures beside the model; the first one that is a picture by its contents is shown."""

    name = "preview"
    order = 80

    def find(self, model: Subject) -> tuple[str, ...]:
        """Return the names that are there: ``.preview.`` first, ``.thumb.`` last."""
        return model.beside(*_ENDINGS)

    def read(self, model: Subject, sidecar: Sidecar) -> SidecarInfo | None:
        """Return the picture, or None where it is an embedding: that is a model of its own."""
        with sidecar.open() as file:
            if file.size > limits.PREVIEW_BYTES:
                raise sidecar.broken(
                    f"has {file.size:,} bytes; a preview has at most {limits.PREVIEW_BYTES:,}"
                )
            head = file.read_at(0, min(file.size, _HEAD_BYTES))
            if not _PICTURES.match(head):
                raise sidecar.broken("is not a picture despite its name")
            is_plain = sidecar.path.stem == model.stem
            if is_plain and head.startswith(_PNG) and holds_embedding(file):
                return None
        return SidecarInfo(preview=sidecar.path)


def holds_embedding(file: LocalFile) -> bool:
    """Return whether a PNG has an embedding among the texts before its pixels.

    Raises:
        UnreadableSourceError, CorruptModelError: it cannot be read.
    """
    here = len(_PNG)
    for _ in range(limits.PNG_CHUNKS):
        if here + 8 > file.size:
            return False
        chunk = file.read_at(here, min(8 + len(_EMBEDDING), file.size - here))
        kind, length = chunk[4:8], int.from_bytes(chunk[:4], "big")
        if kind == b"IDAT":
            return False
        if kind in _TEXTS and chunk[8:] == _EMBEDDING:
            return True
        here += 12 + length
    return False


READER = Previews()
