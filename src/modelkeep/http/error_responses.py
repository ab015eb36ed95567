"""Error responses, and web pages in place of files, turned into errors that explain."""

from __future__ import annotations

import http
import json
import re
import time
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from modelkeep.errors import HttpStatusError, NotAModelAnswerError
from modelkeep.http.response_head import header
from modelkeep.http.retry import retry_after
from modelkeep.http.urls import Token, redacted

#: Bytes of an error response that are read for its message, and characters of it that are shown.
BODY_BYTES = 16 * 1024
_MESSAGE_CHARACTERS = 300
_REASON_CHARACTERS = 60
_MARKUP_CHARACTERS = 2048
#: Bytes that tell a page from a model.
CHECKED_BYTES = 512
#: A message that says what is wrong is small; models are not.
_SMALL_BYTES = 64 * 1024

_TEXT_ENDINGS = {
    "css", "csv", "html", "htm", "ini", "jinja", "js", "json", "jsonl", "license", "log", "md",
    "py", "rst", "svg", "toml", "tsv", "txt", "xhtml", "xml", "yaml", "yml",
}  # fmt: skip
_MARKUP_ENDINGS = {"html", "htm", "xhtml", "xml", "svg"}
_HTML = re.compile(
    rb"\s*(?:<!--.*?-->\s*|<\?xml[^>]*\?>\s*)*<(?:!doctype\s+html|html|head)\b",
    re.IGNORECASE | re.DOTALL,
)
_XML_ERROR = re.compile(rb"\s*(?:<\?xml[^>]*\?>\s*)?<Error>")
_JSON = re.compile(rb'\s*(?:\{\s*["}]|\[\s*(?:[\[{"\]]|-?\d))')
_UNSEEN = re.compile(r"(?is)<(script|style)\b.*?</\1\s*>|<[^>]*>")


def status_error(
    response: requests.Response, url: str, token: Token | None, *, cap: float
) -> HttpStatusError:
    """Make the error for an answer of 400 or more; its cause is requests' own.

    Args:
        response: Its body is read up to a limit, as far as it comes soon.
        url: What was requested; shown without secrets.
        token: Whether there was one decides the advice; its value is cut out of the message.
        cap: The longest wait in seconds that the server may ask for.
    """
    status = int(response.status_code)
    reason = _plain(str(response.reason or _phrase(status)), _REASON_CHARACTERS)
    body = _body(response)
    if token is not None:
        body = body.replace(token.value.encode("ascii"), b"...")
    said = error_message(body, header(response.headers, "Content-Type"))
    text = f"{redacted(url)} answered {status} ({reason})" + (f": {said}" if said else "")
    error = HttpStatusError(
        text,
        status=status,
        reason=reason,
        hint=_hint(status, has_token=token is not None),
        retry_after=retry_after(response.headers, time.time(), cap),
        headers={str(name): str(value) for name, value in response.headers.items()},
        body=body,
        url=redacted(url),
    )
    error.__cause__ = requests.exceptions.HTTPError(reason)
    return error


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "refused"


def _hint(status: int, *, has_token: bool) -> str:
    if status in {401, 403} and has_token:
        return (
            "The token does not grant access to this file. Check it, and open the model's page"
            " in a browser: terms may have to be accepted."
        )
    hints = {
        401: "A token is needed. Create one on the site and pass it with --token.",
        403: "A token may be needed: pass one with --token. Terms may have to be accepted first.",
        404: "Check the address; the file may have been moved or deleted.",
        407: "The proxy needs a login. Add it to the setting proxy.",
        410: "It was removed. Look for another source.",
        451: "It is not available in your region. Look for another source.",
        429: "Too many requests. Try again later.",
    }
    is_fault = status >= http.HTTPStatus.INTERNAL_SERVER_ERROR
    later = "The site has a problem. Try again later." if is_fault else ""
    return hints.get(status, later or "Open the address in a browser to see the message.")


