"""Heads of answers: what is believed, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.errors import ProtocolError
from modelkeep.http.response_head import ByteRange, ResponseHead, parse_head

RANGE = (10, 19)


def test_a_whole_file() -> None:
    headers = {
        "Content-Length": "100",
        "ETag": '"v1"',
        "Last-Modified": "Tue, 24 Nov 2026 12:00:00 GMT",
        "Accept-Ranges": "bytes",
        "Content-Disposition": 'attachment; filename="m.safetensors"',
        "Content-Type": "Application/Octet-Stream; x=y",
    }
    assert parse_head(200, headers) == ResponseHead(
        status=200,
        start=0,
        total=100,
        length=100,
        validator='"v1"',
        last_modified="Tue, 24 Nov 2026 12:00:00 GMT",
        accepts_ranges=True,
        file_name="m.safetensors",
        content_type="application/octet-stream",
    )


@pytest.mark.parametrize(
    ("status", "headers", "asked", "expected"),
    [
        (200, {}, None, (0, None, None)),
        (203, {"Content-Length": "5"}, None, (0, 5, 5)),
        (200, {"content-length": 7}, None, (0, 7, 7)),
        (200, {"Content-Length": "7, 7"}, None, (0, 7, 7)),
        (200, {"Content-Length": "7", "Transfer-Encoding": "chunked"}, None, (0, None, None)),
        (200, {"Content-Length": "100"}, RANGE, (0, 100, 100)),
        (206, {"Content-Range": "bytes 10-19/100"}, RANGE, (10, 100, 10)),
        (206, {"Content-Range": "Bytes 10-19/*"}, RANGE, (10, None, 10)),
        (206, {"Content-Range": "bytes 10-14/15"}, RANGE, (10, 15, 5)),
        (206, {"Content-Range": "bytes 10-99/100"}, (10, None), (10, 100, 90)),
        (206, {"Content-Range": "bytes 10-19/100, bytes 10-19/100"}, RANGE, (10, 100, 10)),
        (206, {"Content-Range": "bytes 0-99/100"}, None, (0, 100, 100)),
        (206, {"Content-Range": "bytes 0-98/100"}, None, (0, 100, 99)),
        (200, {"Content-Range": "bytes 0-99/100"}, None, (0, 100, None)),
        (200, {"Content-Range": "bytes */100", "Content-Length": "100"}, None, (0, 100, 100)),
        (200, {"Content-Range": "bytes 0-99/100", "Content-Length": 100}, RANGE, (0, 100, 100)),
        (416, {"Content-Range": "bytes */100"}, (200, None), (0, 100, None)),
        (416, {"Content-Encoding": "gzip"}, (200, None), (0, None, None)),
        (404, {"Content-Length": "-1", "Content-Encoding": "gzip"}, None, (0, None, None)),
    ],
)
def test_where_a_body_belongs(
    status: int, headers: dict[str, Any], asked: ByteRange | None, expected: tuple[Any, ...]
) -> None:
    answer = parse_head(status, headers, asked)
    assert (answer.start, answer.total, answer.length) == expected
    assert answer.is_partial is (status == 206)


@pytest.mark.parametrize(
    ("first", "last", "asked"), [(10, 19, RANGE), (10, 99, (10, None)), (0, 49, None)]
)
def test_a_200_whose_content_range_names_a_part_is_that_part(
    first: int, last: int, asked: ByteRange | None
) -> None:
    headers = {
        "Content-Range": f"bytes {first}-{last}/100",
        "Content-Length": str(last - first + 1),
    }
    answer = parse_head(200, headers, asked)
    assert (answer.start, answer.total, answer.length) == (first, 100, last - first + 1)
    assert answer.is_partial
    assert not answer.is_whole


@pytest.mark.parametrize(
    ("status", "headers", "asked"),
    [
        (200, {"Content-Length": "7, 8"}, None),
        (200, {"Content-Length": "-7"}, None),
        (200, {"Content-Length": -7}, None),
        (200, {"Content-Length": "7.0"}, None),
        (200, {"Content-Length": "\u0667"}, None),
        (200, {"Content-Length": "9" * 30}, None),
        (200, {"Content-Encoding": "gzip"}, None),
        (200, {"Content-Encoding": "identity, br"}, None),
        (206, {"Content-Encoding": "gzip", "Content-Range": "bytes 10-19/100"}, RANGE),
        (200, {"Transfer-Encoding": "gzip, chunked"}, None),
        (204, {}, None),
        (304, {}, None),
        (206, {}, RANGE),
        (206, {"Content-Range": "bytes 11-19/100"}, RANGE),
        (206, {"Content-Range": "bytes 0-9/100"}, RANGE),
        (206, {"Content-Range": "bytes 10-9/100"}, RANGE),
        (206, {"Content-Range": "bytes 10-100/100"}, RANGE),
        (206, {"Content-Range": "items 10-19/100"}, RANGE),
        (206, {"Content-Range": "bytes soon"}, RANGE),
        (206, {"Content-Range": "bytes 9-18/100, bytes 10-19/100"}, RANGE),
        (206, {"Content-Range": "bytes 10-19/100", "Content-Length": "11"}, RANGE),
        (206, {"Content-Range": "bytes 10-19/101"}, RANGE),
        (206, {"Content-Type": "multipart/byteranges; boundary=x"}, RANGE),
        (206, {"Content-Range": "bytes 0-98/*"}, None),
        (200, {"Content-Range": "bytes 1-99/100", "Content-Length": "99"}, None),
        (200, {"Content-Range": "bytes 0-98/100"}, None),
        (200, {"Content-Range": "bytes 0-49/100", "Content-Length": "100"}, None),
        (200, {"Content-Range": "bytes 0-99/100", "Content-Length": "50"}, None),
        (200, {"Content-Range": "bytes 0-9/100", "Content-Length": "10"}, RANGE),
        (200, {"Content-Range": "bytes 10-19/100"}, RANGE),
        (200, {"Content-Range": "bytes soon", "Content-Length": "100"}, None),
        (206, {"Content-Range": "bytes 1-99/100"}, None),
    ],
)
def test_contradictions_are_refused(
    status: int, headers: dict[str, Any], asked: ByteRange | None
) -> None:
    with pytest.raises(ProtocolError):
        parse_head(status, headers, asked, known_total=100 if asked else None)


def test_both_offsets_are_named() -> None:
    with pytest.raises(ProtocolError, match="at byte 15, not at byte 10"):
        parse_head(206, {"Content-Range": "bytes 15-24/100"}, RANGE)


@pytest.mark.parametrize(
    ("etag", "validator"),
    [
        ('"a"', '"a"'),
        ('""', '""'),
        ('W/"a"', None),
        ("a", None),
        ('"a" "b"', None),
        ('"a\nb"', None),
        ('"' + "a" * 2000 + '"', None),
        ("", None),
    ],
)
def test_only_strong_etags_are_validators(etag: str, validator: str | None) -> None:
    assert parse_head(200, {"ETag": etag}).validator == validator


@pytest.mark.parametrize(
    ("headers", "accepts"),
    [({}, None), ({"Accept-Ranges": "bytes"}, True), ({"accept-ranges": "none"}, False)],
)
def test_whether_parts_can_be_asked_for(headers: dict[str, str], accepts: bool | None) -> None:
    assert parse_head(200, headers).accepts_ranges is accepts


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("", None),
        ("attachment", None),
        ("attachment; filename=m.bin", "m.bin"),
        ('filename="x.safetensors"', "x.safetensors"),
        ("filename=x.safetensors", "x.safetensors"),
        ("filename*=UTF-8''m%C3%BCll.bin", "müll.bin"),
        ('; filename="m.bin"', "m.bin"),
        ('attachment; name="; filename=no.bin"', None),
        ('attachment; filename="a;b \\"c\\".bin"', 'a;b "c".bin'),
        ("attachment; filename=\"x.bin\"; filename*=UTF-8''m%C3%BCll.bin", "müll.bin"),
        ("attachment; filename*=iso-8859-1'en'%A3.bin", "£.bin"),
        ("attachment; filename*=utf-7''+AAA-; filename=x.bin", "x.bin"),
        ('attachment; filename="m\xc3\xbcll.bin"', "müll.bin"),
        ('attachment; filename="m\xfcll.bin"', "müll.bin"),
        ('attachment; filename="../../etc/passwd"', "../../etc/passwd"),
        ('inline; FILENAME = "m.bin" ; size=3', "m.bin"),
    ],
)
def test_names_are_read_as_servers_write_them(disposition: str, name: str | None) -> None:
    assert parse_head(200, {"Content-Disposition": disposition}).file_name == name


_VALUES = st.one_of(
    st.text(max_size=60),
    st.integers(),
    st.builds(
        "bytes {}-{}/{}".format, st.integers(-5, 30), st.integers(-5, 30), st.integers(-5, 30)
    ),
)
_HEADERS = st.dictionaries(
    st.sampled_from([
        "Content-Length", "content-range", "Content-Type", "Content-Encoding", "ETag",
        "Transfer-Encoding", "Content-Disposition", "Accept-Ranges", "Last-Modified",
    ]),
    _VALUES,
)  # fmt: skip


@given(
    st.sampled_from([200, 203, 206, 416, 404, 204, 304]),
    _HEADERS,
    st.one_of(st.none(), st.tuples(st.integers(0, 25), st.none() | st.integers(0, 25))),
)
def test_whatever_is_believed_fits_together(
    status: int, headers: dict[str, Any], asked: ByteRange | None
) -> None:
    try:
        answer = parse_head(status, headers, asked)
    except ProtocolError:
        return
    if answer.is_partial:
        assert answer.start == (asked[0] if asked else 0)
        assert answer.length is not None
        assert answer.length > 0
        if answer.total is not None:
            assert answer.start + answer.length <= answer.total
    else:
        assert answer.start == 0
    assert answer.total is None or answer.total >= 0
    assert answer.length is None or answer.length >= 0


@given(st.text())
def test_any_disposition_is_read(text: str) -> None:
    name = parse_head(200, {"Content-Disposition": text}).file_name
    assert name is None or name
