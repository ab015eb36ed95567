"""``ModelRecordServiceFile``: the catalogue in one YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from modelkeep.records.sql.metadata import SqlMetadata
from modelkeep.records.sql.service import SqlRecords
from modelkeep.records.yaml.database import DocumentDatabase


class ModelRecordServiceFile(SqlRecords):
    """Records in one YAML file, which a person can read and edit.

    The file holds records, metadata, tags and files. It is read again when it was changed, so an
    edit by hand is seen by the next call; comments and everything else that a change does not
    touch stay as they are. Each change writes the whole file: it is meant for up to 2,000
    models. Larger libraries belong in SQLite.
    """

    def __init__(self, document: DocumentDatabase) -> None:
        super().__init__(document)
        self._document = document
        self._metadata_store = SqlMetadata(document)

    @classmethod
    def from_db_file(cls, path: Path | str) -> Self:
        """Open a catalogue, whatever its suffix."""
        return cls(DocumentDatabase(Path(path)))

    @property
    def metadata_store(self) -> SqlMetadata:
        """The metadata of the same file."""
        return self._metadata_store

    def close(self) -> None:
        """Forget what is in memory; the file is only open while it is read or written."""
        self._document.close()
