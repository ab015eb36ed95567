"""One JSON object of a safetensors header, decoded and checked entry by entry."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from math import prod
from typing import Any, Final

import msgspec

from modelkeep.core import limits
from modelkeep.identification.header import TensorInfo
from modelkeep.identification.readers.dtypes import DTYPE_BITS, NUMBER_END, element, number
from modelkeep.identification.readers.flaw import Flaw

METADATA_KEY: Final = "__metadata__"
FIELDS: Final = frozenset({"dtype", "shape", "data_offsets"})
#: Quotes of an entry that has nothing but the three fields: 2 each for its name, 3 keys, 1 value.
QUOTES_OF_ENTRY: Final = 10

_DTYPES: Final = {name: name for name in DTYPE_BITS}
_BYTE: Final = re.compile(r"\(byte (\d+)\)")
_entries: Final = msgspec.json.Decoder(dict[str, TensorInfo])


def decode_entries(body: bytes, at: int) -> tuple[dict[str, TensorInfo], dict[str, Any] | None]:
    """Decode one JSON object of entries that starts at byte ``at`` of the file.

    Returns:
        The tensors, checked one by one, and ``__metadata__`` unchanged, if present.

    Raises:
        Flaw: the JSON, a field, a size or a key is not as the format asks.
    """
    metadata: dict[str, Any] | None = None
    try:
        tensors = _entries.decode(body)
    except (ValueError, RecursionError):
        tensors, metadata = _decode_exactly(body, at)
    else:
        if not _free_of_extras(body, tensors):
            _refuse_extras(body, at)
    _check_entries(body, tensors, at)
    return tensors, metadata


def _free_of_extras(body: bytes, tensors: dict[str, TensorInfo]) -> bool:
    """Return whether a decoded object surely has no duplicate key and no unknown field.

    Each decoded entry stands in the text with its name, ``dtype`` and its value, ``shape`` and
    ``data_offsets``: ten quotes. A further key, duplicate or unknown, adds at least two. So at
    ten a tensor there is nothing further, unless an entry lacks ``data_offsets``, which alone
    may be left out of the struct: then it has (0, 0), as few others have. A quote inside a name
    makes the answer no, and the exact way decides.
    """
    return (
        body.count(b'"') == QUOTES_OF_ENTRY * len(tensors)
        and METADATA_KEY not in tensors
        and (0, 0) not in [info.data_offsets for info in tensors.values()]
    )


def _refuse_extras(body: bytes, at: int) -> None:
    """Look for duplicates and unknown or missing fields in what has been decoded."""
    for name, entry in parse_strictly(body, at).items():
        if name == METADATA_KEY:
            raise Flaw("'__metadata__' holds something that is not text", position(body, name, at))
        if entry.keys() != FIELDS:
            reason = next(_entry_flaws(entry))
            raise Flaw(f"{element(name)} {reason}", position(body, name, at))


def _decode_exactly(body: bytes, at: int) -> tuple[dict[str, TensorInfo], dict[str, Any] | None]:
    """Decode slowly, refusing each duplicate and each field that should not be there."""
    document = parse_strictly(body, at)
    present = METADATA_KEY in document
    metadata = document.pop(METADATA_KEY, None)
    if metadata is None and present:  # safetensors takes it for none
        metadata = {}
    if present and not isinstance(metadata, dict):
        raise Flaw("'__metadata__' is not an object", position(body, METADATA_KEY, at))
    tensors: dict[str, TensorInfo] = {}
    for name, entry in document.items():
        for reason in _entry_flaws(entry):
            raise Flaw(f"{element(name)} {reason}", position(body, name, at))
        shape, offsets = tuple(entry["shape"]), tuple(entry["data_offsets"])
        tensors[name] = TensorInfo(entry["dtype"], shape, offsets)
    return tensors, metadata


def parse_strictly(body: bytes, at: int) -> dict[str, Any]:
    """Parse a JSON object with the standard library; duplicates, NaN and the like are flaws."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            twice = next(
                key for key, times in Counter(key for key, _ in pairs).items() if times > 1
            )
            raise Flaw(
                f"the key {element(twice)} stands twice", position(body, twice, at, last=True)
            )
        return found

    def no_constant(text: str) -> Any:
        raise Flaw(f"{text} is not JSON", at + max(body.find(text.encode()), 0))

    try:
        document = json.loads(
            body.decode("utf-8"), object_pairs_hook=unique, parse_constant=no_constant
        )
        # The standard library lets half a surrogate pair through; msgspec does not.
        msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except UnicodeDecodeError as error:
        raise Flaw("its header is not UTF-8", at + error.start) from error
    except RecursionError as error:
        raise Flaw("its header is nested too deeply", at) from error
    except json.JSONDecodeError as error:
        before = len(error.doc[: error.pos].encode("utf-8", "surrogatepass"))
        raise Flaw(f"its header is not JSON ({error.msg})", at + before) from error
    except ValueError as error:
        place = _BYTE.search(str(error))
        where = at + int(place[1]) if place else at
        raise Flaw(
            f"its header is not JSON ({_BYTE.sub('', str(error)).strip()})", where
        ) from error
    if not isinstance(document, dict):
        raise Flaw("its header is not a JSON object", at)
    return document


