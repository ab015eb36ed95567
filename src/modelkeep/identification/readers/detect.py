"""``read_header``: which reader a weight file needs, decided by its bytes and never its suffix."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from modelkeep.core import limits
from modelkeep.core.reading import ReadAt
from modelkeep.errors import CorruptModelError, UnknownModelError
from modelkeep.identification.header import TensorHeader
from modelkeep.identification.readers.dtypes import element
from modelkeep.identification.readers.gguf import MAGIC, read_gguf
from modelkeep.identification.readers.onnx import read_onnx
from modelkeep.identification.readers.pickle_file import read_pickle
from modelkeep.identification.readers.pickle_zip import LOCAL_SIGNATURE
from modelkeep.identification.readers.safetensors import LENGTH_BYTES, read_safetensors

HEAD_BYTES: Final = 1024
_AGAIN: Final = "Download the file again from its source."
_LOG_IN: Final = "Log in to the site or pass its token, then download the model again."
_UNPACK: Final = "Unpack it and pass the model inside."
_WEIGHTS: Final = "Pass the file with the weights: .safetensors, .ckpt, .pt, .pth or .bin."
_HIGHEST_PROTOCOL: Final = 5


class _Known(NamedTuple):
    """Something that is often taken for a model: how it begins, what it is, what to do."""

    begins: re.Pattern[bytes]
    what: str
    hint: str
    error: type[CorruptModelError | UnknownModelError]


def _known(
    pattern: bytes,
    what: str,
    hint: str,
    error: type[CorruptModelError | UnknownModelError] = UnknownModelError,
) -> _Known:
    return _Known(re.compile(pattern, re.DOTALL | re.IGNORECASE), what, hint, error)


_BLANK: Final = rb"(?:\xef\xbb\xbf)?\s*"
#: A version of the format, then one of the fields that follow it.
_ONNX: Final = re.compile(rb"\x08[\x03-\x20][\x12\x1a\x22\x28\x32\x3a\x42]")
#: How a table of TensorFlow ends, such as a checkpoint of its first version.
_TABLE_END: Final = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"
_TORCH: Final = "Use the version of the model for torch: a safetensors file or a diffusers folder."
_KNOWN: Final = (
    _known(
        _BLANK + rb"(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b",
        "a web page, probably a login page",
        _LOG_IN,
        CorruptModelError,
    ),
    _known(
        _BLANK + rb"(?:<\?xml[^>]{0,200}>\s*)?<net\s",
        "the graph of an OpenVINO model, which is not supported",
        _TORCH,
    ),
    _known(_BLANK + rb"<\?xml|" + _BLANK + rb"<svg\b", "an XML document", _AGAIN),
    _known(
        rb"version https://git-lfs\.github\.com/spec/",
        "a Git LFS pointer instead of the model",
        "Run `git lfs pull` in its repository, or download the file itself.",
        CorruptModelError,
    ),
    _known(
        rb"(?:[\x81-\x8f]|\xde..|\xdf....)(?:[\xa1-\xbf]|\xd9.)[a-z_]{3}",
        "a Flax model in MessagePack, which is not supported",
        _TORCH,
    ),
    _known(rb"....TFL3", "a TensorFlow Lite model, which is not supported", _TORCH),
    _known(
        rb"\x08\x01\x12[\x80-\xff]{0,4}[\x00-\x7f]\x0a",
        "a SavedModel of TensorFlow, which is not supported",
        _TORCH,
    ),
    _known(
        rb"\x08[\x02-\x10]\x12[\x80-\xff]{0,4}[\x00-\x7f]\x0a",
        "a Core ML model, which is not supported",
        _TORCH,
    ),
    _known(rb"ptrt", "a TensorRT engine, which is not supported", _TORCH),
    _known(
        rb"(?:lmgg|tjgg|fmgg|algg)",
        "a GGML file of the time before GGUF, which is not supported",
        "Use a GGUF or safetensors version of the model.",
    ),
    _known(rb"\x1f\x8b", "a gzip archive", _UNPACK),
    _known(rb"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    _known(rb"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    _known(rb"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    _known(rb"\x28\xb5\x2f\xfd", "a Zstandard archive", _UNPACK),
    _known(rb"BZh[1-9]1AY", "a bzip2 archive", _UNPACK),
    _known(rb"PK\x05\x06", "an empty zip archive", _AGAIN),
    _known(rb"\x89PNG\r\n\x1a\n", "a PNG picture", _WEIGHTS),
    _known(rb"\xff\xd8\xff", "a JPEG picture", _WEIGHTS),
    _known(rb"GIF8[79]a", "a GIF picture", _WEIGHTS),
    _known(rb"BM.{4}\0{4}", "a BMP picture", _WEIGHTS),
    _known(rb"(?:II\*\0|MM\0\*)", "a TIFF picture", _WEIGHTS),
    _known(rb"....ftyp(?:avif|heic|mif1)", "an AVIF or HEIF picture", _WEIGHTS),
    _known(rb"....ftyp", "a video", _WEIGHTS),
    _known(rb"RIFF....WEBP", "a WebP picture", _WEIGHTS),
    _known(rb"%PDF-", "a PDF document", _WEIGHTS),
    _known(rb"SQLite format 3\x00", "an SQLite database", _WEIGHTS),
    _known(
        rb"\x89HDF\r\n\x1a\n",
        "an HDF5 file, as Keras writes them, which is not supported",
        _TORCH,
    ),
    _known(rb"\x93NUMPY", "a NumPy array, which is not supported", _WEIGHTS),
    _known(rb"\x7fELF|MZ.{58}", "a program", _WEIGHTS),
    _known(_BLANK + rb"[{\[]\s*[\"{\[\]}\d]", "a JSON document", _WEIGHTS),
    _known(rb"---\s|[A-Za-z_][\w-]*:(?: |\r?\n)", "a YAML document", _WEIGHTS),
)
#: The first file of the archives that torch wrote once.
_OLD_TORCH: Final = (b"storages", b"tensors", b"pickle", b"sys_info")
#: Plain text, with the blanks that texts have; a pickle in text form is recognised before.
_TEXT: Final = re.compile(rb"[\t\r\n\f\x20-\x7e\x80-\xff]+")
#: Of a text in whatever old encoding most is still letters.
_MOSTLY: Final = 0.5
#: A textual pickle begins with a global, or a container and an operation on it.
_TEXTUAL_PICKLE: Final = re.compile(
    rb"\(*(?:c[\w.]+\r?\n[\w.]+\r?\n|[dl]p?\d*\n|i[\w.]+\n[\w.]+\n|[\]})][q(.}\]r0-9]|"
    rb"[ILFSV][^\n]{0,200}\n[\x00-\xff])"
)


def container_of(file: ReadAt) -> str:
    """Return what the bytes of a weight file are, see ``FileForm``; empty when nothing known."""
    head = file.read_at(0, min(file.size, HEAD_BYTES))
    if _looks_like_safetensors(head, file.size):
        return "safetensors"
    is_pickle = head.startswith(LOCAL_SIGNATURE) or _looks_like_pickle(head)
    if is_pickle or _TEXTUAL_PICKLE.match(head):
        return "pickle"
    if head.startswith(MAGIC):
        return "gguf"
    return "onnx" if _ONNX.match(head) else ""


def read_header(file: ReadAt, *, thorough: bool = True) -> TensorHeader:
    """Read the header of a weight file of any known kind.

    Args:
        file: The file, or whatever gives its bytes.
        thorough: As for ``read_pickle``.

    Returns:
        Names, shapes and metadata; ``container`` is the kind of file.

    Raises:
        UnsafeModelError: it is a pickle that would run code.
        CorruptModelError: it is damaged, over a limit, or stands in place of a model.
        UnknownModelError: it is something else; the message names it, where that is known.
    """
    if file.size == 0:
        raise CorruptModelError(f"{file.name} is empty", hint=_AGAIN)
    head = file.read_at(0, min(file.size, HEAD_BYTES))
    if _looks_like_safetensors(head, file.size):
        return read_safetensors(file)
    if head.startswith(LOCAL_SIGNATURE) or _looks_like_pickle(head):
        return read_pickle(file, thorough=thorough)
    if head.startswith(MAGIC):
        return read_gguf(file)
    for known in _KNOWN:
        if known.begins.match(head):
            raise known.error(f"{file.name} is {known.what}", hint=known.hint)
    if _ONNX.match(head):
        return read_onnx(file)
    _refuse_others(file, head)
    if _TEXTUAL_PICKLE.match(head) is None and _is_text(head):
        raise UnknownModelError(f"{file.name} is a text file, not a model", hint=_WEIGHTS)
    return _last_try(file, head, thorough=thorough)


def _is_text(head: bytes) -> bool:
    """Tell whether a file begins as a text does, in UTF-8 or an encoding with one byte a letter."""
    if _TEXT.fullmatch(head) is None:
        return False
    if len(head.decode("ascii", "ignore")) >= _MOSTLY * len(head):
        return True
    try:
        getincrementaldecoder("utf-8")().decode(head)  # the last letter may be cut
    except UnicodeDecodeError:
        return False
    return True


def _refuse_others(file: ReadAt, head: bytes) -> None:
    """Refuse what does not show in its first bytes."""
    if not head.strip(b"\0") and _all_zero(file):
        raise CorruptModelError(
            f"{file.name} contains only zeros; its download never finished", hint=_AGAIN
        )
    if _is_tar(head) and not head.startswith(_OLD_TORCH):
        first = head[:100].rstrip(b"\0").decode("utf-8", "backslashreplace")
        raise UnknownModelError(
            f"{file.name} is a tar archive, whose first file is {element(first)}", hint=_UNPACK
        )
    end = len(_TABLE_END)
    if file.size >= end and file.read_at(file.size - end, end) == _TABLE_END:
        raise UnknownModelError(
            f"{file.name} is a checkpoint of TensorFlow, which is not supported", hint=_TORCH
        )


def _is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar"


def _looks_like_safetensors(head: bytes, size: int) -> bool:
    """Return whether eight bytes of length come before a brace.

    A length beyond the file still counts, unless its bytes are letters: the file is truncated or
    lies then, and the reader reports it.
    """
    if head[LENGTH_BYTES : LENGTH_BYTES + 1] != b"{":
        return False
    length = int.from_bytes(head[:LENGTH_BYTES], "little")
    plausible = length <= max(size, limits.SAFETENSORS_HEADER_BYTES)
    return plausible or not _TEXT.fullmatch(head[:LENGTH_BYTES])


def _looks_like_pickle(head: bytes) -> bool:
    return len(head) > 1 and head[0] == 0x80 and head[1] <= _HIGHEST_PROTOCOL  # noqa: PLR2004 - the opcode PROTO


def _all_zero(file: ReadAt) -> bool:
    """Return whether the sampled places are zero: some at the front, the middle and the end."""
    count = min(file.size, HEAD_BYTES)
    places = (file.size // 2, file.size - count)
    return not any(
        file.read_at(min(place, file.size - count), count).strip(b"\0") for place in places
    )


def _last_try(file: ReadAt, head: bytes, *, thorough: bool) -> TensorHeader:
    """Walk what may still be a pickle, since unpicklers would; nothing else is left."""
    try:
        return read_pickle(file, thorough=thorough)
    except CorruptModelError as error:
        if _is_tar(head) or _TEXTUAL_PICKLE.match(head):
            raise
        what = "of no known format: neither safetensors nor a torch checkpoint"
        if PurePosixPath(file.name).name.startswith("openvino_"):
            what = "the numbers of an OpenVINO model, which is not supported"
        raise UnknownModelError(f"{file.name} is {what}", hint=_WEIGHTS) from error
