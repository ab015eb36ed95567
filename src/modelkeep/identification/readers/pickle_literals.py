"""The opcodes of a pickle that push a plain value or move one between stack and memo.

A handler gets the place behind its opcode and returns the place of the next one. Each follows
what CPython's unpickler does, so that both see the same program.
"""

from __future__ import annotations

import re
import struct
from typing import Final

from modelkeep.core import limits
from modelkeep.identification.readers.pickle_values import UNTOLD, PickleFlaw, Value

#: Longer texts and bytes are passed over: no name is that long, and memory stays bounded.
KEPT_TEXT: Final = 64 * 1024
#: Lines of the textual protocol; a longer one is neither a number nor a name.
LINE_BYTES: Final = 1024 * 1024

_SHORT: Final = struct.Struct("<H")
_INT: Final = struct.Struct("<i")
_WORD: Final = struct.Struct("<I")
_LONG: Final = struct.Struct("<Q")
_FLOAT: Final = struct.Struct(">d")
_ESCAPE: Final = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|(.))", re.DOTALL)
_ESCAPED: Final = dict(
    zip(
        b"abfnrtv\n\\'\"",
        (b"\a", b"\b", b"\f", b"\n", b"\r", b"\t", b"\v", b"", b"\\", b"'", b'"'),
        strict=True,
    )
)
_HIGHEST_PROTOCOL: Final = 5
#: Picklers number the memo from 0 on; numbers of any size could be chosen to collide in a dict.
_OUT_OF_MEMO: Final = "a place in the memo is out of range"


class PickleEnd(PickleFlaw):
    """The bytes end before the pickle does."""


