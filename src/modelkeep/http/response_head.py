"""``ResponseHead``: a response head, refused where it contradicts itself or the request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from modelkeep.errors import ProtocolError

#: Bytes asked for: the first, and the last or None for all the rest.
ByteRange = tuple[int, int | None]

_CONTENT_RANGE = re.compile(
    r"bytes\s+(\d{1,19})-(\d{1,19})/(\d{1,19}|\*)", re.ASCII | re.IGNORECASE
)
_UNSATISFIED = re.compile(r"bytes\s+\*/(\d{1,19})", re.ASCII | re.IGNORECASE)
_STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')
_ETAG_CHARACTERS = 1024
_WHOLE = frozenset({200, 203})
_PARTIAL = 206
_UNSATISFIABLE = 416
_REFUSALS = 400
#: A parameter of Content-Disposition: its name, then a quoted text or a plain word. Some servers
#: leave out the type before the first one.
_PARAMETER = re.compile(
    r'(?:^|;)\s*([\w!#$%&+\-^`|~.*]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"]*))', re.ASCII
)
#: Codings that leave the bytes as they are; ``none`` is what some stores write.
_PLAIN_CODINGS = {"", "identity", "none"}


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """The head of one answer, believed after it was checked.

    Attributes:
        status: 206 also where a server sent a part with 200 and a Content-Range that names it.
        start: Which byte of the file the body begins with; 0 for a whole file.
        total: Bytes of the whole file, or None where the server does not say.
        length: Bytes of this body, or None where the server does not say.
        validator: The ETag if it is a strong one, else None.
        accepts_ranges: Whether parts can be asked for; None where the server does not say.
        file_name: The name in Content-Disposition as the server wrote it: not to be trusted.
        content_type: Without parameters, in small letters; empty where there is none.
    """

    status: int
    start: int
    total: int | None
    length: int | None
    validator: str | None
    last_modified: str | None
    accepts_ranges: bool | None
    file_name: str | None
    content_type: str

    @property
    def is_partial(self) -> bool:
        """The body is the part that was asked for."""
        return self.status == _PARTIAL

    @property
    def is_whole(self) -> bool:
        """The body is all of the file, as far as the server says."""
        return self.start == 0 and (self.total is None or self.length in {None, self.total})


def header(headers: Mapping[str, Any], name: str) -> str:
    """Return one header as text, empty where it is missing.

    Args:
        headers: As a response has them; values may be numbers (sessions of tests give such), and
            the names in a plain ``dict`` may have any case.
        name: The usual spelling.
    """
    value = headers.get(name)
    if value is None and isinstance(headers, dict):
        folded = name.lower()
        value = next((each for key, each in headers.items() if key.lower() == folded), None)
    return "" if value is None else str(value).strip()


def parse_head(
    status: int,
    headers: Mapping[str, Any],
    byte_range: ByteRange | None = None,
    *,
    known_total: int | None = None,
) -> ResponseHead:
    """Read the head of an answer.

    Args:
        status: The HTTP status; of a refusal (400 and more, 416 apart) nothing is checked.
        headers: Names and values, repeated ones joined with commas.
        byte_range: What was asked for, or None for the whole file.
        known_total: Bytes of the whole file, if an earlier response gave them.

    Returns:
        What it says. A part begins with the byte that was asked for, where none was with byte 0,
        and may end early.

    Raises:
        ProtocolError: lengths that contradict each other or are no numbers, an encoding that we
            did not ask for, several parts in one answer, a part other than the one asked for, or
            a status that comes without a file.
    """
    start, total, length = 0, None, None
    status = _meant(status, headers)
    if status in _WHOLE:
        _check_encoding(headers)
        length = _content_length(headers)
        total = _whole(header(headers, "Content-Range")) if length is None else length
    elif status == _PARTIAL:
        _check_encoding(headers)
        start, total, length = _part(headers, byte_range, known_total)
    elif status == _UNSATISFIABLE:
        match = _UNSATISFIED.fullmatch(header(headers, "Content-Range"))
        total = int(match[1]) if match else None
    elif status < _REFUSALS:
        raise ProtocolError(f"a response with status {status} carries no file")
    return ResponseHead(
        status,
        start,
        total,
        length,
        _strong_etag(header(headers, "ETag")),
        header(headers, "Last-Modified") or None,
        _accepts_ranges(status, headers),
        _file_name(header(headers, "Content-Disposition")),
        header(headers, "Content-Type").partition(";")[0].strip().lower(),
    )


def _meant(status: int, headers: Mapping[str, Any]) -> int:
    """Return the status, or 206 for a 200 whose Content-Range names a part: some servers do so."""
    said = header(headers, "Content-Range")
    if status not in _WHOLE or not said:
        return status
    length, whole = _content_length(headers), _whole(said)
    if whole is not None and length in {None, whole}:
        return status
    if whole is None and length is not None:
        return _PARTIAL
    raise _wrong_part(f"the file has Content-Range: {said[:80]!r}, but its length is {length}")


def _check_encoding(headers: Mapping[str, Any]) -> None:
    coding = header(headers, "Content-Encoding").lower()
    if not {each.strip() for each in coding.split(",")} <= _PLAIN_CODINGS:
        raise ProtocolError(
            f"the body is packed ({coding[:40]!r}) although no encoding was requested",
            hint="Some proxies compress everything. Try without the proxy.",
        )
    transfer = header(headers, "Transfer-Encoding").lower()
    if transfer not in {"", "identity", "chunked"}:
        raise ProtocolError(f"the transfer encoding {transfer[:40]!r} was not requested")


def _content_length(headers: Mapping[str, Any]) -> int | None:
    """Return Content-Length; chunks say themselves where the body ends."""
    text = header(headers, "Content-Length")
    values = {each.strip() for each in text.split(",")} if text else set()
    if len(values) > 1:
        raise ProtocolError(f"the response has two lengths: Content-Length: {text[:80]!r}")
    value = next(iter(values), None)
    if value is not None and not re.fullmatch(r"\d{1,19}", value, re.ASCII):
        raise ProtocolError(f"Content-Length: {text[:80]!r} is not a length")
    is_chunked = header(headers, "Transfer-Encoding").lower() == "chunked"
    return None if value is None or is_chunked else int(value)


def _part(
    headers: Mapping[str, Any], byte_range: ByteRange | None, known_total: int | None
) -> tuple[int, int | None, int]:
    """Return start, total and length of the part that was asked for."""
    wanted, _ = byte_range or (0, None)
    if header(headers, "Content-Type").lower().startswith("multipart/byteranges"):
        raise _wrong_part(f"several ranges arrived where one was requested, from byte {wanted}")
    text = header(headers, "Content-Range")
    # A repeated header is harmless where it repeats itself.
    values = {each.strip() for each in text.split(",")}
    found = _CONTENT_RANGE.fullmatch(min(values))
    if found is None or len(values) > 1:
        raise _wrong_part(f"the range from byte {wanted} arrived with Content-Range: {text[:80]!r}")
    start, last = int(found[1]), int(found[2])
    total = None if found[3] == "*" else int(found[3])
    if start != wanted:
        raise _wrong_part(f"the range starts at byte {start}, not at byte {wanted} as requested")
    if last < start or (total is not None and last >= total):
        raise _wrong_part(f"Content-Range: {text[:80]!r} is contradictory")
    if byte_range is None and total is None:
        raise _wrong_part(f"bytes {start}-{last} arrived instead of the whole file")
    if known_total is not None and total not in {None, known_total}:
        raise _wrong_part(
            f"the file has {total} bytes in the range from byte {wanted}, not {known_total}"
        )
    length = last - start + 1
    if _content_length(headers) not in {None, length}:
        raise _wrong_part(
            f"bytes {start}-{last} are {length}, but Content-Length is"
            f" {header(headers, 'Content-Length')[:40]}"
        )
    return start, total, length


def _whole(content_range: str) -> int | None:
    """Return the bytes of the file where a Content-Range covers all of it, else None."""
    unsatisfied = _UNSATISFIED.fullmatch(content_range)
    if unsatisfied is not None:
        return int(unsatisfied[1])
    found = _CONTENT_RANGE.fullmatch(content_range)
    if found is None or found[3] == "*" or int(found[1]) != 0:
        return None
    return int(found[3]) if int(found[2]) + 1 == int(found[3]) else None


def _wrong_part(message: str) -> ProtocolError:
    return ProtocolError(message, is_wrong_part=True)


def _strong_etag(text: str) -> str | None:
    is_strong = len(text) <= _ETAG_CHARACTERS and _STRONG_ETAG.fullmatch(text) is not None
    return text if is_strong else None


def _accepts_ranges(status: int, headers: Mapping[str, Any]) -> bool | None:
    if status == _PARTIAL:
        return True
    units = header(headers, "Accept-Ranges").lower()
    return None if not units else "bytes" in {each.strip() for each in units.split(",")}


def _file_name(disposition: str) -> str | None:
    """Return the name in a Content-Disposition; ``filename*`` is the better one."""
    given: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(disposition):
        given.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) if quoted else plain.strip())
    extended = given.get("filename*", "")
    charset, _, rest = extended.partition("'")
    encoded = rest.partition("'")[2]
    if encoded and charset.lower() in {"utf-8", "iso-8859-1"}:
        return unquote_to_bytes(encoded).decode(charset, "replace")
    name = given.get("filename", "")
    try:
        # Heads are read as Latin-1; many servers write UTF-8.
        return name.encode("latin-1").decode("utf-8") or None
    except UnicodeError:
        return name or None
