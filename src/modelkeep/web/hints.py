"""What errors say, in the words of HTTP: its clients have no options of the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

_SAME = (
    "accept", "after", "base", "device", "dry-run", "for", "forget", "format", "hash", "in", "keep",
    "keep-files", "layout", "licence", "limit", "lineage", "now", "precision", "reset", "site",
    "size", "sort", "state", "subfolder", "tag", "type", "used", "variant", "yes",
)  # fmt: skip
#: Parameters and fields of requests, by the options of commands that do the same.
NAMES: Mapping[str, str] = MappingProxyType(
    {
        **{option: option.replace("-", "_") for option in _SAME},
        "files": "everywhere",
        "search": "q",
        "token": "access_token",
    }
)
_OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]*[a-z])")
#: A whole command, for whoever keeps the server: its options are its own, up to the next clause.
_COMMAND = re.compile(r"\b(?:modelkeep|doctor|pip) [^,;]*?(?=[,;]|\.(?:\s|$)|$)")
_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_ALTERNATIVES = re.compile(r"(,? or )")
_HINT, _MESSAGES = "hint", frozenset({"message", "error"})


def hint_over_http(hint: str) -> str:
    """Return a hint that names parameters and fields in place of options.

    What only the command line offers is left out: the alternative, or the whole sentence.
    """
    return " ".join(filter(None, map(_sentence, _SENTENCES.split(hint))))


def message_over_http(message: str) -> str:
    """Return a message that names parameters and fields in place of options."""
    return _renamed(message)


def over_http(value: Any) -> Any:
    """Return the plain values of an answer, whose hints and messages are in the words of HTTP."""
    if isinstance(value, list):
        return [over_http(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: _text(name, each) for name, each in value.items()}


def _text(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return over_http(value)
    if name == _HINT:
        return hint_over_http(value)
    return message_over_http(value) if name in _MESSAGES else value


def _sentence(text: str) -> str:
    first, *others = _ALTERNATIVES.split(text)
    if not _has_unknown(text):
        return _renamed(text)
    if _has_unknown(first):
        return ""
    pairs = zip(others[::2], others[1::2], strict=True)
    kept = "".join(word + other for word, other in pairs if not _has_unknown(other))
    return _renamed(f"{(first + kept).rstrip('.')}.")


def _has_unknown(text: str) -> bool:
    return any(option[1] not in NAMES for option in _options(text))


def _renamed(text: str) -> str:
    parts, end = [], 0
    for option in _options(text):
        name = NAMES.get(option[1], option[1].replace("-", "_"))
        parts += [text[end : option.start()], name]
        end = option.end()
    return "".join([*parts, text[end:]])


def _options(text: str) -> Iterator[re.Match[str]]:
    """Yield the options in a text that belong to no command in it."""
    commands = [command.span() for command in _COMMAND.finditer(text)]
    for option in _OPTION.finditer(text):
        if not any(start <= option.start() < end for start, end in commands):
            yield option