def _entry_flaws(entry: Any) -> Iterator[str]:
    """Yield what is wrong with one entry; only the first is reliable."""
    if not isinstance(entry, dict):
        yield "is not an object"
    for field in sorted(FIELDS - entry.keys()):
        yield f"lacks the field {field!r}"
    for field in sorted(entry.keys() - FIELDS):
        yield f"has the unknown field {element(field)}"
    if not isinstance(entry["dtype"], str):
        yield "has a dtype that is not text"
    if not _integers(entry["shape"]):
        yield "has a shape that is not a list of integers"
    if not _integers(entry["data_offsets"]) or len(entry["data_offsets"]) != len(("begin", "end")):
        yield "has data_offsets that are not two integers"


def _integers(value: Any) -> bool:
    # bool is an int to isinstance, and true is no dimension.
    return isinstance(value, list) and all(type(part) is int for part in value)


def _check_entries(body: bytes, tensors: dict[str, TensorInfo], at: int) -> None:
    """Check dtype, shape and size of every tensor."""
    infos = tensors.values()
    shapes = {info.shape for info in infos}
    if (
        max(map(len, shapes), default=0) <= limits.TENSOR_DIMENSIONS
        and min(chain.from_iterable(shapes), default=0) >= 0
        and {info.dtype for info in infos} <= DTYPE_BITS.keys()
    ):
        asked = [prod(info.shape) * DTYPE_BITS[info.dtype] for info in infos]
        if asked == [(info.data_offsets[1] - info.data_offsets[0]) * 8 for info in infos]:
            return
    for name, info in tensors.items():
        for reason in _size_flaws(info):
            raise Flaw(f"{element(name)} {reason}", position(body, name, at))


def _size_flaws(info: TensorInfo) -> Iterator[str]:
    """Yield what is wrong with the size of one tensor; only the first is reliable."""
    begin, end = info.data_offsets
    if info.dtype not in DTYPE_BITS:
        yield f"has the unknown dtype {element(info.dtype)}"
    if len(info.shape) > limits.TENSOR_DIMENSIONS:
        yield f"has {len(info.shape):,} dimensions, over the limit of {limits.TENSOR_DIMENSIONS}"
    if min(info.shape, default=0) < 0:
        yield "has a negative dimension"
    if max(info.shape, default=0) >= NUMBER_END:
        yield "has a dimension of over 63 bits"
    if begin > end:
        yield f"begins at {number(begin)} and ends before, at {number(end)}"
    size = prod(info.shape) * DTYPE_BITS[info.dtype]
    if size != (end - begin) * 8:
        asked = number(size // 8) + (" and a part of one" if size % 8 else "")
        yield f"has {number(end - begin)} bytes where its shape asks for {asked}"


def position(body: bytes, name: str, at: int, *, last: bool = False) -> int:
    """Return the byte of the file where ``name`` stands; ``at`` where it is written otherwise."""
    for text in (json.dumps(name, ensure_ascii=False), json.dumps(name)):
        quoted = text.encode("utf-8", "surrogatepass")
        found = body.rfind(quoted) if last else body.find(quoted)
        if found >= 0:
            return at + found
    return at


def share(tensors: dict[str, TensorInfo], shapes: dict[tuple[int, ...], tuple[int, ...]]) -> int:
    """Let tensors share what is equal among them: dtypes, shapes, an end with the next begin.

    Args:
        tensors: Changed in place.
        shapes: The shapes seen so far; grows.

    Returns:
        The bytes of memory that their names, and the shapes new among them, take.
    """
    weight = 0
    previous = 0
    for name, info in tensors.items():
        begin, end = info.data_offsets
        if begin == previous:
            begin = previous
        previous = end
        shape = shapes.get(info.shape)
        if shape is None:
            shape = shapes.setdefault(info.shape, info.shape)
            weight += shape.__sizeof__() + 32 * len(shape) + 80
        weight += name.__sizeof__()
        tensors[name] = TensorInfo(_DTYPES[info.dtype], shape, (begin, end))
    return weight
