"""``read_safetensors``: names, shapes and metadata of a safetensors file, every claim checked.

The format is eight bytes of length, a JSON object, and the data. What the JSON says about the
data must be true of the file: entries cover it once, without overlap, hole or rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from modelkeep.core import limits
from modelkeep.core.names import counted
from modelkeep.core.reading import ReadAt
from modelkeep.errors import CorruptModelError
from modelkeep.identification.header import TensorHeader, TensorInfo
from modelkeep.identification.readers.dtypes import element, number
from modelkeep.identification.readers.flaw import Flaw
from modelkeep.identification.readers.safetensors_entries import share
from modelkeep.identification.readers.safetensors_pieces import read_pieces

LENGTH_BYTES = 8
#: What one entry weighs in memory beside its name: the struct, its offsets, its place in the dict.
ENTRY_MEMORY = 180


def read_safetensors(file: ReadAt) -> TensorHeader:
    """Read and check the header of a safetensors file.

    Two reads for ordinary headers (the length, then the header), more for one above 1 MiB, which
    is decoded in slices so that memory stays bounded. Not one byte of the data is read.

    Args:
        file: The file, or whatever gives its bytes.

    Returns:
        Every tensor in the order of the header, and ``__metadata__``.

    Raises:
        CorruptModelError: the file is not valid, or over a limit; the message names the byte.
    """
    try:
        length = _header_length(file)
        tensors, metadata = _collect(file, length)
        _check_tiling(tensors, file.size - LENGTH_BYTES - length, LENGTH_BYTES + length)
    except Flaw as flaw:
        raise CorruptModelError(
            f"{file.name} is not a valid safetensors file: {flaw.reason} at byte {flaw.at:,}",
            hint="Download the file again from its source. It is damaged or malformed.",
        ) from flaw
    return TensorHeader(
        name=file.name,
        container="safetensors",
        size=file.size,
        tensors=tensors,
        metadata=metadata,
    )


def _header_length(file: ReadAt) -> int:
    if file.size == 0:
        raise Flaw("the file is empty", 0)
    if file.size < LENGTH_BYTES + 2:
        raise Flaw(f"the file has {counted(file.size, 'byte')}, too few for a header", 0)
    length = int.from_bytes(file.read_at(0, LENGTH_BYTES), "little")
    if length > limits.SAFETENSORS_HEADER_BYTES:
        raise Flaw(
            f"its header claims {number(length)} bytes, over the limit of"
            f" {limits.SAFETENSORS_HEADER_BYTES:,}",
            0,
        )
    if length + LENGTH_BYTES > file.size:
        raise Flaw(f"its header claims {length:,} bytes, the file has {file.size:,}", 0)
    if length < len("{}"):
        raise Flaw(f"its header claims {counted(length, 'byte')}, too few for a JSON object", 0)
    return length


def _collect(file: ReadAt, length: int) -> tuple[dict[str, TensorInfo], dict[str, str]]:
    """Join the decoded pieces of the header, in bounded memory."""
    tensors: dict[str, TensorInfo] = {}
    metadata: dict[str, str] | None = None
    shapes: dict[tuple[int, ...], tuple[int, ...]] = {}
    weight = 0
    for piece in read_pieces(file, LENGTH_BYTES, length):
        if piece.metadata is not None:
            if metadata is not None:
                raise Flaw("the key '__metadata__' stands twice", piece.at)
            metadata = piece.metadata
        if piece.whole:
            return piece.tensors, metadata or {}
        weight += share(piece.tensors, shapes) + ENTRY_MEMORY * len(piece.tensors)
        expected = len(tensors) + len(piece.tensors)
        tensors.update(piece.tensors)
        if len(tensors) != expected:
            raise Flaw("a tensor name stands twice, the second time in the entries", piece.at)
        if expected > limits.SAFETENSORS_TENSORS:
            raise Flaw(f"over the limit of {limits.SAFETENSORS_TENSORS:,} tensors", piece.at)
        if weight > limits.SAFETENSORS_MEMORY:
            raise Flaw(
                f"names and shapes need over {limits.SAFETENSORS_MEMORY:,} bytes of memory,"
                " the limit,",
                piece.at,
            )
    return tensors, metadata or {}


def _check_tiling(tensors: dict[str, TensorInfo], data: int, start: int) -> None:
    """Check that the tensors cover ``data`` bytes exactly once.

    Most files list them in the order of the data. For the others: sorted begins b and sorted
    ends e with b[0] = 0, b[i+1] = e[i] and e[-1] = data say that at every place as many tensors
    end as begin, so that exactly one lies over every byte. (That begin <= end holds for each has
    been seen with its size.)
    """
    covered = 0
    for info in tensors.values():
        begin, end = info.data_offsets
        if begin != covered:
            break
        covered = end
    else:
        if covered == data:
            return
    begins = sorted([info.data_offsets[0] for info in tensors.values()])
    ends = sorted([info.data_offsets[1] for info in tensors.values()])
    if begins and begins[0] == 0 and ends[-1] == data and begins[1:] == ends[:-1]:
        # The one thing that this lets through: an empty tensor in the middle of another.
        if all(0 not in info.shape for info in tensors.values()):
            return
        offsets = sorted([info.data_offsets for info in tensors.values()])
        if all(end == begin for (_, end), (begin, _) in pairwise(offsets)):
            return
    raise next(_tiling_flaws(tensors, data, start))


def _tiling_flaws(tensors: dict[str, TensorInfo], data: int, start: int) -> Iterator[Flaw]:
    """Return which rule the offsets break; the first one counts."""
    if not tensors:
        yield Flaw(f"{counted(data, 'byte')} of data, which no tensor has", start)
    covered = 0
    for name, info in sorted(tensors.items(), key=lambda item: item[1].data_offsets):
        shown = element(name)
        begin, end = info.data_offsets
        if begin < 0:
            yield Flaw(f"{shown} begins before the data", start)
        if end > data:
            yield Flaw(
                f"{shown} ends at {number(end)} of {data:,} bytes of data: the file is"
                " truncated or wrong",
                start + data,
            )
        if begin > covered:
            yield Flaw(
                f"a hole of {counted(begin - covered, 'byte')} before {shown}", start + covered
            )
        if begin < covered:
            kind = "overlaps" if end > begin else "is an empty tensor that is inside"
            yield Flaw(f"{shown} {kind} another tensor", start + begin)
        covered = max(covered, end)
    yield Flaw(
        f"{counted(data - covered, 'byte')} after the last tensor, which no tensor has",
        start + covered,
    )
