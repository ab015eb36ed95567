"""A safetensors header as pieces: one for ordinary files, bounded slices for a huge header.

A huge header is cut behind an entry, at ``]},"``. A cut that fell inside a name gives a slice
that does not decode, and the cut before it is tried: a slice is right or refused, never misread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from modelkeep.core import limits
from modelkeep.core.reading import ReadAt
from modelkeep.identification.header import TensorInfo
from modelkeep.identification.readers.flaw import Flaw
from modelkeep.identification.readers.safetensors_entries import decode_entries, parse_strictly

#: A header up to here is decoded at once.
WHOLE: Final = limits.MIB
#: Above, in slices of this size. Whatever is in one, decoding it stays within some 40 MiB.
SLICE: Final = limits.MIB // 2
#: What JSON takes for blanks.
BLANKS: Final = b" \t\r\n"
#: Slices that may turn out to be cut inside a name, in one header.
WRONG_CUTS: Final = 8

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_PAIR: Final = re.compile(_STRING + rb"\s*+:\s*+" + _STRING)
_PAIRS = rb"(?:" + _PAIR.pattern + rb"(?:\s*+,\s*+" + _PAIR.pattern + rb")*+)?+"
#: ``__metadata__`` as the first key of an object, and what follows it: another key or the end.
_METADATA: Final = re.compile(
    rb'\{\s*+"__metadata__"\s*+:\s*+(null|\{\s*+' + _PAIRS + rb'\s*+\})\s*+(?:(,)(?=\s*+")|\})',
    re.DOTALL,
)
_METADATA_BEGINS: Final = re.compile(rb'\{\s*+"__metadata__"')
_CUT: Final = re.compile(rb'\}\s*+,(?=\s*+")')
#: Text that is not one byte a character in memory.
_WIDE: Final = re.compile(rb"[\x80-\xff]|(?<!\\)(?:\\\\)*+\\u")
_metadata: Final = msgspec.json.Decoder(dict[str, str])


class Piece(NamedTuple):
    """Some entries of a header: where they begin in the file, and whether they are all."""

    tensors: dict[str, TensorInfo]
    metadata: dict[str, str] | None
    at: int
    whole: bool


def read_pieces(file: ReadAt, start: int, length: int) -> Iterator[Piece]:
    """Read ``length`` bytes of header from ``start`` and decode them piece by piece.

    Raises:
        Flaw: the header is malformed or over a limit.
    """
    if length <= WHOLE:
        body = file.read_at(start, length)
        if not body.startswith(b"{"):
            raise Flaw("its header does not begin with '{'", start)
        yield _finish(body, start, whole=True)
        return
    yield from _Slices(file, start, length).pieces()


def _finish(body: bytes, at: int, *, whole: bool) -> Piece:
    """Decode an object to whose end the header has been read."""
    metadata = None
    found = _METADATA.match(body)
    if found:
        metadata = _decode_metadata(found[1], at + found.start(1))
        body = (b"{" if found[2] else b"{}") + body[found.end() :]
        at += found.end() - 1
    tensors, late = decode_entries(body, at)
    if late is not None:
        if metadata is not None:
            raise Flaw("the key '__metadata__' stands twice", at)
        metadata = _text_only(late, at)
    return Piece(tensors, metadata, at, whole)


def _decode_metadata(text: bytes, at: int) -> dict[str, str]:
    if text == b"null":  # safetensors takes it for none
        return {}
    pairs = sum(1 for _ in _PAIR.finditer(text))
    if pairs > limits.SAFETENSORS_METADATA_KEYS:
        raise Flaw(f"over the limit of {limits.SAFETENSORS_METADATA_KEYS:,} metadata keys", at)
    try:
        metadata = _metadata.decode(text)
    except ValueError:
        return _text_only(parse_strictly(text, at), at)
    if len(metadata) != pairs:
        return _text_only(parse_strictly(text, at), at)
    return metadata


def _text_only(metadata: dict[str, Any], at: int) -> dict[str, str]:
    if not all(isinstance(value, str) for value in metadata.values()):
        raise Flaw("'__metadata__' holds something that is not text", at)
    return metadata


class _Slices:
    """The walk over a header that is too large to be decoded at once."""

    def __init__(self, file: ReadAt, start: int, length: int) -> None:
        self.file = file
        self.position = start
        self.end = start + length
        # Not yet decoded; begins with the brace or comma that stands at byte ``at`` of the file.
        self.buffer = b""
        self.at = start
        self.seen = 0
        self.wrong_cuts = WRONG_CUTS

    def pieces(self) -> Iterator[Piece]:
        while self.position < self.end:
            self._read()
            yield from self._decode_some()
        if len(self.buffer) > 2 * SLICE:
            raise Flaw(self._too_long(), self.at)
        yield _finish(self.buffer, self.at, whole=False)

    def _read(self) -> None:
        """Read on: one slice, or as much again as there is of ``__metadata__``."""
        wanted = SLICE
        if _METADATA_BEGINS.match(self.buffer):
            room = limits.SAFETENSORS_VALUE_BYTES + SLICE - len(self.buffer)
            wanted = min(max(SLICE, len(self.buffer)), max(room, SLICE))
        count = min(wanted, self.end - self.position)
        chunk = self.file.read_at(self.position, count)
        if not self.buffer and not chunk.startswith(b"{"):
            raise Flaw("its header does not begin with '{'", self.position)
        self.position += count
        self.seen += chunk.count(b'"data_offsets"')
        if self.seen > limits.SAFETENSORS_TENSORS:
            raise Flaw(f"over the limit of {limits.SAFETENSORS_TENSORS:,} tensors", self.position)
        self.buffer = self.buffer + chunk if self.buffer else chunk
        if not chunk.strip(BLANKS):
            self._skip_blanks()

    def _skip_blanks(self) -> None:
        """Pass over padding: a mebibyte of blanks can only stand behind the last entry."""
        while self.position < self.end:
            count = min(SLICE, self.end - self.position)
            if self.file.read_at(self.position, count).strip(BLANKS):
                raise Flaw("a mebibyte of blanks stands inside its header", self.position)
            self.position += count

    def _decode_some(self) -> Iterator[Piece]:
        """Decode what is complete, slice by slice, and keep at most one slice for later."""
        text, at = self._cut_metadata()
        if text:
            yield Piece({}, _decode_metadata(text, at), at, whole=False)
        elif _METADATA_BEGINS.match(self.buffer):
            if len(self.buffer) > limits.SAFETENSORS_VALUE_BYTES:
                raise Flaw(self._too_long(), self.at)
            return
        while len(self.buffer) > SLICE:
            cuts = self._cuts()
            if not cuts:
                if len(self.buffer) > 2 * SLICE:
                    raise Flaw(self._too_long(), self.at)
                return
            yield self._decode_slice(cuts)

    def _cut_metadata(self) -> tuple[bytes, int]:
        """Take ``__metadata__`` off the front of the buffer; return its text and its place."""
        found = _METADATA.match(self.buffer)
        if not found:
            return b"", 0
        text, at = found[1], self.at + found.start(1)
        # Beyond Latin letters a character may take four bytes, and so half as much is allowed.
        allowed = limits.SAFETENSORS_VALUE_BYTES
        if len(text) > allowed or (len(text) > allowed // 2 and _WIDE.search(text)):
            raise Flaw(self._too_long(), self.at)
        after = found.end() if found[2] else found.end() - 1
        self.buffer = b"{" + self.buffer[after:]
        self.at += after - 1
        return text, at

    def _decode_slice(self, cuts: list[int]) -> Piece:
        """Decode up to the first of ``cuts`` that is none inside a name."""
        for cut in cuts:
            try:
                piece = _finish(self.buffer[: cut + 1] + b"}", self.at, whole=False)
            except Flaw:
                self.wrong_cuts -= 1
                if self.wrong_cuts < 0 or cut == cuts[-1]:
                    raise
            else:
                self._keep_from(self.buffer.index(b",", cut))
                return piece
        raise AssertionError(cuts)

    def _too_long(self) -> str:
        if _METADATA_BEGINS.match(self.buffer):
            allowed = limits.SAFETENSORS_VALUE_BYTES
            return f"'__metadata__' is over the limit of {allowed:,} bytes, or no object of texts,"
        return f"an entry is longer than the limit of {SLICE:,} bytes"

    def _keep_from(self, comma: int) -> None:
        self.buffer = b"{" + self.buffer[comma + 1 :]
        self.at += comma

    def _cuts(self) -> list[int]:
        """Return the braces to try as the end of a slice, the likeliest first."""
        last = self.buffer.rfind(b']},"', 0, 2 * SLICE)
        if last >= 0:
            earlier = self.buffer.rfind(b']},"', 0, last)
            return [last + 1] if earlier < 0 else [last + 1, earlier + 1]
        found = [match.start() for match in _CUT.finditer(self.buffer, 0, 2 * SLICE)]
        return found[: -WRONG_CUTS - 1 : -1]
