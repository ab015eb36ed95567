"""``ModelRecordServiceBase``: what every catalogue can do, wherever it keeps its records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from pydantic import BaseModel

from modelkeep.core.configs import AnyModelConfig, ModelConfigBase
from modelkeep.core.files import ModelFile
from modelkeep.core.names import shown
from modelkeep.core.roots import Roots
from modelkeep.core.summary import ModelSummary
from modelkeep.core.taxonomy import (
    BaseModelType,
    ModelFormat,
    ModelRecordOrderBy,
    ModelType,
    RecordState,
)
from modelkeep.errors import (
    DuplicateModelException,
    UnknownModelException,
    WrongDatabaseError,
)
from modelkeep.records import RECORDS_VERSION
from modelkeep.records.listing import (
    FacetName,
    Facets,
    JsonPage,
    KindTotal,
    NewRecord,
    RecordFilter,
    RecordNote,
    RecordPage,
    SearchOrder,
)
from modelkeep.records.locations import RecordSettings
from modelkeep.records.metadata import AnyMetadata, ModelMetadataStoreBase

if TYPE_CHECKING:
    from modelkeep.records.dialects.sqlite_engine import SqliteConnection

#: Records of one page when all of a filtered set are read.
_BATCH = 500

T = TypeVar("T")


class PaginatedResults(BaseModel, Generic[T]):
    """One page of a list.

    Attributes:
        page: Number of this page, from 0.
        total: Items on all pages.
    """

    page: int
    pages: int
    per_page: int
    total: int
    items: list[T]


class ModelRecordServiceBase(ABC):
    """Stores and finds the records of models.

    Every change is atomic, and is on the disk when the call returns. All
    methods may be called from several threads.

    Attributes:
        roots: The registered roots. Records and files are stored relative to the root they lie
            in, and come back with the ``path`` that this gives now.
    """

    roots: Roots = Roots()

    # -- opening and closing

    @classmethod
    def from_db_file(cls, path: Path | str) -> ModelRecordServiceBase:
        """Open the catalogue in a file, which is made when it is not there.

        Args:
            path: Its suffix decides: ``.db`` for SQLite, ``.yaml`` or ``.yml`` for YAML.

        Raises:
            WrongDatabaseError: the suffix is no catalogue's, or the file is none.
            DatabaseError: the file is damaged, newer or locked.
        """
        suffix = Path(path).suffix.lower()
        if suffix == ".db":
            from modelkeep.records.sql.service import ModelRecordServiceSQL  # noqa: PLC0415 - heavy

            return ModelRecordServiceSQL.from_db_file(path)
        if suffix in {".yaml", ".yml"}:
            from modelkeep.records.yaml.service import ModelRecordServiceFile  # noqa: PLC0415 - seldom used

            return ModelRecordServiceFile.from_db_file(path)
        raise WrongDatabaseError(
            f"{shown(path)} cannot be a catalogue: its suffix is not .db, .yaml or .yml",
            hint="Set model_config_db to auto, a .db file or a .yaml file.",
        )

    @classmethod
    def open(
        cls,
        config: RecordSettings,
        conn: SqliteConnection | None = None,
        lock: AbstractContextManager[Any] | None = None,
    ) -> ModelRecordServiceBase:
        """Open the catalogue that the settings name.

        Args:
            config: ``model_config_db`` decides: ``auto`` takes the connection that is lent, or
                opens ``db_path``; a path is opened; None opens ``conf_path``. Where it has
                ``named_roots``, as our settings do, the catalogue knows these roots.
            conn: A connection that is lent; its transactions and settings are left alone.
            lock: What guards ``conn``.

        Raises:
            WrongDatabaseError: the file is not a catalogue.
            DatabaseError: the catalogue is damaged, newer or locked.
        """
        store = cls._open(config, conn, lock)
        named_roots: Any = getattr(config, "named_roots", None)
        if named_roots is not None:
            store.roots = named_roots()
        return store

    @staticmethod
    def _open(
        config: RecordSettings,
        conn: SqliteConnection | None,
        lock: AbstractContextManager[Any] | None,
    ) -> ModelRecordServiceBase:
        chosen = config.model_config_db
        if chosen is None:
            return ModelRecordServiceBase.from_db_file(config.conf_path)
        if str(chosen) != "auto":
            return ModelRecordServiceBase.from_db_file(chosen)
        from modelkeep.records.sql.service import ModelRecordServiceSQL  # noqa: PLC0415 - heavy

        if conn is not None and lock is not None:
            return ModelRecordServiceSQL.from_connection(conn, lock)
        return ModelRecordServiceSQL.from_db_file(config.db_path)

    @abstractmethod
    def change_counter(self) -> int:
        """Return a number that is another one after every change, by any process.

        Only compare it with the one that was returned before.
        """

    @abstractmethod
    def close(self) -> None:
        """Close what this service has opened itself."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def never_waits(self) -> bool:
        """Whether pages and ``change_counter`` never wait for those who write."""
        return False

    def version(self) -> str:
        """Return the version of the record format."""
        return RECORDS_VERSION

    # -- writing

    @abstractmethod
    def add_model(
        self,
        key: str,
        config: ModelConfigBase | Mapping[str, Any],
        files: Iterable[ModelFile] = (),
    ) -> AnyModelConfig:
        """Store a new record and the files that it owns, in one step; return it as stored.

        Args:
            key: Any string; stored as it is.
            config: A config, or a dict of its fields.
            files: What the model owns on disk.

        Raises:
            DuplicateModelException: the key, the path or a file is recorded already.
            InvalidModelConfigException: the dict is not a valid config.
        """

    @abstractmethod
    def add_models(self, records: Iterable[NewRecord]) -> list[AnyModelConfig]:
        """Store many new records in one step, all or none; return them as stored, in order.

        Raises:
            DuplicateModelException: a key, a path or a file is recorded already.
        """

    @abstractmethod
    def update_model(
        self,
        key: str,
        config: ModelConfigBase | Mapping[str, Any],
        *,
        files: Iterable[ModelFile] | None = None,
        seen: frozenset[str] | None = None,
    ) -> AnyModelConfig:
        """Change a record, all of it at once, and return it; its key stays.

        Args:
            key: Of the record.
            config: A whole config, or a dict of the fields to change. With another type or
                format the record moves to the config class of these.
            files: The files that it owns from now on; those that it owns already when None.
            seen: Change it only while it is of one of these versions; see ``record_version``.

        Raises:
            UnknownModelException: there is no such record.
            StaleRecordError: it is of no version in ``seen``.
            DuplicateModelException: the new path, or a file, belongs to another record.
            InvalidModelConfigException: the result would not be a valid config.
        """

    def rename_model(self, key: str, new_name: str) -> AnyModelConfig:
        """Give a record another name; for what is raised see ``update_model``."""
        return self.update_model(key, {"name": new_name})

    @abstractmethod
    def set_states(self, states: Mapping[str, RecordState]) -> None:
        """Note what was seen of the files of some records; keys without a record are skipped."""

    @abstractmethod
    def note_loaded(self, times: Mapping[str, float]) -> None:
        """Note when some models were loaded; keys without a record are skipped.

        Args:
            times: Seconds since the epoch, by key; an earlier one than is known changes nothing.
        """

    @abstractmethod
    def del_model(self, key: str) -> None:
        """Forget a record, its files, metadata and tags; nothing on the disk is touched.

        Raises:
            UnknownModelException: there is no such record.
        """

    # -- finding

    @abstractmethod
    def get_model(self, key: str) -> AnyModelConfig:
        """Return a record.

        Raises:
            UnknownModelException: there is no such record.
        """

    @abstractmethod
    def exists(self, key: str) -> bool:
        """Tell whether there is a record under this key."""

    @abstractmethod
    def created_at(self, key: str) -> float:
        """Return when a record was added, seconds since the epoch.

        Raises:
            UnknownModelException: there is no such record.
        """

    @abstractmethod
    def notes_on(self, keys: Collection[str]) -> Mapping[str, RecordNote]:
        """Return what lists show beside these records; those that are not there are left out."""

    @abstractmethod
    def loaded_at(self, key: str) -> float | None:
        """Return when a model was last loaded, seconds since the epoch; None for never.

        Raises:
            UnknownModelException: there is no such record.
        """

    @abstractmethod
    def keys_with_prefix(self, prefix: str, limit: int = 2) -> list[str]:
        """Return at most ``limit`` keys that begin with ``prefix``, sorted."""

    @abstractmethod
    def search_by_path(self, path: Path | str) -> list[AnyModelConfig]:
        """Return the records with exactly this path; no links are followed."""

    @abstractmethod
    def search_by_hash(self, hash: str) -> list[AnyModelConfig]:  # noqa: A002 - the specification's name
        """Return the records with this ``original_hash``."""

    def search_by_source(self, start: str) -> list[AnyModelConfig]:
        """Return the records whose source begins with ``start``."""
        return [each for each in self.all_models() if (each.source or "").startswith(start)]

    @abstractmethod
    def search_by_attr(
        self,
        model_name: str | None = None,
        base_model: BaseModelType | None = None,
        model_type: ModelType | None = None,
        model_format: ModelFormat | None = None,
    ) -> list[AnyModelConfig]:
        """Return the records that fit all the arguments that are given.

        They come sorted by type, base, format, name.
        """

    def search_by_name(
        self,
        name: str | None = None,
        base: BaseModelType | None = None,
        type: ModelType | None = None,  # noqa: A002 - the specification's name
    ) -> list[AnyModelConfig]:
        """Return the records that fit all the arguments; see ``search_by_attr``."""
        return self.search_by_attr(name, base, type)

    def all_models(self) -> list[AnyModelConfig]:
        """Return all records, sorted by type, base, format, name."""
        return self.search_by_attr()

    def model_info_by_name(
        self, name: str, base_model: BaseModelType, model_type: ModelType
    ) -> AnyModelConfig:
        """Return the one record with this name, base and type.

        Raises:
            UnknownModelException: there is none.
            DuplicateModelException: there are several; the message lists their keys.
        """
        found = self.search_by_attr(name, base_model, model_type)
        if len(found) == 1:
            return found[0]
        what = f"{base_model} {model_type} model is called {name!r}"
        if not found:
            raise UnknownModelException(f"No {what}", hint="List the models with: modelkeep list")
        keys = ", ".join(f"{config.key} ({config.path})" for config in found)
        raise DuplicateModelException(f"More than one {what}: {keys}", hint="Use its key.")

    @abstractmethod
    def search_by_metadata_tag(self, tags: Iterable[str]) -> list[AnyModelConfig]:
        """Return the records that have all of these tags; none when no tag is given."""

    def search_by_tag(self, tags: Iterable[str]) -> list[AnyModelConfig]:
        """Return the records that have all of these tags; see ``search_by_metadata_tag``."""
        return self.search_by_metadata_tag(tags)

    @abstractmethod
    def list_models(
        self,
        page: int = 0,
        per_page: int = 10,
        order_by: ModelRecordOrderBy = ModelRecordOrderBy.Default,
    ) -> PaginatedResults[ModelSummary]:
        """Return one page of summaries.

        Args:
            page: From 0; one past the last is empty.
            per_page: At least 1.
            order_by: The column to sort by; equal ones are in the default order.

        Raises:
            UsageError: ``page`` or ``per_page`` is too small.
        """

    # -- lists

    @abstractmethod
    def page(
        self,
        where: RecordFilter,
        *,
        order: SearchOrder = "name",
        limit: int = 50,
        after: str | None = None,
    ) -> RecordPage:
        """Return the first records of a filtered and sorted set, or the next ones.

        Its time and memory do not grow with the records before or after the page.

        Args:
            where: What the records have to be like.
            order: ``size`` is largest first, ``date`` newest first, ``relevance`` best match
                first, the others are alphabetical; equal ones are sorted by name, then by key.
            limit: Return at most so many; at least 1.
            after: ``next`` of the page before; the first page when None.

        Raises:
            UsageError: ``order`` or ``limit`` does not exist, or ``after`` is no page's ``next``.
        """

    @abstractmethod
    def page_json(
        self,
        where: RecordFilter,
        *,
        order: SearchOrder = "name",
        limit: int = 50,
        after: str | None = None,
    ) -> JsonPage:
        """Return the same page as ``page``, as JSON; no record is made of what is stored.

        Raises:
            UsageError: as ``page``.
        """

    @abstractmethod
    def walks(self, where: RecordFilter, order: SearchOrder) -> bool:
        """Tell whether an index lists exactly these records in this order.

        A page of them then costs the same wherever it is and however many records there are.
        """

    @abstractmethod
    def get_json(self, key: str) -> bytes:
        """Return a record as JSON.

        Raises:
            UnknownModelException: there is no such record.
            UnreadableRecordError: what is stored is no JSON.
        """

    @abstractmethod
    def each_json(self, where: RecordFilter, *, name: str | None = None) -> Iterator[bytes]:
        """Give all records that match as JSON, sorted by type, base, format and name.

        They are read a few at a time: what changes on the way may come twice or not at all.

        Args:
            where: What the records have to be like.
            name: They are called exactly this.
        """

    @abstractmethod
    def facets(
        self,
        where: RecordFilter,
        names: Iterable[FacetName] = ("type", "base", "format", "tag", "root", "state"),
    ) -> Facets:
        """Count the values that occur in a filtered set."""

    @abstractmethod
    def totals(self) -> list[KindTotal]:
        """Count all records and sum their sizes, by type and base."""

    @abstractmethod
    def count(self, where: RecordFilter) -> int:
        """Return how many records match the filter."""

    def each(self, where: RecordFilter, *, order: SearchOrder = "name") -> Iterator[AnyModelConfig]:
        """Give all records that match the filter, without holding them all.

        Records that change on the way may come twice or not at all.
        """
        after: str | None = None
        while True:
            page = self.page(where, order=order, limit=_BATCH, after=after)
            yield from page.items
            if (after := page.next) is None:
                return

    @abstractmethod
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
        """Return the records that fit everything that is given; see ``RecordFilter``.

        Raises:
            UsageError: ``order`` is none of those.
        """

    # -- files

    @abstractmethod
    def files(self, key: str) -> list[ModelFile]:
        """Return the files that a record owns, sorted by path.

        Raises:
            UnknownModelException: there is no such record.
        """

    @abstractmethod
    def set_files(self, key: str, files: Iterable[ModelFile]) -> None:
        """Replace the files that a record owns.

        Raises:
            UnknownModelException: there is no such record.
            DuplicateModelException: a file belongs to another record.
        """

    @abstractmethod
    def set_file_hashes(
        self,
        key: str,
        path: str,
        *,
        sha256: str | None = None,
        blake3: str | None = None,
        hashed_at: float | None = None,
    ) -> None:
        """Note full hashes of one file; those that are None stay as they were.

        Args:
            key: Of the record.
            path: As the file's row has it.
            sha256: 64 hex characters.
            blake3: 64 hex characters.
            hashed_at: Seconds since the epoch; now when None.

        Raises:
            UnknownModelException: there is no such record, or it has no such file.
        """

    @abstractmethod
    def find_files(
        self, *, size: int | None = None, blake3: str | None = None, sha256: str | None = None
    ) -> list[tuple[str, ModelFile]]:
        """Return (key, file) of the files that fit everything that is given."""

    @abstractmethod
    def each_file(self, root: str | None = None) -> Iterator[tuple[str, ModelFile]]:
        """Give (key, file) of all files, sorted by root and path, without holding them all.

        Args:
            root: Only those in the root of this name.
        """

    def bytes_by_root(self) -> Mapping[str, int]:
        """Return the bytes of all files in each root that has some."""
        sizes: dict[str, int] = {}
        for _, file in self.each_file():
            sizes[file.root] = sizes.get(file.root, 0) + file.size
        return sizes

    # -- metadata

    @property
    @abstractmethod
    def metadata_store(self) -> ModelMetadataStoreBase:
        """The metadata of the same catalogue."""

    def get_metadata(self, key: str) -> AnyMetadata:
        """Return what a site says about a model.

        Raises:
            UnknownMetadataException: nothing is known.
        """
        return self.metadata_store.get_metadata(key)

    def list_all_metadata(self) -> list[tuple[str, AnyMetadata]]:
        """Return (key, metadata) of all models that have any, sorted by key."""
        return self.metadata_store.list_all_metadata()

    def list_tags(self) -> set[str]:
        """Return all tags that are in use."""
        return self.metadata_store.list_tags()
