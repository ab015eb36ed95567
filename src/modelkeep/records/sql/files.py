"""``SqlFiles``: the files of the records in a SQLite database."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ClauseElement, bindparam, delete, insert, or_, select, tuple_, update

from modelkeep.core.files import ModelFile
from modelkeep.core.roots import Roots
from modelkeep.errors import DuplicateModelException, UnknownModelException
from modelkeep.records.base_files import FileTable
from modelkeep.records.places import place_of_file, possible_places
from modelkeep.records.sql import rows, schema
from modelkeep.records.sql.part import SqlPart
from modelkeep.records.sql.transactions import Work

_file = schema.file.c
_COLUMNS = (_file.model_key, *rows.FILE_COLUMNS)

#: Rows that ``each_file`` holds at a time.
_BATCH = 1000


class SqlFiles(SqlPart, FileTable):
    """Files and the hashes known of them, in a SQLite database."""

    def files(self, key: str) -> list[ModelFile]:
        """Return the files that a record owns, sorted by path."""
        with self._transactions.reading() as work:
            found = work.ask("files", _files_of, {"key_": key})
            if not found:
                self._require(work, key)
        return [rows.read_file(row, self.roots) for row in found]

    def set_files(self, key: str, files: Iterable[ModelFile]) -> None:
        """Replace the files that a record owns."""
        owned = list(files)
        with self._transactions.writing() as work:
            self._require(work, key)
            replace_files(work, self.roots, key, owned)

    def set_file_hashes(
        self,
        key: str,
        path: str,
        *,
        sha256: str | None = None,
        blake3: str | None = None,
        hashed_at: float | None = None,
    ) -> None:
        """Note full hashes of one file; those that are None stay as they were."""
        known = {"sha256": sha256, "blake3": blake3}
        values: dict[str, Any] = {name: value for name, value in known.items() if value}
        values["hashed_at"] = time.time() if hashed_at is None else hashed_at
        places = tuple_(_file.root, _file.path).in_(possible_places(self.roots, path))
        this = (_file.model_key == key) & or_(_file.path == path, places)
        with self._transactions.writing() as work:
            self._require(work, key)
            work.run(update(schema.file).where(this).values(values))
            if not work.changed:
                raise UnknownModelException(
                    f"The model {key!r} has no file {path!r}",
                    hint="modelkeep show lists the files of a model.",
                )

    def find_files(
        self, *, size: int | None = None, blake3: str | None = None, sha256: str | None = None
    ) -> list[tuple[str, ModelFile]]:
        """Return (key, file) of the files that fit everything that is given."""
        asked = {"size": size, "blake3": blake3, "sha256": sha256}
        wanted = {name: value for name, value in asked.items() if value is not None}

        def make() -> ClauseElement:
            fits = [_file[name] == bindparam(name) for name in wanted]
            return select(*_COLUMNS).where(*fits).order_by(_file.root, _file.path)

        with self._transactions.reading() as work:
            found = work.ask(("find files", *wanted), make, wanted)
        return [(row[0], rows.read_file(row[1:], self.roots)) for row in found]

    def each_file(self, root: str | None = None) -> Iterator[tuple[str, ModelFile]]:
        """Give (key, file) of all files, sorted by root and path, without holding them all."""
        values: dict[str, Any] = {"limit_": _BATCH, "root_": root}
        while True:
            is_first = "after_path" not in values

            def make(is_first: bool = is_first) -> ClauseElement:
                return _next_files(is_first=is_first, in_root=root is not None)

            with self._transactions.reading() as work:
                found = work.ask(("each file", is_first, root is not None), make, values)
            for row in found:
                yield row[0], rows.read_file(row[1:], self.roots)
            if len(found) < _BATCH:
                return
            last = dict(zip((column.name for column in _COLUMNS), found[-1], strict=True))
            values |= {"after_root": last["root"], "after_path": last["path"]}


def add_files(work: Work, roots: Roots, owned: Iterable[tuple[str, Sequence[ModelFile]]]) -> None:
    """Store the files of some records, given by their keys."""
    rows_ = [rows.file_row(key, file, roots) for key, files in owned for file in files]
    work.run_many("add files", lambda: insert(schema.file), rows_)


def replace_files(work: Work, roots: Roots, key: str, files: Sequence[ModelFile]) -> None:
    """Let a record own these files and no others.

    Raises:
        DuplicateModelException: one of them belongs to another record.
    """
    work.run(delete(schema.file).where(_file.model_key == key))
    refuse_owned(work, roots, files)
    add_files(work, roots, [(key, files)])


def refuse_owned(work: Work, roots: Roots, files: Iterable[ModelFile]) -> None:
    """Raise if one of the files belongs to a record already, or is among them twice.

    Raises:
        DuplicateModelException: this is so.
    """
    seen = set()
    for file in files:
        place = place_of_file(roots, file)
        owners = work.ask("owner", _owner_of, {"root_": place[0], "path_": place[1]})
        if owners or place in seen:
            who = f"belongs to the model {owners[0][0]} already" if owners else "is given twice"
            hint = f"See it with: modelkeep show {owners[0][0]}" if owners else "Give it once."
            raise DuplicateModelException(f"The file {file.path} {who}", hint=hint)
        seen.add(place)


def _owner_of() -> ClauseElement:
    here = (_file.root == bindparam("root_")) & (_file.path == bindparam("path_"))
    return select(_file.model_key).where(here)


def _files_of() -> ClauseElement:
    mine = _file.model_key == bindparam("key_")
    return select(*rows.FILE_COLUMNS).where(mine).order_by(_file.root, _file.path)


def _next_files(*, is_first: bool, in_root: bool) -> ClauseElement:
    statement = select(*_COLUMNS).order_by(_file.root, _file.path).limit(bindparam("limit_"))
    if in_root:
        statement = statement.where(_file.root == bindparam("root_"))
    if not is_first:
        after = tuple_(bindparam("after_root"), bindparam("after_path"))
        statement = statement.where(tuple_(_file.root, _file.path) > after)
    return statement
