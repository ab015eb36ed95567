"""``GgufCursor``: a place in a GGUF header that moves forward, reading no more than it needs."""

from __future__ import annotations

import struct
from typing import Any, Final

from modelkeep.core import limits
from modelkeep.core.reading import ReadAt
from modelkeep.identification.readers.dtypes import number
from modelkeep.identification.readers.flaw import Flaw

#: Bytes of the first read; each further one takes twice as much, up to the most.
_FIRST: Final = 64 * limits.KIB
_MOST: Final = limits.MIB
_U32: Final = struct.Struct("<I")
_U64: Final = struct.Struct("<Q")


class GgufCursor:
    """Reads numbers and texts one after the other, and passes over what nobody asks for.

    Args:
        file: Where they stand.
        position: The byte to begin at.

    Attributes:
        word: How lengths and counts are written, which depends on the version.
    """

    def __init__(self, file: ReadAt, position: int) -> None:
        self._file = file
        self._buffer = b""
        self._start = position
        self._at = 0
        self._step = _FIRST
        self.word = _U64

    @property
    def position(self) -> int:
        """The byte of the file that is read next."""
        return self._start + self._at

    @property
    def left(self) -> int:
        """Bytes of the file from there to its end."""
        return self._file.size - self._start - self._at

    def use_short_words(self) -> None:
        """Take lengths and counts for 32 bits wide, as the first version has them."""
        self.word = _U32

    def take(self, form: struct.Struct) -> tuple[Any, ...]:
        """Return the values of one ``form``.

        Raises:
            Flaw: the file ends before.
        """
        at = self._at
        end = at + form.size
        if end > len(self._buffer):
            self._read(form.size)
            at, end = 0, form.size
        self._at = end
        return form.unpack_from(self._buffer, at)

    def u32(self) -> int:
        """Return a number of 32 bits."""
        value: int
        (value,) = self.take(_U32)
        return value

    def count(self) -> int:
        """Return a length or a count."""
        value: int
        (value,) = self.take(self.word)
        return value

    def text(self, longest: int, what: str) -> str:
        """Return a text, which has to be UTF-8 and not longer than ``longest`` bytes."""
        at = self.position
        length = self.count()
        if length > longest:
            raise Flaw(f"{what} of {number(length)} bytes is over the limit of {longest:,}", at)
        try:
            return self._bytes(length).decode()
        except UnicodeDecodeError as error:
            raise Flaw(f"{what} is not UTF-8", at + self.word.size + error.start) from error

    def cut_text(self, longest: int) -> str:
        """Return the first ``longest`` bytes of a text, whatever its bytes are."""
        length = self.count()
        kept = self._bytes(min(length, longest)).decode("utf-8", "replace")
        if length > longest:
            self.skip(length - longest)
        return kept

    def skip(self, count: int) -> None:
        """Pass over bytes without reading them."""
        if count > self.left:
            raise Flaw(f"something of {number(count)} bytes goes beyond its end", self.position)
        self._at += count
        if self._at > len(self._buffer):
            self._start, self._buffer, self._at = self.position, b"", 0

    def skip_texts(self, count: int) -> None:
        """Pass over ``count`` texts, which have their lengths before them."""
        unpack, width = self.word.unpack_from, self.word.size
        while count:
            buffer, at, most = self._buffer, self._at, self.left
            room = len(buffer) - width
            while count and at <= room:
                (length,) = unpack(buffer, at)
                if length > most:
                    at_fault = self._start + at
                    raise Flaw(f"a text of {number(length)} bytes goes beyond its end", at_fault)
                at += width + length
                count -= 1
            self.skip(at - self._at)
            if count:
                self._read(width)

    def _bytes(self, length: int) -> bytes:
        at = self._at
        end = at + length
        if end > len(self._buffer):
            self._read(length)
            at, end = 0, length
        self._at = end
        return self._buffer[at:end]

    def _read(self, needed: int) -> None:
        """Have at least the ``needed`` next bytes at the front of the buffer."""
        start, left = self.position, self.left
        if needed > left:
            raise Flaw(f"the file ends inside of its header, which needs {needed:,} more", start)
        count = min(max(needed, self._step), left)
        self._buffer = self._file.read_at(start, count)
        self._start, self._at = start, 0
        self._step = min(2 * self._step, _MOST)
