"""Text of other programs made safe: plain text, short lists, web addresses."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from modelkeep.core import limits
from modelkeep.core.phrases import kept_phrases

#: Control characters, those that turn the direction of text around, and halves of characters.
_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)(?=[\s/>])")
_BREAKS = frozenset(
    {"br", "p", "div", "li", "ul", "ol", "tr", "table", "hr", "pre", "blockquote", "section"}
    | {f"h{level}" for level in range(1, 7)}
)
#: Elements whose content is not text for people.
_SILENT = frozenset({"script", "style", "template", "noscript", "iframe", "object", "svg"})
#: Parameters of web addresses that let one in.
_SECRETS = frozenset({"token", "api_key", "apikey", "access_token", "key", "signature"})
_NOTHING = frozenset({"", "unknown", "none", "null", "n/a", "other"})


def one_line(value: Any, most: int = limits.SIDECAR_NAME_CHARACTERS) -> str | None:
    """Return a text as one line of at most ``most`` characters; None for anything else or blank."""
    if not isinstance(value, str):
        return None
    # Twice the room is looked at: runs of blanks shrink, and a huge text must not cost much.
    line = " ".join(_UNPRINTABLE.sub(" ", value[: most * 2]).split())[:most].strip()
    return line or None


def known_word(value: Any) -> str | None:
    """Return ``one_line`` of a word such as a base, or None where it means unknown."""
    word = one_line(value)
    return None if word is None or word.casefold() in _NOTHING else word


def plain_text(value: Any) -> str | None:
    """Return a description as plain text of many lines, without HTML; None when there is none.

    Tags go, what they break becomes line breaks, scripts and styles go with their content, and
    entities become characters. A ``<`` that begins no tag, as in ``<lora:ink:0.8>``, stays.
    """
    if not isinstance(value, str):
        return None
    # Markup is several times longer than its text.
    text = html.unescape(_without_tags(value[: limits.SIDECAR_DESCRIPTION_CHARACTERS * 4]))
    lines = (" ".join(_UNPRINTABLE.sub("", line).split()) for line in text.split("\n"))
    tidy = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return tidy[: limits.SIDECAR_DESCRIPTION_CHARACTERS].strip() or None


def _without_tags(text: str) -> str:
    """Drop tags in one pass: hostile text costs no more than its length."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    folded = text.lower() if text.isascii() else text
    pieces: list[str] = []
    here = 0
    while (start := text.find("<", here)) >= 0:
        pieces.append(text[here:start])
        is_comment = text.startswith("<!--", start)
        found = None if is_comment else _TAG.match(text, start)
        if found is None and not is_comment:
            pieces.append("<")
            here = start + 1
            continue
        end = text.find("-->" if is_comment else ">", start)
        if end < 0:  # it was never closed: what follows is not for people
            return "".join(pieces)
        here = end + (3 if is_comment else 1)
        if found is not None:
            name = found[1].lower()
            if name in _SILENT and text[start + 1] != "/":
                closing = folded.find(f"</{name}", here)
                if closing < 0:
                    return "".join(pieces)
                here = closing
            elif name in _BREAKS:
                pieces.append("\n")
    pieces.append(text[here:])
    return "".join(pieces)


def web_address(value: Any) -> str | None:
    """Return an address of the web as text; None for other schemes and for ones with secrets."""
    if not isinstance(value, str) or len(value) > limits.SIDECAR_URL_CHARACTERS:
        return None
    address = value.strip()
    if not address.isprintable() or " " in address or _UNPRINTABLE.search(address):
        return None
    try:
        parts = urlsplit(address)
        is_secret = any(name.casefold() in _SECRETS for name, _ in parse_qsl(parts.query))
        port_is_one = parts.port is None or parts.port > 0
    except ValueError:  # no address at all, or one of absurdly many parameters
        return None
    fine = parts.scheme.casefold() in {"http", "https"} and parts.hostname and port_is_one
    return None if not fine or is_secret or "@" in parts.netloc else address


def phrases(value: Any) -> tuple[str, ...]:
    """Return the trigger phrases of a list; a text is one phrase, whatever commas it has.

    Items of a list may be texts or, as rgthree writes them, objects with a ``word``.
    """
    items = (_word(item) for item in value) if isinstance(value, list) else (value,)
    texts = (_UNPRINTABLE.sub(" ", item) for item in items if isinstance(item, str))
    return kept_phrases(" ".join(text.split()).strip(" ,;") for text in texts)


def tags(value: Any, separator: str | None = None) -> tuple[str, ...]:
    """Return tags of a list, or of a text that ``separator`` takes apart.

    Items of a list may be texts or objects with a ``name``.
    """
    most, length = limits.SIDECAR_TAGS, limits.SIDECAR_TAG_CHARACTERS
    items: Iterable[Any] = ()
    if isinstance(value, str):
        # No list that counts is longer than this.
        short = value[: most * length]
        items = short.split(separator, most * 4) if separator else (short,)
    elif isinstance(value, list):
        items = (_word(item) for item in value[: most * 4])
    lines = (one_line(item, length) for item in items)
    tidy = (line.strip(" ,;") for line in lines if line)
    return tuple(dict.fromkeys(line for line in tidy if line))[:most]


def _word(item: Any) -> Any:
    return item.get("word", item.get("name")) if isinstance(item, dict) else item
