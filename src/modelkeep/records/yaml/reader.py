"""Reading one part of a YAML catalogue: quickly as we write it, or in any style of YAML.

Whatever a person writes is read event by event and built here, so that nothing is built before
it is counted, and nothing is ever made of a tag.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from modelkeep.core import limits
from modelkeep.records.yaml.writer import PLAIN, PLAIN_KEY, plain_value

#: Fields of a record (and what is below them) that are text also where they look like a number.
TEXT_FIELDS = frozenset(
    {
        "name",
        "path",
        "root",
        "description",
        "source",
        "original_hash",
        "current_hash",
        "lineage",
        "quantization",
        "tensor_prefix",
        "trigger_phrases",
        "tags",
        "version",
        "created_at",
        "updated_at",
    }
)

_ENTRY = re.compile(
    rf"""(?: (?P<plain>{PLAIN_KEY}|[0-9a-f]{{32}}) | (?P<quoted>"(?:[^"\\]|\\.)*") ) :
        (?:\ +(?P<value>[^\ ].*))?""",
    re.VERBOSE,
)
_STRING = re.compile(
    r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u(?:[0-9a-cA-CefEF][0-9a-fA-F]|[dD][0-7c-fC-F])'
    r'[0-9a-fA-F]{2})*"'
)
_SINGLE = re.compile(r"'(?:[^']|'')*'")
#: A number, or what begins like one: a version, a hash, a time.
_NUMBER = re.compile(r"-?[0-9][\w.+-]*(?::[0-9][\w.+-]*)*")


class YamlFlaw(Exception):
    """Raised inside the reader of YAML catalogues; becomes a ``CorruptDatabaseError``.

    Attributes:
        line: Where, counted from 0 in the text that was read.
        reason: What is wrong there.
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


class _OtherStyleError(YamlFlaw):
    """Raised when a text is not in the style that we write."""

    def __init__(self) -> None:
        super().__init__(0, "not written in modelkeep's style")


def read_map(text: str, depth: int = 0) -> dict[str, Any]:
    """Return the map that ``text`` is, as plain values.

    Args:
        text: Lines of YAML with nothing before or after the map.
        depth: 0 for a map of records (its fields lie two levels down), 1 for one record.

    Raises:
        YamlFlaw: it is not a map, is not YAML, or exceeds a limit.
    """
    try:
        value = _OwnStyle(text, depth).read()
    except _OtherStyleError:
        value = _read_events(text, depth)
    if not isinstance(value, dict):
        raise YamlFlaw(0, "expected a map of names and values here")
    return value


class _OwnStyle:
    """Reads what ``yaml_text`` writes, with blank lines and lines of comment between."""

    def __init__(self, text: str, depth: int) -> None:
        self._lines: list[tuple[int, str]] = []
        for line in text.split("\n"):
            body = line.lstrip(" ")
            if body and body[0] != "#":
                self._lines.append((len(line) - len(body), body))
        self._at = 0
        self._first = depth

    def read(self) -> Any:
        if not self._lines:
            raise _OtherStyleError
        value = self._node(self._lines[0][0], self._first, is_text=False)
        if self._at != len(self._lines):
            raise _OtherStyleError
        return value

    def _node(self, indent: int, depth: int, *, is_text: bool) -> Any:
        if depth > limits.CATALOGUE_DEPTH:
            raise _OtherStyleError
        if self._lines[self._at][1].startswith("- "):
            return self._list(indent, depth, is_text=is_text)
        return self._map(indent, depth, is_text=is_text)

    def _map(self, indent: int, depth: int, *, is_text: bool) -> dict[str, Any]:
        found: dict[str, Any] = {}
        lines = self._lines
        while self._at < len(lines) and lines[self._at][0] == indent:
            entry = _ENTRY.fullmatch(lines[self._at][1])
            if entry is None:
                raise _OtherStyleError
            key = entry["plain"] or _string(entry["quoted"])
            if key in found:
                raise _OtherStyleError
            self._at += 1
            below = is_text or (depth == 1 and key in TEXT_FIELDS)
            if entry["value"] is not None:
                found[key] = _scalar(entry["value"], is_text=below)
            else:
                found[key] = self._below(indent, depth, is_text=below)
        self._must_end(indent)
        return found

    def _below(self, indent: int, depth: int, *, is_text: bool) -> Any:
        if self._at < len(self._lines):
            inner, body = self._lines[self._at]
            if inner > indent:
                return self._node(inner, depth + 1, is_text=is_text)
            if inner == indent and body.startswith("- "):
                return self._list(indent, depth + 1, is_text=is_text)
        return None

    def _list(self, indent: int, depth: int, *, is_text: bool) -> list[Any]:
        found: list[Any] = []
        lines = self._lines
        while self._at < len(lines) and lines[self._at][0] == indent:
            body = lines[self._at][1]
            if not body.startswith("- "):
                break
            item = body[2:]
            if item.startswith("- ") or _ENTRY.fullmatch(item):
                lines[self._at] = (indent + 2, item)
                found.append(self._node(indent + 2, depth + 1, is_text=is_text))
            else:
                self._at += 1
                found.append(_scalar(item, is_text=is_text))
        self._must_end(indent)
        return found

    def _must_end(self, indent: int) -> None:
        if self._at < len(self._lines) and self._lines[self._at][0] > indent:
            raise _OtherStyleError


