"""The directory of a zip archive, read with bounds and checked against the archive itself.

Programs disagree about zip files that contradict themselves, and what a scanner skips another
program runs. So the entries of each member at both places of the format must agree,
and the members must cover the archive: nothing before, between or behind them.
"""

from __future__ import annotations

import struct
import zlib
from itertools import pairwise
from typing import Final, NamedTuple

from modelkeep.core import limits
from modelkeep.core.names import counted
from modelkeep.core.reading import ReadAt

LOCAL_SIGNATURE: Final = b"PK\x03\x04"
STORED: Final = 0
DEFLATED: Final = 8

_END: Final = struct.Struct("<4s4H2LH")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR: Final = struct.Struct("<4sLQL")
_CENTRAL: Final = struct.Struct("<4s4x2H4x3L4H6xL")
_LOCAL: Final = struct.Struct("<4s2x2H4x3L2H")
_EXTRA: Final = struct.Struct("<2H")
#: One read brings the end record with a comment of any length, and small directories whole.
_TAIL_BYTES: Final = 128 * limits.KIB
_LONG_ELSEWHERE: Final = 0xFFFFFFFF
_SHORT_ELSEWHERE: Final = 0xFFFF
#: Bits of a member's flags: sizes behind the data, name in UTF-8, how hard it was compressed.
_DESCRIPTOR: Final = 0x0008
_FLAGS: Final = _DESCRIPTOR | 0x0800 | 0x0006
_ENCRYPTED: Final = 0x0001 | 0x0040 | 0x2000
_DESCRIPTOR_BYTES: Final = frozenset({12, 16, 20, 24})


class ZipFlaw(Exception):
    """The archive contradicts itself, is over a limit, or has what no model file has."""


