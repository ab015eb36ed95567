"""``ModelRecordServiceFile``: the catalogue in one YAML file."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from modelkeep.core.configs import AnyModelConfig, ModelConfigBase
from modelkeep.core.files import ModelFile
from modelkeep.core.names import path_to_text
from modelkeep.core.summary import ModelSummary
from modelkeep.core.taxonomy import (
    BaseModelType,
    ModelFormat,
    ModelRecordOrderBy,
    ModelType,
    RecordState,
)
from modelkeep.errors import UnknownModelException, UsageError
from modelkeep.records.changes import changed_config, new_config, refuse_unstorable
from modelkeep.records.listing import (
    FacetName,
    Facets,
    KindTotal,
    NewRecord,
    RecordFilter,
    RecordPage,
    SearchOrder,
)
from modelkeep.records.places import place_of, place_of_file, possible_places
from modelkeep.records.service import ModelRecordServiceBase, PaginatedResults
from modelkeep.records.sql.database import ChangeCounter
from modelkeep.records.yaml import search as yaml_search
from modelkeep.records.yaml.file import CatalogueFile
from modelkeep.records.yaml.metadata import ModelMetadataStoreFile
from modelkeep.records.yaml.record import StoredRecord, sorted_files, stamp

_INT64_MAX = 2**63 - 1


class ModelRecordServiceFile(ModelRecordServiceBase):
    """Records in one YAML file, which a person can read and edit.

    The file holds records, metadata, tags and files. It is read again when it was changed, so an
    edit by hand is seen by the next call; comments and everything else that a change does not
    touch stay as they are. Each change writes the whole file: it is meant for up to 2,000
    models. Larger libraries belong in SQLite.

    Args:
        file: The opened file.
    """

    def __init__(self, file: CatalogueFile) -> None:
        self._file = file
        self._changes = ChangeCounter()
        self._metadata_store = ModelMetadataStoreFile(file, lambda: self.roots)

    @classmethod
    def from_db_file(cls, path: Path | str) -> Self:
        """Open a catalogue, whatever its suffix."""
        return cls(CatalogueFile(Path(path)))

    @property
    def metadata_store(self) -> ModelMetadataStoreFile:
        """The metadata of the same file."""
        return self._metadata_store

    def change_counter(self) -> int:
        """Return a number that is another one after every change, by any process."""
        return self._changes.note(id(self._file.read()))

    def close(self) -> None:
        """Do nothing: the file is only open while it is read or written."""

    # -- writing

    def add_model(
        self,
        key: str,
        config: ModelConfigBase | Mapping[str, Any],
        files: Iterable[ModelFile] = (),
    ) -> AnyModelConfig:
        """Store a new record, and the files that it owns, in one step."""
        return self._add([NewRecord(key, new_config(key, config), tuple(files))])[0]

    def add_models(self, records: Iterable[NewRecord]) -> list[AnyModelConfig]:
        """Store many new records in one step: all of them, or none."""
        return self._add([replace(r, config=new_config(r.key, r.config)) for r in records])

    def update_model(
        self,
        key: str,
        config: ModelConfigBase | Mapping[str, Any],
        *,
        files: Iterable[ModelFile] | None = None,
    ) -> AnyModelConfig:
        """Change a record, all of it at once; its key stays."""
        owned = None if files is None else self._placed_files(list(files))
        with self._file.changing() as draft:
            old = draft.get(key)
            changed = changed_config(self._shown(old), config)
            refuse_unstorable(changed)
            record = replace(
                old,
                config=self._placed(changed),
                files=old.files if owned is None else owned,
                updated_at=stamp(time.time()),
            )
            draft.put(record, self.roots)
        return self._shown(record)

    def set_states(self, states: Mapping[str, RecordState]) -> None:
        """Note what was seen of the files of some records; keys without a record are skipped."""
        with self._file.changing() as draft:
            for key, state in states.items():
                if key in draft and (old := draft.get(key)).config.state != state:
                    config = old.config.model_copy(update={"state": RecordState(state)})
                    draft.put(replace(old, config=config), self.roots)

    def del_model(self, key: str) -> None:
        """Forget a record, its files, metadata and tags; nothing on the disk is touched."""
        with self._file.changing() as draft:
            draft.remove(key)

    # -- finding

    def get_model(self, key: str) -> AnyModelConfig:
        """Return a record."""
        return self._shown(self._file.read().get(key))

    def exists(self, key: str) -> bool:
        """Tell whether there is a record under this key."""
        return key in self._file.read()

    def created_at(self, key: str) -> float:
        """Return when a record was added, seconds since the epoch."""
        catalogue = self._file.read()
        return catalogue.created_at(catalogue.get(key))

    def keys_with_prefix(self, prefix: str, limit: int = 2) -> list[str]:
        """Return at most ``limit`` keys that begin with ``prefix``, sorted."""
        found = sorted(key for key in self._file.read().records if key.startswith(prefix))
        return found[: max(limit, 0)]

    def search_by_path(self, path: Path | str) -> list[AnyModelConfig]:
        """Return the records with exactly this path; no links are followed."""
        text = path_to_text(path) if isinstance(path, Path) else path
        places = set(possible_places(self.roots, text))
        return self._listed(r for r in self._records() if r.place in places)

    def search_by_hash(self, hash: str) -> list[AnyModelConfig]:  # noqa: A002 - the seed's name
        """Return the records with this ``original_hash``."""
        return self._listed(r for r in self._records() if r.config.original_hash == hash)

    def search_by_attr(
        self,
        model_name: str | None = None,
        base_model: BaseModelType | None = None,
        model_type: ModelType | None = None,
        model_format: ModelFormat | None = None,
    ) -> list[AnyModelConfig]:
        """Return the records that fit all the arguments that are given."""
        asked = {
            "name": model_name,
            "base": base_model,
            "type": model_type,
            "format": model_format,
        }
        wanted = [(name, value) for name, value in asked.items() if value is not None]
        return self._listed(
            record
            for record in self._records()
            if all(getattr(record.config, name) == value for name, value in wanted)
        )

    def search_by_metadata_tag(self, tags: Iterable[str]) -> list[AnyModelConfig]:
        """Return the records that have all of these tags; none when no tag is given."""
        wanted = frozenset(tags)
        return self._listed(r for r in self._records() if wanted and wanted <= r.all_tags.all)

    def list_models(
        self,
        page: int = 0,
        per_page: int = 10,
        order_by: ModelRecordOrderBy = ModelRecordOrderBy.Default,
    ) -> PaginatedResults[ModelSummary]:
        """Return one page of summaries."""
        if page < 0 or per_page < 1 or page * per_page > _INT64_MAX:
            raise UsageError(
                f"There is no page {page} of {per_page} models",
                hint="Pages are counted from 0 and have at least 1 model.",
            )
        order = yaml_search.by_column(ModelRecordOrderBy(order_by))
        records = sorted(self._records(), key=order)
        shown = records[page * per_page : (page + 1) * per_page]
        return PaginatedResults[ModelSummary](
            page=page,
            pages=-(-len(records) // per_page),
            per_page=per_page,
            total=len(records),
            items=[ModelSummary.of(r.config, set(r.all_tags.all)) for r in shown],
        )

    def page(
        self,
        where: RecordFilter,
        *,
        order: SearchOrder = "name",
        limit: int = 50,
        after: str | None = None,
    ) -> RecordPage:
        """Return the first records of a filtered and sorted set, or the next ones.

        All records are looked at for each page: they are in memory.
        """
        if limit < 1:
            raise UsageError(f"A page has at least 1 model, not {limit}", hint="Ask for 1 or more.")
        found = yaml_search.in_order(self._file.read(), where, order)
        rest = found if after is None else yaml_search.after(found, order, after)
        shown = rest[:limit]
        following = shown[-1][0].to_text() if len(rest) > limit else None
        return RecordPage([self._shown(record) for _, record in shown], following)

    def facets(
        self,
        where: RecordFilter,
        names: Iterable[FacetName] = ("type", "base", "format", "tag", "root", "state"),
    ) -> Facets:
        """Count the values that occur in a filtered set."""
        return yaml_search.facets(self._file.read(), where, names)

    def totals(self) -> list[KindTotal]:
        """Count all records and sum their sizes, by type and base."""
        return yaml_search.totals(self._file.read())

    def count(self, where: RecordFilter) -> int:
        """Return how many records are like that."""
        return len(yaml_search.matching(self._file.read(), where))

    def search(
        self,
        *,
        text: str | None = None,
        types: Sequence[ModelType | str] = (),
        bases: Sequence[BaseModelType | str] = (),
        formats: Sequence[ModelFormat | str] = (),
        tags: Iterable[str] = (),
        order: SearchOrder = "name",
        limit: int | None = None,
    ) -> list[AnyModelConfig]:
        """Return the records that fit everything that is given."""
        where = RecordFilter(text or "", tuple(types), tuple(bases), tuple(formats), tuple(tags))
        found = yaml_search.in_order(self._file.read(), where, order)
        shown = found if limit is None else found[: max(limit, 0)]
        return [self._shown(record) for _, record in shown]

    # -- files

    def files(self, key: str) -> list[ModelFile]:
        """Return the files that a record owns, sorted by path."""
        return [self._shown_file(file) for file in self._file.read().get(key).files]

    def set_files(self, key: str, files: Iterable[ModelFile]) -> None:
        """Replace the files that a record owns."""
        owned = self._placed_files(list(files))
        with self._file.changing() as draft:
            record = replace(draft.get(key), files=owned, updated_at=stamp(time.time()))
            draft.put(record, self.roots)

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
        when = time.time() if hashed_at is None else hashed_at
        with self._file.changing() as draft:
            record = draft.get(key)
            files = list(record.files)
            these = [n for n, f in enumerate(files) if path in {f.path, self._shown_file(f).path}]
            if not these:
                raise UnknownModelException(
                    f"The model {key!r} has no file {path!r}",
                    hint="modelkeep show lists the files of a model.",
                )
            for number in these:
                file = files[number]
                known = {"sha256": sha256 or file.sha256, "blake3": blake3 or file.blake3}
                files[number] = replace(file, **known, hashed_at=when)  # type: ignore[arg-type]
            draft.put(replace(record, files=tuple(files)), self.roots)

    def find_files(
        self, *, size: int | None = None, blake3: str | None = None, sha256: str | None = None
    ) -> list[tuple[str, ModelFile]]:
        """Return (key, file) of the files that fit everything that is given."""
        if size is not None and abs(size) > _INT64_MAX:
            raise UsageError(f"No file has {size} bytes", hint="Numbers have at most 64 bits.")
        asked = (("size", size), ("blake3", blake3), ("sha256", sha256))
        wanted = [(name, value) for name, value in asked if value is not None]
        return [
            (key, file)
            for key, file in self.each_file()
            if all(getattr(file, name) == value for name, value in wanted)
        ]

    def each_file(self, root: str | None = None) -> Iterator[tuple[str, ModelFile]]:
        """Give (key, file) of all files, sorted by root and path."""
        owned = [
            (file.root, file.path, record.key, file)
            for record in self._records()
            for file in record.files
            if root is None or file.root == root
        ]
        for _, _, key, file in sorted(owned, key=lambda row: row[:3]):
            yield key, self._shown_file(file)

    # -- plumbing

    def _records(self) -> Iterable[StoredRecord]:
        return self._file.read().records.values()

    def _listed(self, records: Iterable[StoredRecord]) -> list[AnyModelConfig]:
        return [self._shown(record) for record in sorted(records, key=yaml_search.by_default)]

    def _add(self, new: list[NewRecord]) -> list[AnyModelConfig]:
        now = stamp(time.time())
        records = [
            StoredRecord(
                config=self._placed(record.config),
                files=self._placed_files(list(record.files)),
                tags=frozenset(tag.strip() for tag in record.tags if tag.strip()),
                metadata=record.metadata.model_copy(deep=True) if record.metadata else None,
                created_at=now,
                updated_at=now,
            )
            for record in new
        ]
        with self._file.changing() as draft:
            for record in records:
                draft.add(record, self.roots)
        return [self._shown(record) for record in records]

    def _placed(self, config: ModelConfigBase) -> Any:
        root, path = place_of(self.roots, config)
        return config.model_copy(update={"root": root, "path": path})

    def _placed_files(self, files: list[ModelFile]) -> tuple[ModelFile, ...]:
        placed = [(file, place_of_file(self.roots, file)) for file in files]
        return sorted_files([replace(file, root=p[0], path=p[1]) for file, p in placed])

    def _shown(self, record: StoredRecord) -> AnyModelConfig:
        shown: AnyModelConfig = record.config.model_copy(
            update={"path": self.roots.join(*record.place)}
        )
        return shown

    def _shown_file(self, file: ModelFile) -> ModelFile:
        path = self.roots.join(file.root, file.path)
        return file if path == file.path else replace(file, path=path)
