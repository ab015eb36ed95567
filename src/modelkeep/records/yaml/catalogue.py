"""``Catalogue``: the records of a YAML document, with the text of each, as one value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NoReturn, Self

from modelkeep.errors import (
    CorruptDatabaseError,
    DatabaseError,
    NewerDatabaseError,
    WrongDatabaseError,
)
from modelkeep.records import RECORDS_VERSION
from modelkeep.records.places import Place
from modelkeep.records.yaml import document as yaml_document
from modelkeep.records.yaml.document import DocumentParts, Entry, NoCatalogueError
from modelkeep.records.yaml.reader import YamlFlaw, read_map
from modelkeep.records.yaml.record import (
    InvalidRecordError,
    StoredRecord,
    from_fields,
    refuse_no_text,
    to_fields,
)

_WRONG_HINT = "Choose another file or move this one away. It was not changed."


#: Keys of records by the places that they have.
_Owners = dict[Place, str]


@dataclass(frozen=True, slots=True)
class _Part:
    """A record and the lines that it stands in."""

    lead: str
    text: str
    record: StoredRecord


class Catalogue:
    """What a YAML document holds; it is never changed.

    Args:
        name: The file, for messages.
        text: The document, with an end to each line.
        written_at: When the file was changed, seconds since the epoch.
        known: The catalogue that was read before: what did not change is not read again.

    Raises:
        WrongDatabaseError: the text is not a catalogue, or one of a newer modelkeep.
        CorruptDatabaseError: it is broken; the message names the line.
    """

    def __init__(
        self, name: str, text: str, written_at: float, known: Catalogue | None = None
    ) -> None:
        self.name = name
        self._written_at = written_at
        self._parts: dict[str, _Part] = {}
        self._records: dict[str, StoredRecord] | None = None
        try:
            layout = yaml_document.parse(text)
        except NoCatalogueError as error:
            raise WrongDatabaseError(
                f"{name} is not a modelkeep catalogue: it has no __metadata__ with a version",
                hint=_WRONG_HINT,
            ) from error
        except YamlFlaw as error:
            self._refuse(error.line, error.reason, error)
        _check_version(name, layout)
        self._head, self._tail, self._indent = layout.head, layout.tail, layout.indent
        read_before = known.by_text if known else {}
        paths: _Owners = {}
        files: _Owners = {}
        for entry in layout.entries:
            record = read_before.get(entry.text) or self._read(entry)
            self._insert(_Part(entry.lead, entry.text, record), entry.line, paths, files)

    @property
    def text(self) -> str:
        """The document."""
        records = "".join(part.lead + part.text for part in self._parts.values())
        return self._head + records + self._tail

    @property
    def records(self) -> dict[str, StoredRecord]:
        """All records, by key, in the order of the document."""
        if self._records is None:
            self._records = {key: part.record for key, part in self._parts.items()}
        return self._records

    @property
    def by_text(self) -> dict[str, StoredRecord]:
        """All records, by the lines that they stand in."""
        return {part.text: part.record for part in self._parts.values()}

    def created_at(self, record: StoredRecord) -> float:
        """Return when a record was added: at the latest when the file was changed."""
        return self._written_at if record.created_at is None else record.created_at

    def updated_at(self, record: StoredRecord) -> float:
        """Return when a record was changed: when it was added, where the document does not say."""
        return self.created_at(record) if record.updated_at is None else record.updated_at

    def with_changes(self, changes: Mapping[str, StoredRecord | None]) -> Self:
        """Return a catalogue in which some records are new, other ones, or gone.

        Args:
            changes: By key; None for what is gone.

        Raises:
            DatabaseError: a record cannot be written as YAML.
        """
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._parts = self._parts.copy()
        other._records = None
        for key, record in changes.items():
            if record is not None:
                other._parts[key] = self._written(record, self._parts.get(key))
            elif key in other._parts:
                other._remove(key)
        return other

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
            f"The record of {record.config.name!r} cannot be written as YAML; nothing was changed",
            hint="Keep the catalogue in SQLite: set model_config_db to auto.",
        )

    def _read(self, entry: Entry) -> StoredRecord:
        try:
            values = read_map(entry.text)
        except YamlFlaw as error:
            self._refuse(entry.line + error.line, error.reason, error)
        if len(values) != 1:
            self._refuse(entry.line, "expected one record here")
        ((key, fields),) = values.items()
        try:
            record = from_fields(key, fields)
            if "\\" in entry.text:  # half a character is written as an escape
                refuse_no_text(record)
        except InvalidRecordError as error:
            line = _line_of(entry.text, error.field)
            self._refuse(entry.line + line, f"the record {key!r} is wrong: {error}", error)
        return record

    def _remove(self, key: str) -> None:
        """Forget a record; comments that are not directly above it stay."""
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

    def _insert(self, part: _Part, line: int, paths: _Owners, files: _Owners) -> None:
        record = part.record
        if record.key in self._parts:
            self._refuse(line, f"the key {record.key!r} is a duplicate")
        if (owner := paths.setdefault(record.place, record.key)) != record.key:
            self._refuse(line, f"{record.config.path} is already the path of {owner!r}")
        for file in record.files:
            place = (file.root, file.path)
            if files.get(place) == record.key:
                self._refuse(line, "a file is listed twice")
            if place in files:
                self._refuse(line, f"the file {file.path} already belongs to {files[place]!r}")
            files[place] = record.key
        self._parts[record.key] = part

    def _refuse(self, line: int, reason: str, cause: Exception | None = None) -> NoReturn:
        raise CorruptDatabaseError(
            f"The catalogue {self.name} is invalid in line {line + 1}: {reason}",
            hint=f"Correct that line or restore the last good copy: {self.name}.bak",
        ) from cause


def _check_version(name: str, layout: DocumentParts) -> None:
    seed, ours = layout.about.get("version"), layout.about.get("modelkeep", 1)
    try:
        numbers = tuple(int(part) for part in str(seed).split("."))
    except ValueError:
        numbers = ()
    known = tuple(int(part) for part in RECORDS_VERSION.split("."))
    if not numbers or numbers[: len(known)] < known or not isinstance(ours, int):
        raise WrongDatabaseError(
            f"{name} is not a modelkeep catalogue: its version is {seed!r}", hint=_WRONG_HINT
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
