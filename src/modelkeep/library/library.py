"""``Library``: the settings, catalogue, journal and disk that changes work on.

Every change is written in the journal before it begins, and the record is the commit point: until
the record has changed, a change is rolled back; afterwards it is finished.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.files import ModelFile
from modelkeep.core.hashing import sample_hash
from modelkeep.core.hearsay import Hearsay
from modelkeep.core.identity import Identification
from modelkeep.core.names import is_inside, real_path, shown, taken_in, text_to_path
from modelkeep.core.roots import MODELS_ROOT, NO_ROOT, Roots, RootState
from modelkeep.core.taxonomy import BaseModelType
from modelkeep.disk.journal import Change, N, Note
from modelkeep.errors import NotWritableError, OfflineRootError, RecordError
from modelkeep.identification.engine import identify_path
from modelkeep.identification.known_families import load_rules
from modelkeep.jobs.rows import JobChange
from modelkeep.jobs.state import StateDatabase
from modelkeep.library.locks import LibraryLocks
from modelkeep.library.presence import Presence
from modelkeep.library.previews import PreviewStore, preview_place
from modelkeep.library.record_paths import recorded_path
from modelkeep.library.trash import Trash
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.settings import Settings

#: A change under the journal of a library.
LibraryChange = Change[N, JobChange]
#: ``identify(path, strict)``
Identify = Callable[[Path, bool], Identification]


@dataclass(frozen=True)
class Library:
    """The catalogue, the journal and the disk.

    Attributes:
        owner: Name of this process in the journal.
        known_bases: Bases that overrides may name.
    """

    settings: Settings
    records: ModelRecordServiceBase
    state: StateDatabase
    owner: str
    identify: Callable[[Path, bool, Hearsay], Identification]
    known_bases: frozenset[BaseModelType]

    @classmethod
    def open(
        cls,
        settings: Settings,
        records: ModelRecordServiceBase,
        state: StateDatabase,
        owner: str,
        identify: Identify | None = None,
    ) -> Self:
        """Open a library; the catalogue gets the roots of the settings.

        Args:
            settings: Of this root.
            records: The catalogue.
            state: The journal.
            owner: Name of this process in the journal.
            identify: Says what a path is; the installed families when None.
        """
        rules = load_rules()
        known = frozenset(BaseModelType) | {rule.base for rule in rules}

        def by_rules(path: Path, strict: bool, told: Hearsay) -> Identification:
            if identify is not None:
                return identify(path, strict)
            return identify_path(path, rules=rules, strict=strict, told=told)

        records.roots = settings.named_roots()
        return cls(settings, records, state, owner, by_rules, known)

    @property
    def trash(self) -> Trash:
        """The trash folders of this root."""
        places = [text_to_path(place) for place in self.state.trash_places()]
        return Trash(self.settings.trash_dir, places, self.roots)

    @property
    def previews(self) -> PreviewStore:
        """The pictures of installed models."""
        return PreviewStore(self.settings.previews_dir)

    def preview_of(self, config: ModelConfigBase) -> Path | None:
        """Return the picture of a model; None when it has none or the picture is gone."""
        top = self.find(config)
        picture = preview_place(config, top) if top is not None else None
        return picture if picture is not None and picture.is_file() else None

    # -- roots

    @property
    def roots(self) -> Roots:
        """The registered roots."""
        return self.records.roots

    def refresh_roots(self) -> None:
        """Take over roots that another process has registered, moved or unregistered since."""
        if self.settings.take_over_roots():
            self.records.roots = self.settings.named_roots()

    @property
    def presence(self) -> Presence:
        """Decides which roots are online."""
        return Presence(
            lambda: self.records, lambda: self.roots, self.state, self.settings.models_dir
        )

    def root_state(self, name: str) -> RootState:
        """Return the state of a root; one that is not registered is offline."""
        return self.presence.state_of(name)

    def find(self, item: ModelConfigBase | ModelFile) -> Path | None:
        """Return the path of a model or one of its files; None when its root is not registered."""
        return self.roots.locate(item.root, item.path, self.settings.models_dir)

    def path_of(self, item: ModelConfigBase | ModelFile) -> Path:
        """Return the path of a model or of one of its files, also when its root is not mounted.

        Raises:
            OfflineRootError: its root is not registered.
        """
        path = self.find(item)
        if path is None:
            root, _ = self.roots.split(item.path)
            raise self._offline(item.path, root)
        return path

    def reach(self, config: ModelConfigBase) -> Path:
        """Return the path of a model whose files are needed.

        Raises:
            OfflineRootError: its root is not there.
        """
        if self.root_state(config.root) is RootState.OFFLINE:
            raise self._offline(config.name, config.root)
        return self.path_of(config)

    def require_writable(self, path: Path) -> None:
        """Refuse to change a path in a read-only root.

        Raises:
            NotWritableError: it does; names the root and the setting.
        """
        root = self.roots.around(self.roots.normal(path))
        if root is not None and root.is_readonly:
            raise NotWritableError(
                f"{shown(path)} is in the root {root.name}, which is read-only",
                hint=f"The setting roots.{root.name}.readonly in"
                f" {shown(self.settings.settings_path)} is set.",
            )

    def _offline(self, what: str, root: str) -> OfflineRootError:
        presence = self.presence
        return OfflineRootError(
            f"{what} is in the root {root}, which is offline. {presence.why_offline(root)}",
            hint=presence.hint_for(root),
        )

    @property
    def locks(self) -> LibraryLocks:
        """The locks against changes by other threads and processes."""
        return LibraryLocks(self.settings.state_path.parent / "locks")

    # -- places

    def is_ours(self, path: Path) -> bool:
        """Tell whether a path is in ``models_dir``, and not behind a link in there."""
        models_dir = self.settings.models_dir
        if not is_inside(path, models_dir):
            return False
        folder = Path(os.path.abspath(path)).parent  # noqa: PTH100 - resolve() follows links
        return real_path(folder) == real_path(models_dir) / folder.relative_to(models_dir)

    def taken_in(self, folder: Path) -> Callable[[str], bool]:
        """Return a test whether a name is taken in ``folder``, on the disk or by a record."""
        on_disk = taken_in(folder)

        def is_taken(name: str) -> bool:
            path = recorded_path(folder / name, self.settings.models_dir)
            return on_disk(name) or bool(self.records.search_by_path(path))

        return is_taken

    def is_recorded(self, key: str) -> bool | None:
        """Return whether a record exists; None when the catalogue cannot be read."""
        try:
            return self.records.exists(key)
        except RecordError:
            return None

    def root_around(self, path: Path) -> str:
        """Return the name of the root that a path is in; ``NO_ROOT`` when it is in none."""
        root = self.roots.around(path)
        if root is not None:
            return root.name
        return MODELS_ROOT if is_inside(path, self.settings.models_dir) else NO_ROOT

    def is_away(self, note: Note) -> bool:
        """Return whether any place of a change is in a root that is offline."""
        presence = self.presence
        roots = {self.root_around(place) for place in note.places}
        return any(presence.why_offline(root) or presence.is_another(root) for root in roots)

    @contextmanager
    def journalled(self, note: N, *, job: int | None = None) -> Iterator[LibraryChange[N]]:
        """Make a change under the journal; its entry is removed when it is done.

        When the work raises and the record has not changed, the change is rolled back. When the
        catalogue cannot say, when rolling back fails too, or when there is no way back, the entry
        stays for the next start.
        """
        journal = self.state.journal
        change = Change(journal, journal.begin(note, self.owner, job), note)
        before = self.is_recorded(note.key)
        try:
            yield change
        except BaseException:
            is_unchanged = before is not None and self.is_recorded(note.key) is before
            if note.is_reversible and is_unchanged:
                change.note.roll_back()
                change.finish()
            raise
        change.finish()


def with_fields(config: ModelConfigBase, **fields: Any) -> ModelConfigBase:
    """Return a validated copy of a config with other values in some fields."""
    return type(config).model_validate({**config.model_dump(), **fields})


def sampled(top: Path, names: list[str]) -> dict[str, str]:
    """Return the two sample hashes of a model as it lies on the disk."""
    value = sample_hash(top) if names == [""] else sample_hash(top, names)
    return {"original_hash": value, "current_hash": value}