def _body(response: requests.Response) -> bytes:
    """Return the begin of a body, or nothing where it does not come or is packed."""
    if header(response.headers, "Content-Encoding").lower() not in {"", "identity"}:
        return b""
    parts: list[bytes] = []
    left = BODY_BYTES
    try:
        while left > 0:
            part = response.raw.read(left)
            if not part:
                break
            parts.append(part)
            left -= len(part)
    except (OSError, urllib3.exceptions.HTTPError, http.client.HTTPException):
        # The error counts; its explanation did not come.
        return b"".join(parts)
    return b"".join(parts)


def error_message(body: bytes, content_type: str) -> str:
    """Return what an error response says, short and printable; empty where it says nothing."""
    if b"\0" in body[:_SMALL_BYTES]:
        return ""
    text = body.decode("utf-8", "replace")
    if "json" in content_type.lower() or text.lstrip()[:1] in {"{", "["}:
        found = _from_json(text)
        if found:
            return _plain(found, _MESSAGE_CHARACTERS)
    title = re.search(r"(?is)<title[^>]*>(.*?)</title>", text)
    if title:
        text = title[1]
    return _plain(unescape(_UNSEEN.sub(" ", text[:_MARKUP_CHARACTERS])), _MESSAGE_CHARACTERS)


def _from_json(text: str) -> str:
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    for _ in range(3):
        if isinstance(value, dict):
            keys = ("message", "error_description", "error", "detail", "title", "reason")
            value = next((value[key] for key in keys if value.get(key)), "")
        elif isinstance(value, list):
            value = value[0] if value else ""
    return value if isinstance(value, str) else ""


def _plain(text: str, longest: int) -> str:
    """Return text on one line, without what a terminal would obey, not longer than that."""
    seen = "".join(each if each.isprintable() else " " for each in text)
    seen = " ".join(seen.replace("\N{REPLACEMENT CHARACTER}", " ").split())
    return seen if len(seen) <= longest else seen[: longest - 3].rstrip() + "..."


def check_content(
    first_bytes: bytes,
    content_type: str,
    asked_name: str,
    *,
    url: str = "",
    total: int | None = None,
    wanted: str = "",
) -> None:
    """Check that a body is not a web page or a message in place of the requested file.

    Args:
        first_bytes: The first 512 bytes of the file, or all of a shorter one.
        content_type: As the server gives it.
        asked_name: The file's name as far as it is known; text files may be text.
        url: Where it came from; shown without secrets.
        total: Bytes of the whole file, where known: a message is small.
        wanted: What should have come, in words; the name when empty.

    Raises:
        NotAModelAnswerError: it is a page or a message.
    """
    _, dot, ending = asked_name.rpartition(".")
    ending = ending.lower() if dot else ""
    kind = content_type.partition(";")[0].strip().lower()
    start = first_bytes[:CHECKED_BYTES].removeprefix(b"\xef\xbb\xbf")
    is_small = total is None or total < _SMALL_BYTES
    if _is_page(start, kind) and ending not in _MARKUP_ENDINGS:
        what = "a web page"
    elif _XML_ERROR.match(start) and ending not in _MARKUP_ENDINGS:
        what = "an error message"
    elif _is_json(start, kind, is_small=is_small) and ending not in _TEXT_ENDINGS:
        what = "a message"
    else:
        return
    said = error_message(start, kind)
    is_login = re.search(rb"(?i)log.?in|sign.?in|unauthor|password", start + url.encode()[:2000])
    host = urlsplit(redacted(url)).hostname or "The server"
    is_login_page = is_login is not None and what == "a web page"
    what = "a login page" if is_login_page else what
    raise NotAModelAnswerError(
        f"{host} answered with {what} in place of {wanted or asked_name or 'the file'}"
        + (f" ({redacted(url)})" if url else "")
        + (f": {said}" if said else ""),
        hint="This model may need a token. Pass one with --token, or open the address in a"
        " browser to see what the site asks for.",
        is_login=is_login_page,
        url=redacted(url),
    )


def _is_page(start: bytes, kind: str) -> bool:
    is_named = kind in {"text/html", "application/xhtml+xml"}
    return _HTML.match(start) is not None or (is_named and start.lstrip()[:1] == b"<")


def _is_json(start: bytes, kind: str, *, is_small: bool) -> bool:
    if _JSON.match(start) is None or b"\0" in start:
        return False
    return is_small or kind.endswith("json")