def _scalar(text: str, *, is_text: bool) -> Any:
    if text.startswith('"'):
        return _string(text)
    if PLAIN.fullmatch(text) or _NUMBER.fullmatch(text):
        return _plain(text, is_text=is_text)
    if text == "[]":
        return []
    if text == "{}":
        return {}
    if _SINGLE.fullmatch(text) and text.isprintable():
        return text[1:-1].replace("''", "'")
    raise _OtherStyleError


def _plain(text: str, *, is_text: bool) -> Any:
    value = plain_value(text)
    return text if is_text and value is not None else value


def _string(text: str) -> str:
    if not _STRING.fullmatch(text):
        raise _OtherStyleError
    return text[1:-1] if "\\" not in text else str(json.loads(text))


@dataclass(slots=True)
class _Building:
    """A map or list that is being read."""

    value: Any
    is_text: bool
    anchor: str | None
    began: int
    key: str | None = None
    depth: int = 0


@dataclass(slots=True)
class _Events:
    """Builds plain values of the events of YAML, counting on the way."""

    depth: int
    stack: list[_Building] = field(default_factory=list)
    #: Anchors that can be used: the value, and how many values it is.
    anchors: dict[str, tuple[Any, int]] = field(default_factory=dict)
    count: int = 0
    result: Any = None
    is_done: bool = False

    def take(self, event: Any) -> None:
        """Go on by one event."""
        line = event.start_mark.line
        kind = type(event).__name__
        if getattr(event, "tag", None) is not None:
            raise YamlFlaw(line, f"the tag {event.tag} is not allowed in a catalogue")
        if kind in {"MappingEndEvent", "SequenceEndEvent"}:
            self._end(line)
        elif kind == "DocumentStartEvent":
            if self.is_done:
                raise YamlFlaw(line, "a second document begins")
        elif kind == "AliasEvent":
            self._alias(event.anchor, line)
        elif kind == "ScalarEvent":
            self._take_scalar(event, line)
        elif kind in {"MappingStartEvent", "SequenceStartEvent"}:
            self._begin({} if kind[0] == "M" else [], event.anchor, line)

    def _counted(self, more: int, line: int) -> None:
        self.count += more
        if self.count > limits.CATALOGUE_VALUES:
            raise YamlFlaw(
                line,
                f"a record has more than {limits.CATALOGUE_VALUES:,} values, including aliases",
            )

    def _is_text_below(self) -> bool:
        if not self.stack:
            return False
        top = self.stack[-1]
        return top.is_text or (top.depth == 1 and top.key in TEXT_FIELDS)

    def _begin(self, value: Any, anchor: str | None, line: int) -> None:
        self._refuse_as_key(line)
        if len(self.stack) + self.depth > limits.CATALOGUE_DEPTH:
            raise YamlFlaw(line, f"nested more than {limits.CATALOGUE_DEPTH} levels deep")
        self._counted(1, line)
        depth = self.depth + len(self.stack)
        new = _Building(value, self._is_text_below(), anchor, self.count - 1, None, depth)
        self.stack.append(new)

    def _end(self, line: int) -> None:
        done = self.stack.pop()
        if done.anchor is not None:
            self.anchors[done.anchor] = (done.value, self.count - done.began)
        self._put(done.value, line)

    def _alias(self, anchor: str, line: int) -> None:
        self._refuse_as_key(line)
        if anchor not in self.anchors:
            raise YamlFlaw(line, f"the alias *{anchor} names nothing in the same record")
        value, size = self.anchors[anchor]
        self._counted(size, line)
        self._put(value, line)

    def _take_scalar(self, event: Any, line: int) -> None:
        self._counted(1, line)
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            if event.anchor is not None:
                raise YamlFlaw(line, "a key has an anchor")
            if event.value in top.value:
                raise YamlFlaw(line, f"{event.value!r} is a duplicate")
            top.key = event.value
            return
        value = event.value
        if not event.style:
            value = _plain(value, is_text=self._is_text_below())
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, 1)
        self._put(value, line)

    def _refuse_as_key(self, line: int) -> None:
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            raise YamlFlaw(line, "a key must be plain text")

    def _put(self, value: Any, line: int) -> None:
        if not self.stack:
            if self.is_done:
                raise YamlFlaw(line, "there is content after the end")
            self.result, self.is_done = value, True
            return
        top = self.stack[-1]
        if isinstance(top.value, dict):
            top.value[top.key], top.key = value, None
        else:
            top.value.append(value)


def _read_events(text: str, depth: int) -> Any:
    from ruamel.yaml import YAML  # noqa: PLC0415 - what we wrote ourselves needs no parser
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415

    building = _Events(depth)
    line = 0
    try:
        events: Iterator[Any] = YAML(typ="safe", pure=True).parse(text)
        for event in events:
            line = event.start_mark.line
            building.take(event)
    except MarkedYAMLError as error:
        problem = str(error.problem or error.context)
        marks = [error.problem_mark, error.context_mark]
        if "end of stream" in problem:  # what has no end is wrong where it begins
            marks.reverse()
        places = [mark.line for mark in marks if mark is not None]
        raise YamlFlaw(places[0] if places else line, problem) from error
    except (YAMLError, ValueError, LookupError, OverflowError, AttributeError, TypeError) as error:
        # The parser itself stumbles over some texts that are no YAML.
        raise YamlFlaw(line, f"this is not YAML ({error})") from error
    return building.result