class Member(NamedTuple):
    """One member, as the central directory has it."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int


class Archive:
    """A zip archive whose directory has been read and checked.

    Args:
        thorough: Hold every member against its local header, one small read each. Otherwise only
            the members that are extracted.

    Raises:
        ZipFlaw: the archive is not as it should be.
    """

    def __init__(self, file: ReadAt, *, thorough: bool = True) -> None:
        self.file = file
        directory, count, self.data_end = _find_directory(file)
        self.members = _parse_directory(directory, count, self.data_end)
        ordered = sorted(self.members.values(), key=lambda member: member.offset)
        self._next = dict.fromkeys((member.name for member in ordered), self.data_end)
        #: Where the bytes of those members begin whose local header has been looked at.
        self.starts: dict[str, int] = {}
        for member, following in pairwise(ordered):
            self._next[member.name] = following.offset
        if ordered and ordered[0].offset:
            raise ZipFlaw(
                f"{counted(ordered[0].offset, 'byte')} of something else before its first member"
            )
        for member in ordered:
            least = member.offset + _LOCAL.size + len(member.raw_name) + member.packed
            if least > self._next[member.name]:
                raise ZipFlaw(f"the member {member.name!a} overlaps what follows it")
        if thorough:
            for member in ordered:
                self.start_of(member)

    def start_of(self, member: Member) -> int:
        """Return where the bytes of a member begin, its local header being as it should be."""
        length = _LOCAL.size + len(member.raw_name)
        header = self.file.read_at(member.offset, length)
        signature, flags, method, crc, packed, size, names, extras = _LOCAL.unpack_from(header)
        if (
            signature != LOCAL_SIGNATURE
            or header[_LOCAL.size :] != member.raw_name
            or names != len(member.raw_name)
            or flags != member.flags
            or method != member.method
        ):
            raise ZipFlaw(f"two headers of the member {member.name!a} contradict each other")
        start: int = member.offset + length + extras
        stated = (crc, packed, size)
        if stated != (member.crc, member.packed, member.size):
            self._check_sizes(member, stated, start - extras, extras)
        gap = self._next[member.name] - start - member.packed
        if gap and not (member.flags & _DESCRIPTOR and gap in _DESCRIPTOR_BYTES):
            raise ZipFlaw(f"the member {member.name!a} does not end where the next one begins")
        self.starts[member.name] = start
        return start

    def _check_sizes(
        self, member: Member, stated: tuple[int, int, int], extra_at: int, extra_bytes: int
    ) -> None:
        """Accept other sizes only where they may stand elsewhere: behind the data, or as longs."""
        crc, packed, size = stated
        if member.flags & _DESCRIPTOR and not any(stated):
            return
        if _LONG_ELSEWHERE in {packed, size}:
            extra = self.file.read_at(extra_at, extra_bytes)
            longs = _long_values(extra, [size, packed])
            size, packed = longs
        empty = member.flags & _DESCRIPTOR and not (packed or size)
        if crc not in {member.crc, 0 if member.flags & _DESCRIPTOR else member.crc} or not (
            empty or (packed, size) == (member.packed, member.size)
        ):
            raise ZipFlaw(f"two headers of the member {member.name!a} contradict each other")

    def extract(self, member: Member) -> bytes | bytearray:
        """Return the bytes of a member, its length and checksum being as they should be."""
        start = self.start_of(member)
        if member.method == STORED:
            content: bytes | bytearray = self.file.read_at(start, member.packed)
        else:
            content = self._inflate(member, start)
        if zlib.crc32(content) != member.crc:
            raise ZipFlaw(f"the checksum of the member {member.name!a} is wrong")
        return content

    def _inflate(self, member: Member, start: int) -> bytearray:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        content = bytearray()
        position, end = start, start + member.packed
        try:
            while position < end and not inflater.eof:
                piece = self.file.read_at(position, min(limits.MIB, end - position))
                position += len(piece)
                while piece and not inflater.eof:
                    content += inflater.decompress(piece, limits.MIB)
                    piece = inflater.unconsumed_tail
                    if len(content) > member.size:
                        raise ZipFlaw(f"the member {member.name!a} is larger than stated")
        except zlib.error as error:
            raise ZipFlaw(f"the member {member.name!a} cannot be unpacked ({error})") from error
        if not inflater.eof or position < end or inflater.unused_data:
            raise ZipFlaw(f"the member {member.name!a} is longer or shorter than stated")
        if len(content) != member.size:
            raise ZipFlaw(f"the member {member.name!a} is smaller than stated")
        return content


def _find_directory(file: ReadAt) -> tuple[bytes, int, int]:
    """Return the central directory, how many members it has, and where it begins."""
    base = max(0, file.size - _TAIL_BYTES)
    tail = file.read_at(base, file.size - base)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise ZipFlaw("it has no directory at its end: it is truncated")
    _, disk, first, here, count, size, offset, comment = _END.unpack_from(tail, at)
    if at + _END.size + comment != len(tail):
        raise ZipFlaw("something stands behind its directory")
    end = base + at
    if at >= _LOCATOR.size and tail.startswith(b"PK\x06\x07", at - _LOCATOR.size):
        stated = (disk, first, here, count, size, offset)
        end, (disk, first, here, count, size, offset) = _long_end(file, base, tail, at, stated)
    if disk or first or here != count:
        raise ZipFlaw("it is one of several parts")
    if count > limits.ZIP_MEMBERS:
        raise ZipFlaw(f"it has {count:,} members, over the limit of {limits.ZIP_MEMBERS:,}")
    if size > limits.ZIP_DIRECTORY_BYTES:
        raise ZipFlaw(f"its directory is over the limit of {limits.ZIP_DIRECTORY_BYTES:,} bytes")
    if offset + size != end:
        raise ZipFlaw("its directory does not lie where it should")
    if offset >= base:
        return tail[offset - base : offset - base + size], count, offset
    return file.read_at(offset, size), count, offset


def _long_end(
    file: ReadAt, base: int, tail: bytes, at: int, stated: tuple[int, ...]
) -> tuple[int, tuple[int, int, int, int, int, int]]:
    """Read the end record of ZIP64, which may repeat but not contradict the short one."""
    _, disk, end, disks = _LOCATOR.unpack_from(tail, at - _LOCATOR.size)
    length = base + at - _LOCATOR.size - end
    if disk or disks != 1 or length != _END_64.size:
        raise ZipFlaw("its ZIP64 record does not lie where it should")
    signature, rest, _, _, *values = _END_64.unpack(file.read_at(end, length))
    if signature != b"PK\x06\x06" or rest + 12 != length:
        raise ZipFlaw("its ZIP64 record is malformed")
    disk, first, here, count, size, offset = values
    limits_of = (_SHORT_ELSEWHERE,) * 4 + (_LONG_ELSEWHERE,) * 2
    for short, long, elsewhere in zip(stated, values, limits_of, strict=True):
        if short not in {long, elsewhere}:
            raise ZipFlaw("its two end records contradict each other")
    return end, (disk, first, here, count, size, offset)


def _parse_directory(directory: bytes, count: int, data_end: int) -> dict[str, Member]:
    members: dict[str, Member] = {}
    at = 0
    for _ in range(count):
        if at + _CENTRAL.size > len(directory):
            raise ZipFlaw("its directory ends too early")
        (
            signature,
            flags,
            method,
            crc,
            packed,
            size,
            names,
            extras,
            comments,
            disk,
            offset,
        ) = _CENTRAL.unpack_from(directory, at)
        name_at = at + _CENTRAL.size
        extra_at = name_at + names
        at = extra_at + extras + comments
        if signature != b"PK\x01\x02" or at > len(directory) or disk not in {0, _SHORT_ELSEWHERE}:
            raise ZipFlaw("its directory is malformed")
        raw = directory[name_at:extra_at]
        if _LONG_ELSEWHERE in {packed, size, offset}:
            extra = directory[extra_at : extra_at + extras]
            size, packed, offset = _long_values(extra, [size, packed, offset])
        name = raw.decode("utf-8", "backslashreplace")
        member = Member(name, raw, flags, method, crc, packed, size, offset)
        _check_member(member, data_end)
        if members.setdefault(name, member) is not member:
            raise ZipFlaw(f"two members are called {name!a}")
    if at != len(directory):
        raise ZipFlaw("its directory holds more than its members")
    return members


def _check_member(member: Member, data_end: int) -> None:
    if member.flags & _ENCRYPTED:
        raise ZipFlaw(f"the member {member.name!a} is encrypted")
    if member.flags & ~_FLAGS:
        raise ZipFlaw(f"the member {member.name!a} has the unknown flags {member.flags:#06x}")
    if member.method not in {STORED, DEFLATED}:
        raise ZipFlaw(f"the member {member.name!a} is packed by the unknown method {member.method}")
    if member.method == STORED and member.packed != member.size:
        raise ZipFlaw(f"the member {member.name!a} is stored under two sizes")
    if b"\0" in member.raw_name or not member.raw_name:
        raise ZipFlaw("a member has no name, or one with a NUL")
    if member.offset + _LOCAL.size + len(member.raw_name) + member.packed > data_end:
        raise ZipFlaw(f"the member {member.name!a} reaches beyond the archive")


def _long_values(extra: bytes, values: list[int]) -> list[int]:
    """Replace each value that is all ones by the next long of the ZIP64 field."""
    at = 0
    while at + _EXTRA.size <= len(extra):
        kind, length = _EXTRA.unpack_from(extra, at)
        at += _EXTRA.size
        if kind == 1:
            longs = iter(struct.iter_unpack("<Q", extra[at : at + length - length % 8]))
            return [next(longs, (v,))[0] if v == _LONG_ELSEWHERE else v for v in values]
        at += length
    return values