class LiteralOpcodes:
    """Stack, memo and the opcodes that touch nothing else.

    Args:
        data: Where the pickle lies; more may follow it.
        room: Bytes of memory that its values may take.
    """

    def __init__(self, data: bytes | bytearray, room: int) -> None:
        self.data = data
        self.stack: list[Value] = []
        #: The stacks that marks have put aside.
        self.below: list[list[Value]] = []
        self.memo: dict[int, Value] = {}
        #: Bytes of memory that texts, bytes and long numbers have taken, and may take.
        self.text = 0
        self.room = room

    def take(self, at: int, count: int) -> bytes | bytearray:
        """Return ``count`` bytes from ``at``."""
        if at + count > len(self.data):
            raise PickleEnd("the pickle ends inside a value")
        return self.data[at : at + count]

    def _weigh(self, size: int) -> None:
        """Note what a value of any length takes; a single one may be long."""
        self.text += size
        if self.text > self.room:
            raise PickleFlaw(
                f"its values need over {limits.PICKLE_MEMORY:,} bytes of memory, the limit,"
            )

    def line(self, at: int) -> tuple[bytes | bytearray, int]:
        """Return the line from ``at``, and the place behind its end."""
        end = self.data.find(b"\n", at, at + LINE_BYTES)
        if end < 0:
            if at + LINE_BYTES <= len(self.data):
                raise PickleFlaw("a line is longer than the limit of 1 MiB")
            raise PickleEnd("the pickle ends inside a line")
        return self.data[at:end], end + 1

    def _push_text(self, at: int, count: int) -> int:
        if count > KEPT_TEXT:
            self._pass_over(at, count)
        else:
            raw = self.take(at, count)
            value = raw.decode("utf-8", "surrogatepass")
            self._weigh(value.__sizeof__())
            self.stack.append(value)
        return at + count

    def _push_bytes(self, at: int, count: int) -> int:
        if count > KEPT_TEXT:
            self._pass_over(at, count)
        else:
            self._weigh(count)
            self.stack.append(bytes(self.take(at, count)))
        return at + count

    def _push_old_text(self, at: int, count: int) -> int:
        """Push a string of Python 2: text, unless it is none."""
        if count > KEPT_TEXT:
            self._pass_over(at, count)
        else:
            self._weigh(count)
            self.stack.append(_old_text(self.take(at, count)))
        return at + count

    def _pass_over(self, at: int, count: int) -> None:
        if at + count > len(self.data):
            raise PickleEnd("the pickle ends inside a value")
        self.stack.append(UNTOLD)

    # Numbers and constants

    def _none(self, at: int) -> int:
        self.stack.append(None)
        return at

    def _true(self, at: int) -> int:
        self.stack.append(True)
        return at

    def _false(self, at: int) -> int:
        self.stack.append(False)
        return at

    def _int_1(self, at: int) -> int:
        self.stack.append(self.data[at])
        return at + 1

    def _int_2(self, at: int) -> int:
        self.stack.append(_SHORT.unpack_from(self.data, at)[0])
        return at + 2

    def _int_4(self, at: int) -> int:
        self.stack.append(_INT.unpack_from(self.data, at)[0])
        return at + 4

    def _int_line(self, at: int) -> int:
        line, at = self.line(at)
        if line in (b"00", b"01"):
            self.stack.append(line == b"01")
        else:
            self.stack.append(int(line, 0))
        return at

    def _long_line(self, at: int) -> int:
        line, at = self.line(at)
        self.stack.append(int(line.removesuffix(b"L"), 0))
        return at

    def _long_1(self, at: int) -> int:
        return self._long(at + 1, self.data[at])

    def _long_4(self, at: int) -> int:
        count = _INT.unpack_from(self.data, at)[0]
        if count < 0:
            raise PickleFlaw("a number has a negative length")
        return self._long(at + 4, count)

    def _long(self, at: int, count: int) -> int:
        if count > KEPT_TEXT:
            raise PickleFlaw(f"a number is {count:,} bytes long")
        self._weigh(count)
        self.stack.append(int.from_bytes(self.take(at, count), "little", signed=True))
        return at + count

    def _float_8(self, at: int) -> int:
        self.stack.append(_FLOAT.unpack_from(self.data, at)[0])
        return at + 8

    def _float_line(self, at: int) -> int:
        line, at = self.line(at)
        self.stack.append(float(line))
        return at

    # Texts and bytes

    def _text_1(self, at: int) -> int:
        count = self.data[at]
        return self._push_text(at + 1, count)

    def _text_4(self, at: int) -> int:
        return self._push_text(at + 4, _WORD.unpack_from(self.data, at)[0])

    def _text_8(self, at: int) -> int:
        return self._push_text(at + 8, _LONG.unpack_from(self.data, at)[0])

    def _text_line(self, at: int) -> int:
        line, at = self.line(at)
        value = line.decode("raw-unicode-escape")
        self._weigh(value.__sizeof__())
        self.stack.append(value)
        return at

    def _bytes_1(self, at: int) -> int:
        return self._push_bytes(at + 1, self.data[at])

    def _bytes_4(self, at: int) -> int:
        return self._push_bytes(at + 4, _WORD.unpack_from(self.data, at)[0])

    def _bytes_8(self, at: int) -> int:
        return self._push_bytes(at + 8, _LONG.unpack_from(self.data, at)[0])

    def _string_1(self, at: int) -> int:
        return self._push_old_text(at + 1, self.data[at])

    def _string_4(self, at: int) -> int:
        count = _INT.unpack_from(self.data, at)[0]
        if count < 0:
            raise PickleFlaw("a text has a negative length")
        return self._push_old_text(at + 4, count)

    def _string_line(self, at: int) -> int:
        line, at = self.line(at)
        if len(line) < len("''") or line[0] != line[-1] or line[0] not in b"'\"":
            raise PickleFlaw("a text is not in quotes")
        self._weigh(len(line))
        self.stack.append(_old_text(_ESCAPE.sub(_unescape, bytes(line[1:-1]))))
        return at

    # Stack and memo

    def _drop(self, at: int) -> int:
        """Pop a value, or the mark that lies on top."""
        if self.stack:
            self.stack.pop()
        else:
            self.stack = self.below.pop()
        return at

    def _drop_mark(self, at: int) -> int:
        self.stack = self.below.pop()
        return at

    def _again(self, at: int) -> int:
        self.stack.append(self.stack[-1])
        return at

    def _get_1(self, at: int) -> int:
        self.stack.append(self.memo[self.data[at]])
        return at + 1

    def _get_4(self, at: int) -> int:
        self.stack.append(self.memo[_WORD.unpack_from(self.data, at)[0]])
        return at + 4

    def _get_line(self, at: int) -> int:
        line, at = self.line(at)
        self.stack.append(self.memo[int(line)])
        return at

    def _put_1(self, at: int) -> int:
        self.memo[self.data[at]] = self.stack[-1]
        return at + 1

    def _put_4(self, at: int) -> int:
        # The opcode met most often of all.
        index = _WORD.unpack_from(self.data, at)[0]
        if index >= limits.PICKLE_OPCODES:
            raise PickleFlaw(_OUT_OF_MEMO)
        self.memo[index] = self.stack[-1]
        return at + 4

    def _put_line(self, at: int) -> int:
        line, at = self.line(at)
        index = int(line)
        if not 0 <= index < limits.PICKLE_OPCODES:
            raise PickleFlaw(_OUT_OF_MEMO)
        self.memo[index] = self.stack[-1]
        return at

    def _put_next(self, at: int) -> int:
        self.memo[len(self.memo)] = self.stack[-1]
        return at

    # What stands around values

    def _protocol(self, at: int) -> int:
        if self.data[at] > _HIGHEST_PROTOCOL:
            raise PickleFlaw(f"there is no protocol {self.data[at]}")
        return at + 1

    def _frame(self, at: int) -> int:
        if at + 8 + _LONG.unpack_from(self.data, at)[0] > len(self.data):
            raise PickleEnd("a frame is longer than what there is")
        return at + 8


def _unescape(found: re.Match[bytes]) -> bytes:
    if found[1]:
        return bytes((int(found[1], 16),))
    if found[2]:
        return bytes((int(found[2], 8) & 255,))
    return _ESCAPED.get(found[3][0], found[0])


def _old_text(raw: bytes | bytearray) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
