"""``Catalogue``: the records of a YAML document, with the text of each, as one value."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NoReturn, Self

from modelkeep.core.roots import Roots
from modelkeep.errors import (
    CorruptDatabaseError,
    DatabaseError,
    DuplicateModelException,
    NewerDatabaseError,
    UnknownModelException,
    WrongDatabaseError,
)
from modelkeep.records.places import Place, possible_places
from modelkeep.records.service import RECORDS_VERSION
from modelkeep.records.yaml import document as yaml_document
from modelkeep.records.yaml.document import Entry, Layout, NoCatalogueError
from modelkeep.records.yaml.reader import YamlFlaw, read_map
from modelkeep.records.yaml.record import (
    InvalidRecordError,
    StoredRecord,
    from_fields,
    to_fields,
)

_WRONG_HINT = "Name another file, or move this one away; nothing was changed."


@dataclass(frozen=True, slots=True)
class _Part:
    """A record and the lines that it stands in."""

    lead: str
    text: str
    record: StoredRecord


class Catalogue:
    """What a YAML document holds. One that was published is never changed: ``copy`` first.

    Args:
        name: The file, for messages.
        text: The document, with an end to each line.
        written_at: When the file was changed, seconds since the epoch.
        known: The catalogue that was read before: what did not change is not read again.

    Raises:
        WrongDatabaseError: the text is no catalogue, or one of a newer modelkeep.
        CorruptDatabaseError: it is broken; the message names the line.
    """

    def __init__(
        self, name: str, text: str, written_at: float, known: Catalogue | None = None
    ) -> None:
        self.name = name
        self._written_at = written_at
        #: Keys by the place of their record, and by those of its files.
        self.by_place: dict[Place, str] = {}
        self.by_file: dict[Place, str] = {}
        self._parts: dict[str, _Part] = {}
        try:
            layout = yaml_document.parse(text)
        except NoCatalogueError as error:
            raise WrongDatabaseError(
                f"{name} is no catalogue of modelkeep: it has no __metadata__ with a version",
                hint=_WRONG_HINT,
            ) from error
        except YamlFlaw as error:
            self._refuse(error.line, error.reason, error)
        _check_version(name, layout)
        self._head, self._tail, self._indent = layout.head, layout.tail, layout.indent
        read_before = known.by_text if known else {}
        for entry in layout.entries:
            record = read_before.get(entry.text) or self._read(entry)
            self._insert(_Part(entry.lead, entry.text, record), entry.line)

    @property
    def text(self) -> str:
        """The document."""
        records = "".join(part.lead + part.text for part in self._parts.values())
        return self._head + records + self._tail

    @property
    def records(self) -> dict[str, StoredRecord]:
        """All records, by key, in the order of the document."""
        return {key: part.record for key, part in self._parts.items()}

    @property
    def by_text(self) -> dict[str, StoredRecord]:
        """All records, by the lines that they stand in."""
        return {part.text: part.record for part in self._parts.values()}

    def __contains__(self, key: object) -> bool:
        return key in self._parts

    def get(self, key: str) -> StoredRecord:
        """Return a record.

        Raises:
            UnknownModelException: there is none.
        """
        if key not in self._parts:
            raise UnknownModelException(
                f"There is no model with the key {key!r}",
                hint="modelkeep list shows what is there.",
            )
        return self._parts[key].record

    def created_at(self, record: StoredRecord) -> float:
        """Return when a record was added: at the latest when the file was changed."""
        return self._written_at if record.created_at is None else record.created_at

    def copy(self) -> Self:
        """Return a catalogue that may be changed without changing this one."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._parts = self._parts.copy()
        other.by_place = self.by_place.copy()
        other.by_file = self.by_file.copy()
        return other

    def add(self, record: StoredRecord, roots: Roots) -> None:
        """Add a record.

        Raises:
            DuplicateModelException: its key, its place or one of its files is taken.
        """
        if record.key in self._parts:
            other = self.get(record.key).config
            path = roots.join(other.root, other.path)
            raise DuplicateModelException(
                f"The key {record.key!r} is taken by {other.name!r} at {path};"
                f" {record.config.name!r} was not stored",
                hint=f"See it with: modelkeep show {record.key}",
            )
        self.put(record, roots)

    def put(self, record: StoredRecord, roots: Roots) -> None:
        """Add a record, or replace the one with its key.

        Raises:
            DuplicateModelException: its place or one of its files belongs to another record.
        """
        self._refuse_taken(record, roots)
        old = self._parts.get(record.key)
        part = self._written(record, old)
        if old is not None:
            self._forget_places(old.record)
        self._note_places(record)
        self._parts[record.key] = part

    def remove(self, key: str) -> None:
        """Forget a record; comments that are not directly above it stay.

        Raises:
            UnknownModelException: there is none.
        """
        self._forget_places(self.get(key))
        keys = list(self._parts)
        position = keys.index(key)
        kept, _ = yaml_document.own_comment(self._parts.pop(key).lead)
        if not kept:
            return
        if position + 1 < len(keys):
            after = self._parts[keys[position + 1]]
            self._parts[keys[position + 1]] = replace(after, lead=kept + after.lead)
        else:
            self._tail = kept + self._tail

    # -- plumbing

    def _written(self, record: StoredRecord, old: _Part | None) -> _Part:
        fields = to_fields(record)
        candidates = [yaml_document.entry_text(record.key, fields, self._indent)]
        lead = ""
        if old is not None:
            before = to_fields(old.record)
            lead = old.lead
            if yaml_document.entry_text(record.key, before, self._indent) != old.text:
                # A person wrote there: keep as much of it as can be kept.
                spliced = yaml_document.with_changes(old.text, self._indent, before, fields)
                candidates = [*([spliced] if spliced else []), *candidates]
        for text in candidates:
            try:
                again = self._read(Entry(lead, text, 0))
            except CorruptDatabaseError:
                continue
            if again == record:
                return _Part(lead, text, again)
        raise DatabaseError(
            f"The record of {record.config.name!r} cannot be said in YAML; nothing was changed",
            hint="Keep the catalogue in SQLite: set model_config_db to auto.",
        )

    def _read(self, entry: Entry) -> StoredRecord:
        try:
            values = read_map(entry.text)
        except YamlFlaw as error:
            self._refuse(entry.line + error.line, error.reason, error)
        if len(values) != 1:
            self._refuse(entry.line, "one record is expected here")
        ((key, fields),) = values.items()
        try:
            return from_fields(key, fields)
        except InvalidRecordError as error:
            line = _line_of(entry.text, error.field)
            self._refuse(entry.line + line, f"the record {key!r} is wrong: {error}", error)

    def _insert(self, part: _Part, line: int) -> None:
        record = part.record
        if record.key in self._parts:
            self._refuse(line, f"the key {record.key!r} stands here a second time")
        owner = self.by_place.get(record.place)
        if owner is not None:
            self._refuse(line, f"{record.config.path} is the path of {owner!r} already")
        for file in record.files:
            owner = self.by_file.get((file.root, file.path))
            if owner is not None:
                self._refuse(line, f"the file {file.path} belongs to {owner!r} already")
        self._note_places(record)
        if len({(file.root, file.path) for file in record.files}) != len(record.files):
            self._refuse(line, "a file is listed twice")
        self._parts[record.key] = part

    def _note_places(self, record: StoredRecord) -> None:
        self.by_place[record.place] = record.key
        for file in record.files:
            self.by_file[file.root, file.path] = record.key

    def _forget_places(self, record: StoredRecord) -> None:
        del self.by_place[record.place]
        for file in record.files:
            del self.by_file[file.root, file.path]

    def _refuse_taken(self, new: StoredRecord, roots: Roots) -> None:
        path = roots.join(*new.place)
        for place in {new.place, *possible_places(roots, path)}:
            key = self.by_place.get(place, new.key)
            if key != new.key:
                name = self._parts[key].record.config.name
                raise DuplicateModelException(
                    f"The path {path} is recorded already, for {name!r} (key {key});"
                    f" {new.config.name!r} was not stored",
                    hint=f"See it with: modelkeep show {key}",
                )
        mine: set[Place] = set()
        for file in new.files:
            key = self.by_file.get((file.root, file.path), new.key)
            if key != new.key or (file.root, file.path) in mine:
                raise DuplicateModelException(
                    f"The file {file.path} belongs to the model {key} already",
                    hint=f"See it with: modelkeep show {key}",
                )
            mine.add((file.root, file.path))

    def _refuse(self, line: int, reason: str, cause: Exception | None = None) -> NoReturn:
        raise CorruptDatabaseError(
            f"The catalogue {self.name} is broken in line {line + 1}: {reason}",
            hint=f"Correct that line, or put the last good copy back: {self.name}.bak",
        ) from cause


def _check_version(name: str, layout: Layout) -> None:
    seed, ours = layout.about.get("version"), layout.about.get("modelkeep", 1)
    try:
        numbers = tuple(int(part) for part in str(seed).split("."))
    except ValueError:
        numbers = ()
    known = tuple(int(part) for part in RECORDS_VERSION.split("."))
    if not numbers or numbers[: len(known)] < known or not isinstance(ours, int):
        raise WrongDatabaseError(
            f"{name} is no catalogue of modelkeep: its version is {seed!r}", hint=_WRONG_HINT
        )
    if numbers[: len(known)] > known or ours > yaml_document.FORMAT:
        raise NewerDatabaseError(
            f"The catalogue {name} was written by a newer modelkeep (its version is {seed}, layout"
            f" {ours}; this program knows {RECORDS_VERSION}, layout {yaml_document.FORMAT})",
            hint="Update modelkeep: pip install --upgrade modelkeep",
        )


def _line_of(text: str, field: str) -> int:
    found = field and re.search(rf"""^[ ]*["']?{re.escape(field)}["']?[ ]*:""", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) if found else 0
