"""Malformed safetensors files, each with the reason that must be given, and header bombs."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

WIDTH = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "U8": 1, "I64": 8}


#: A letter of four bytes in every encoding.
WIDE = "\U0001d54f"


def packed(header: bytes, data: bytes = b"", *, length: int | None = None) -> bytes:
    """Join a header that may lie and the data."""
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def entry(dtype: str, shape: list[Any], begin: Any, end: Any) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def tiled(
    shapes: Mapping[str, tuple[int, ...] | list[int]],
    dtype: str = "F16",
    metadata: dict[str, str] | None = None,
) -> tuple[bytes, int]:
    """Return a valid header for ``shapes``, and how many bytes of data it asks for."""
    document: dict[str, Any] = {} if metadata is None else {"__metadata__": metadata}
    begin = 0
    for name, shape in shapes.items():
        end = begin + math.prod(shape) * WIDTH[dtype]
        document[name] = entry(dtype, list(shape), begin, end)
        begin = end
    header = compact(document)
    return header + b" " * (-len(header) % 8), begin


def write_sparse(path: Path, header: bytes, data: int) -> Path:
    """Write a header and seek past the data: gigabytes to a reader, kilobytes on disk."""
    with path.open("wb") as file:
        file.write(packed(header))
        file.truncate(8 + len(header) + data)
    return path


def _one(text: str, data: int = 4) -> bytes:
    return packed(text.encode("utf-8", "surrogatepass"), bytes(data))


A = '"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
B = '"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}'


def _fields(dtype: str = '"F32"', shape: str = "[1]", offsets: str = "[0,4]") -> str:
    return f'{{"a":{{"dtype":{dtype},"shape":{shape},"data_offsets":{offsets}}}}}'


#: name -> (file, words that the reason must have)
MALFORMED: dict[str, tuple[bytes, str]] = {
    "empty file": (b"", "the file is empty"),
    "seven bytes": (bytes(7), "too few for a header"),
    "nine bytes": (bytes(9), "too few for a header"),
    "length 0": (packed(b"", b"1234", length=0), "too few for a JSON object"),
    "length 1": (packed(b"{", b"1234", length=1), "too few for a JSON object"),
    "length 2**63": (packed(b"{}", length=2**63), "over the limit of 100,000,000"),
    "length 2**64-1": (packed(b"{}", length=2**64 - 1), "over the limit of 100,000,000"),
    "length over file": (packed(b"{}", length=50), "claims 50 bytes, the file has 10"),
    "length 2 with data": (packed(b"{}", bytes(4)), "which no tensor has"),
    "no brace": (packed(b"[]"), "does not begin with '{'"),
    "blank first": (packed(b" {}"), "does not begin with '{'"),
    "byte order mark": (packed(b"\xef\xbb\xbf{}"), "does not begin with '{'"),
    "cut JSON": (_one("{" + A), "not JSON"),
    "two documents": (_one("{" + A + "}{}"), "not JSON"),
    "text behind": (_one("{" + A + "}x"), "not JSON"),
    "trailing comma": (_one("{" + A + ",}"), "not JSON"),
    "trailing comma in metadata": (_one('{"__metadata__":{"a":"b",},' + A + "}"), "not JSON"),
    "comma behind metadata": (_one('{"__metadata__":{},}', 0), "not JSON"),
    "single quotes": (_one("{'a':1}"), "not JSON"),
    "NaN": (_one(_fields(shape="[NaN]")), "NaN is not JSON"),
    "Infinity": (_one(_fields(offsets="[0,Infinity]")), "Infinity is not JSON"),
    "comment": (_one("{/*x*/" + A + "}"), "not JSON"),
    "leading zero": (_one(_fields(shape="[01]")), "not JSON"),
    "control character": (_one('{"a\nb":1}'), "not JSON"),
    "invalid UTF-8": (packed(b'{"\xff":' + A[4:].encode() + b"}", bytes(4)), "not UTF-8"),
    "lone surrogate": (_one('{"\\ud800":' + A[4:] + "}"), "not JSON"),
    "encoded surrogate": (_one('{"\ud800":' + A[4:] + "}"), "not UTF-8"),
    "deep lists": (_one('{"a":' + "[" * 100_000 + "]" * 100_000 + "}"), "nested too deeply"),
    "deep objects": (_one('{"a":' * 50_000 + "1" + "}" * 50_000), "nested too deeply"),
    "number of 5,000 digits": (_one(_fields(shape="[" + "9" * 5000 + "]")), "not JSON"),
    "tensor twice": (_one("{" + A + "," + A + "}"), "'a' stands twice"),
    "tensor twice, escaped": (_one("{" + A + ',"\\u0061"' + A[3:] + "}"), "'a' stands twice"),
    "dtype twice": (
        _one('{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}'),
        "'dtype' stands twice",
    ),
    "shape twice": (
        _one('{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}'),
        "'shape' stands twice",
    ),
    "one offset twice, one lacking": (
        _one(
            '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"data_offsets":[0,4]},'
            '"b":{"dtype":"F32","shape":[0]}}'
        ),
        "'data_offsets' stands twice",
    ),
    "metadata twice": (
        _one('{"__metadata__":{"x":"1"},"__metadata__":{"x":"2"},' + A + "}"),
        "'__metadata__' stands twice",
    ),
    "metadata first and last": (
        _one('{"__metadata__":{"x":"1"},' + A + ',"__metadata__":{"x":"2"}}'),
        "'__metadata__' stands twice",
    ),
    "metadata key twice": (
        _one('{"__metadata__":{"x":"1","x":"2"},' + A + "}"),
        "'x' stands twice",
    ),
    "metadata number": (_one('{"__metadata__":{"x":1},' + A + "}"), "not text"),
    "metadata nested": (_one('{"__metadata__":{"x":{"y":"z"}},' + A + "}"), "not text"),
    "metadata list": (_one('{"__metadata__":["x"],' + A + "}"), "'__metadata__' is not an object"),
    "metadata text": (_one('{"__metadata__":"x",' + A + "}"), "'__metadata__' is not an object"),
    "metadata a list": (_one('{"__metadata__":[],' + A + "}"), "'__metadata__' is not an object"),
    "entry list": (_one('{"a":["F32",[1],[0,4]]}'), "'a' is not an object"),
    "entry null": (_one('{"a":null}'), "'a' is not an object"),
    "no dtype": (_one('{"a":{"shape":[1],"data_offsets":[0,4]}}'), "lacks the field 'dtype'"),
    "no shape": (_one('{"a":{"dtype":"F32","data_offsets":[0,4]}}'), "lacks the field 'shape'"),
    "no offsets": (_one('{"a":{"dtype":"F32","shape":[1]}}'), "lacks the field 'data_offsets'"),
    "no offsets, no data": (
        _one('{"a":{"dtype":"F32","shape":[0]}}', 0),
        "lacks the field 'data_offsets'",
    ),
    "unknown field": (
        _one('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}'),
        "unknown field 'x'",
    ),
    "unknown field in place of offsets": (
        _one('{"a":{"dtype":"F32","shape":[0],"x":1}}', 0),
        "lacks the field 'data_offsets'",
    ),
    "unknown dtype": (_one(_fields('"F128"')), "unknown dtype 'F128'"),
    "dtype in small letters": (_one(_fields('"f32"')), "unknown dtype 'f32'"),
    "dtype number": (_one(_fields("32")), "dtype that is not text"),
    "float dimension": (_one(_fields(shape="[1.0]")), "not a list of integers"),
    "true as dimension": (_one(_fields(shape="[true]")), "not a list of integers"),
    "shape text": (_one(_fields(shape='"1"')), "not a list of integers"),
    "negative dimension": (_one(_fields(shape="[-1]")), "negative dimension"),
    "two negative dimensions": (_one(_fields(shape="[-1,-1]")), "negative dimension"),
    "dimension 2**64": (_one(_fields(shape="[18446744073709551616]")), "over 63 bits"),
    "count overflows to 0": (_one(_fields(shape="[4294967296,4294967296]")), "shape asks for"),
    "count overflows to 4": (_one(_fields(shape="[4611686018427387905]")), "shape asks for"),
    "65 dimensions": (_one(_fields(shape="[" + "1," * 64 + "1]")), "65 dimensions"),
    "size too small": (_one(_fields(shape="[2]")), "4 bytes where its shape asks for 8"),
    "size too large": (_one(_fields('"F16"')), "4 bytes where its shape asks for 2"),
    "half a byte": (_one(_fields('"F4"', "[3]", "[0,1]"), 1), "asks for 1 and a part of one"),
    "three offsets": (_one(_fields(offsets="[0,4,4]")), "not two integers"),
    "one offset": (_one(_fields(offsets="[4]")), "not two integers"),
    "offset text": (_one(_fields(offsets='["0","4"]')), "not two integers"),
    "ends before it begins": (_one(_fields(offsets="[4,0]")), "begins at 4 and ends before"),
    "negative begin": (_one(_fields(offsets="[-4,0]")), "begins before the data"),
    "past the end": (_one("{" + A + "," + B + "}", 4), "ends at 8 of 4 bytes"),
    "end 2**63": (
        _one(_fields('"U8"', "[9223372036854775807]", "[0,9223372036854775807]")),
        "ends at 9,223,372,036,854,775,807 of 4",
    ),
    "overlap": (_one("{" + A + "," + B.replace("[4,8]", "[2,6]") + "}", 6), "overlaps"),
    "same place": (_one("{" + A + "," + B.replace("[4,8]", "[0,4]") + "}", 4), "overlaps"),
    "hole": (_one("{" + A + "," + B.replace("[4,8]", "[6,10]") + "}", 10), "a hole of 2 bytes"),
    "hole before": (_one("{" + B + "}", 8), "a hole of 4 bytes before 'b'"),
    "overlap hides a hole": (
        _one("{" + A + "," + B.replace("[4,8]", "[0,4]") + "}", 8),
        "overlaps",
    ),
    "trailing byte": (_one("{" + A + "}", 5), "1 byte after the last tensor"),
    "missing byte": (_one("{" + A + "}", 3), "ends at 4 of 3 bytes"),
    "empty tensor inside another": (
        _one("{" + A + ',"e":{"dtype":"F32","shape":[0],"data_offsets":[2,2]}}'),
        "empty tensor that is inside another",
    ),
    "data without tensors": (_one('{"__metadata__":{"x":"y"}}', 4), "which no tensor has"),
}

_SHORT = '"dtype":"U8","shape":[0],"data_offsets":[0,0]}'


def _repeated(part: Callable[[int], str], count: int) -> bytes:
    return ("{" + ",".join(part(i) for i in range(count)) + "}").encode()


def bombs() -> dict[str, Callable[[], bytes]]:
    """Return what makes headers that ask for memory or time, by their names.

    All are refused, or read within the limits.
    """
    limit = 100_000_000
    quotes = '\\"' * 200
    cuts = "]},\\u0022" * 40
    ones = ",".join("1" * 60)
    text = 15 * 1024 * 1024
    return {
        "a million tensors": lambda: _repeated(lambda i: f'"t{i}":{{{_SHORT}', 1_000_000),
        "200,001 tensors": lambda: _repeated(lambda i: f'"t{i}":{{{_SHORT}', 200_001),
        "long names": lambda: _repeated(lambda i: f'"{i}{"n" * 420}":{{{_SHORT}', 199_000),
        "wide names": lambda: _repeated(lambda i: f'"{i}{WIDE * 80}":{{{_SHORT}', 199_000),
        "names of quotes": lambda: _repeated(lambda i: f'"{i}{quotes}":{{{_SHORT}', 199_000),
        "names like cuts": lambda: _repeated(lambda i: f'"{i}{cuts}":{{{_SHORT}', 199_000),
        "own shapes": lambda: _repeated(
            lambda i: f'"t{i}":{{"dtype":"U8","shape":[0,{i + 300},{ones}],"data_offsets":[0,0]}}',
            199_000,
        ),
        "one name": lambda: b'{"' + b"n" * (limit - 4) + b'":',
        "one shape": lambda: b'{"a":{"dtype":"U8","shape":[' + b"0," * (limit // 2 - 50),
        "shapes of a slice": lambda: _repeated(
            lambda i: f'"t{i}":{{"dtype":"U8","shape":[{"300," * 120_000}0],"data_offsets":[0,0]}}',
            200,
        ),
        "blanks": lambda: b"{" + b" " * (limit - 2) + b"}",
        "padding": lambda: b"{}" + b" " * (limit - 2),
        "lists": lambda: b'{"a":[' + b"[]," * (limit // 3 - 10) + b"[]]}",
        "lists in a mebibyte": lambda: b'{"a":[' + b"[]," * 349_000 + b"[]]}",
        "objects in a mebibyte": lambda: b'{"a":[' + b"{}," * 349_000 + b"{}]}",
        "deep": lambda: b'{"a":' + b"[" * (limit - 10),
        "keys of metadata": lambda: (
            b'{"__metadata__":{' + b",".join(b'"%d":""' % i for i in range(1_500_000)) + b"}}"
        ),
        "plain metadata": lambda: b'{"__metadata__":{"a":"' + b"x" * text + b'"}}',
        "escaped metadata": lambda: b'{"__metadata__":{"a":"' + b'\\"' * (text // 2) + b'"}}',
        "wide metadata": lambda: b'{"__metadata__":{"a":"' + b"x" * text + WIDE.encode() + b'"}}',
        "escaped wide metadata": lambda: (
            b'{"__metadata__":{"a":"' + b"x" * text + b'\\ud835\\udd4f"}}'
        ),
        "long metadata": lambda: b'{"__metadata__":{"a":"' + b"x" * (limit - 40) + b'"}}',
        "metadata of numbers": lambda: b'{"__metadata__":{"a":[' + b"0," * 7_000_000 + b"0]}}",
    }
