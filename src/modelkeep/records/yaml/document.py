"""The text of a YAML catalogue, cut into the parts that are read and written one by one.

A person edits this file too, so a part that a change does not touch keeps every character: its
comments, the order of its keys, its quotes. In YAML a line that is indented as the keys of a map
begins the next key, and nothing before it can reach across; that is all the cutting relies on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from modelkeep.records import RECORDS_VERSION
from modelkeep.records.yaml.reader import YamlFlaw, read_map
from modelkeep.records.yaml.writer import map_lines

#: Version of the layout of our documents. A document with a higher one is refused.
FORMAT = 1

EMPTY = f"""\
# The models of this library, maintained by modelkeep. You may edit this file: what you write is
# seen at once, and your comments stay. The last good copy is beside it, with .bak at its end.
__metadata__:
  version: {RECORDS_VERSION}.0
  modelkeep: {FORMAT}
models: {{}}
"""

_HEAD_KEY = re.compile(r"""(?:"(?P<d>\w+)"|'(?P<s>\w+)'|(?P<p>\w+))[ ]*:(?=[ \n]|\Z)""")
_MODELS = re.compile(r"""(["']?models["']?[ ]*:)[ ]*(\{[ ]*\}|~|null)?[ ]*(\#.*)?\n""")
_START = re.compile(r"---[ ]*(?:\#.*)?\n")
#: What YAML does not allow in a text at all; a carriage return alone is the end of a line in it.
_FORBIDDEN = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class NoCatalogueError(YamlFlaw):
    """Raised inside: the text is something else than a catalogue."""

    def __init__(self) -> None:
        super().__init__(0, "this is not a catalogue")


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a map, with what stands below it.

    Attributes:
        lead: Lines of comment above it, and what is between them.
        line: Number of its first line, from 0.
    """

    lead: str
    text: str
    line: int


@dataclass(slots=True)
class DocumentParts:
    """The text of a catalogue in parts.

    Attributes:
        head: Everything above the first record, with the line that says ``models:``.
        tail: Everything below the last one.
        indent: Blanks before the keys of the records.
        about: What the document says of itself.
    """

    head: str
    entries: list[Entry]
    tail: str
    indent: int = 2
    about: dict[str, Any] = field(default_factory=dict)


def parse(text: str) -> DocumentParts:
    """Cut the text of a catalogue into its parts.

    Args:
        text: With an end to each line, the last one too.

    Raises:
        NoCatalogueError: it is none.
        YamlFlaw: it is one, but broken.
    """
    start = _START.match(text)
    above = start.group() if start else ""
    try:
        lead, entries, tail = cut(text[len(above) :], 0, above.count("\n"))
    except YamlFlaw as error:
        raise NoCatalogueError from error
    parts = {_head_key(entry): number for number, entry in enumerate(entries)}
    if "__metadata__" not in parts:
        raise NoCatalogueError
    bad = _FORBIDDEN.search(text)
    if bad:
        line = text.count("\n", 0, bad.start())
        raise YamlFlaw(line, f"the character {bad.group()!r} is not allowed in YAML")
    for entry in entries:
        if _head_key(entry) not in {"__metadata__", "models"}:
            raise YamlFlaw(entry.line, "only __metadata__: and models: are allowed here")
    if len(parts) != len(entries):
        raise YamlFlaw(entries[-1].line, "__metadata__ or models is a duplicate")
    about = _shifted(entries[parts["__metadata__"]])["__metadata__"]
    if not isinstance(about, dict):
        raise YamlFlaw(entries[parts["__metadata__"]].line, "expected a version here")
    if "models" not in parts:
        raise YamlFlaw(max(text.count("\n") - 1, 0), "models: is missing")
    number = parts["models"]
    layout = _records(entries[number])
    before = above + lead + "".join(e.lead + e.text for e in entries[:number])
    layout.head = before + entries[number].lead + layout.head
    layout.tail += "".join(e.lead + e.text for e in entries[number + 1 :]) + tail
    layout.about = about
    return layout


def _head_key(entry: Entry) -> str | None:
    found = _HEAD_KEY.match(entry.text)
    return found and (found["p"] or found["d"] or found["s"])


def _shifted(entry: Entry) -> dict[str, Any]:
    try:
        return read_map(entry.text)
    except YamlFlaw as error:
        raise YamlFlaw(entry.line + error.line, error.reason) from error


def _records(models: Entry) -> DocumentParts:
    head = _MODELS.match(models.text)
    if head is None:
        raise YamlFlaw(models.line, "models: must have one key per line below it")
    below = models.text[head.end() :]
    first = re.search(r"^( *)[^ #\n]", below, re.MULTILINE)
    if first is None:
        # As it has to stand when there are records.
        line = f"{head[1]}{' ' + head[3] if head[3] else ''}\n"
        return DocumentParts(line, [], below)
    if head[2]:
        raise YamlFlaw(models.line, "models: has both a value and lines below it")
    indent = len(first[1])
    lead, entries, tail = cut(below, indent, models.line + 1)
    return DocumentParts(head.group() + lead, entries, tail, indent)


def cut(text: str, indent: int, line: int = 0) -> tuple[str, list[Entry], str]:
    """Cut a map into its entries.

    Args:
        text: The lines of a map whose keys are indented by ``indent`` blanks.
        indent: See there.
        line: Number of the first line, for messages.

    Returns:
        What stands above all entries, these, and the comments below the last.

    Raises:
        YamlFlaw: a line is indented by less.
    """
    starts = [m.start() for m in re.finditer(rf"^ {{{indent}}}(?=[^ #\n])", text, re.MULTILINE)]
    less = re.search(rf"^ {{0,{indent - 1}}}[^ #\n]", text, re.MULTILINE) if indent else None
    first = starts[0] if starts else len(text)
    more = re.search(r"^ *[^ #\n]", text[:first], re.MULTILINE)
    if less or more:
        at = less.start() if less else more.start()  # type: ignore[union-attr]
        raise YamlFlaw(
            line + text.count("\n", 0, at), "this line is indented differently from the others"
        )
    above = text[:first]
    line += above.count("\n")
    entries: list[Entry] = []
    lead = ""
    for begin, end in pairwise([*starts, len(text)] if starts else []):
        piece = text[begin:end]
        middle = _comments_below(piece, indent)
        entries.append(Entry(lead, piece[:middle], line + lead.count("\n")))
        line += lead.count("\n") + piece.count("\n", 0, middle)
        lead = piece[middle:]
    return above, entries, lead


def _comments_below(piece: str, indent: int) -> int:
    """Return where the comments begin that stand below an entry and do not belong to it."""
    middle = at = len(piece)
    while True:
        begin = piece.rfind("\n", 0, at - 1) + 1
        body = piece[begin:at].lstrip(" ")
        is_comment = body.startswith("#") and at - begin - len(body) <= indent
        if begin == 0 or not (is_comment or body == "\n"):
            return middle
        at = begin
        if is_comment:
            middle = begin


def own_comment(lead: str) -> tuple[str, str]:
    """Return the comments above an entry in two parts: not about it, and directly above it."""
    lines = lead.splitlines(keepends=True)
    count = 0
    while count < len(lines) and lines[-1 - count].strip():
        count += 1
    middle = len(lines) - count
    return "".join(lines[:middle]), "".join(lines[middle:])


def entry_text(key: str, fields: dict[str, Any], indent: int) -> str:
    """Return a record as we write it."""
    return "\n".join(map_lines({key: fields}, indent)) + "\n"


def with_changes(text: str, indent: int, old: dict[str, Any], new: dict[str, Any]) -> str | None:
    """Return the lines of a record with some fields changed and the others as they stand.

    Args:
        text: Its lines as they are.
        indent: Blanks before its key.
        old: Its fields, as ``entry_text`` would write them.
        new: The fields that it shall have.

    Returns:
        None when the lines cannot be cut into fields.
    """
    head, _, below = text.partition("\n")
    first = re.search(r"^( *)[^ #\n]", below, re.MULTILINE)
    if first is None or len(first[1]) <= indent or not re.search(r":\s*(?: #.*)?$", head):
        return None
    margin = len(first[1])
    try:
        lead, entries, tail = cut(below, margin)
    except YamlFlaw:
        return None
    kept = [head + "\n", lead]
    seen: set[str] = set()
    for entry in entries:
        name = _head_key(entry_without_margin(entry, margin))
        if name is None:
            return None
        seen.add(name)
        if name in new and new[name] == old.get(name, new):
            kept += [entry.lead, entry.text]
        elif name in new:
            kept += [entry.lead, *_lines({name: new[name]}, margin)]
        elif name not in old:  # a default that is written down
            kept += [entry.lead, entry.text]
        else:
            kept.append(own_comment(entry.lead)[0])
    added = {name: value for name, value in new.items() if name not in seen}
    return "".join([*kept, *_lines(added, margin), tail])


def entry_without_margin(entry: Entry, margin: int) -> Entry:
    """Return the entry with its first line moved to the left."""
    return Entry(entry.lead, entry.text[margin:], entry.line)


def _lines(fields: dict[str, Any], indent: int) -> list[str]:
    return [line + "\n" for line in map_lines(fields, indent)]
