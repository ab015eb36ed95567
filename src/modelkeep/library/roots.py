"""``RootService``: registering, moving and unregistering folders of models.

Only settings, the catalogue and the state file are written; never anything in a root.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from modelkeep.core.commands import command
from modelkeep.core.files import ModelFile
from modelkeep.core.names import counted, full_path, is_inside, path_to_text, shown, text_to_path
from modelkeep.core.roots import MODELS_ROOT, NO_ROOT, Root, Roots, RootState
from modelkeep.disk import paths
from modelkeep.disk.drafts import drop_drafts
from modelkeep.errors import (
    DuplicateModelException,
    SourceNotFoundError,
    UnknownRootError,
    UsageError,
    complaint_of,
)
from modelkeep.jobs.owner import locked
from modelkeep.jobs.seen_roots import SeenRoot, forget_root, note_root, seen_roots
from modelkeep.library.library import Library
from modelkeep.library.named_folders import NamedFolders
from modelkeep.records.listing import RecordFilter
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.settings import RootSettings, Settings, edited_settings, read_settings_file

#: Files that are looked at before a root is pointed elsewhere.
_SAMPLE = 500

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RootRow:
    """One root, and what is in it.

    Attributes:
        name: Of the root.
        path: Its folder; None when it is not registered.
        layout: Whose folder it is; None when it is not registered.
        readonly: Nothing may ever be written in it.
        why: Why it is offline, and how it comes back; empty when it is online.
        remarks: What its program's files name that is not there.
    """

    name: str
    path: str | None
    layout: str | None
    readonly: bool
    state: RootState
    why: str
    models: int
    bytes: int
    remarks: tuple[str, ...] = ()


class RootService:
    """The roots of a library.

    Args:
        library: Its settings, catalogue and state file are changed together.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._settings = library.settings
        self._records = library.records
        self._state = library.state

    def rows(self) -> list[RootRow]:
        """Return all roots: ``models``, the registered ones, those that only records name."""
        counts = self._records.facets(RecordFilter(), ["root"]).counts["root"]
        sizes = self._records.bytes_by_root()
        named = self._library.roots.named
        home = Root(MODELS_ROOT, self._settings.models_dir)
        known = {MODELS_ROOT: home, **named}
        gone = sorted(counts.keys() - known.keys() - {NO_ROOT})
        presence, rows = self._library.presence, []
        folders = NamedFolders(presence)
        for name in (*known, *gone):
            root = known.get(name)
            why = presence.why_offline(name)
            rows.append(
                RootRow(
                    name=name,
                    path=path_to_text(root.path) if root else None,
                    layout=root.layout if root else None,
                    readonly=root.is_readonly if root else False,
                    state=RootState.OFFLINE if why else RootState.ONLINE,
                    why=f"{why}. {presence.hint_for(name)}" if why else "",
                    models=counts.get(name, 0),
                    bytes=sizes.get(name, 0),
                    remarks=tuple(folders.remarks(name)) if name in named and not why else (),
                )
            )
        return rows

    def add(
        self, name: str, folder: Path | str, *, layout: str = "plain", readonly: bool = False
    ) -> int:
        """Register a folder of models, and return how many records it has; no file is changed.

        Records of models in it that were made in place become records of the root.

        Args:
            name: 2 to 32 letters, digits, ``-`` and ``_``.
            folder: Has to be there. One that is given through a link stays as it is given.
            layout: Whose folder it is.
            readonly: Nothing may ever be written in it.

        Raises:
            UsageError: name or folder cannot be used, or are registered already.
            SourceNotFoundError: the folder is not there.
            SettingsError: the settings file cannot be read.
        """
        path = _folder(folder)
        if name in self._settings.roots:
            raise UsageError(
                f"{name} is already registered, for {shown(self._settings.roots[name].path)}",
                hint=f"Change its folder with: {command('root', 'move', name, path)}",
            )
        value: dict[str, Any] = {"path": path_to_text(path), "layout": layout}
        if readonly:
            value["readonly"] = True
        self._check({**self._settings.roots, name: value})
        with changing_settings(self._settings.root):
            self._write(lambda roots: roots.update({name: value}))
            return settle_roots(self._library)

    def remove(self, name: str, *, forget: bool = False, keep: bool = False) -> int:
        """Unregister a root, and return how many records were in it; no file is touched.

        Args:
            name: Registered, or only named by records.
            forget: Forget the records in it.
            keep: Keep the records in it, under their absolute paths.

        Raises:
            UsageError: there is no such root, or there are records in it and neither ``forget``
                nor ``keep`` says what becomes of them.
        """
        count = self._records.count(RecordFilter(roots=(name,)))
        root = self._library.roots.named.get(name)
        if name in {MODELS_ROOT, NO_ROOT} or (root is None and not count):
            names = ", ".join(self._library.roots.named) or "none"
            raise UnknownRootError(f"No such root: {name!r}", hint=f"Registered are: {names}")
        if root is not None and name not in self._in_file():
            raise UsageError(
                f"{name} is not registered in {shown(self._settings.settings_path)}",
                hint="It is set by MODELKEEP_ROOTS or by the program. Remove it there.",
            )
        if count and forget is keep:
            raise UsageError(
                f"{name} still has {counted(count, 'record')}",
                hint="Use --forget to remove them or --keep to keep them with absolute"
                " paths. The files stay in both cases.",
            )
        with changing_settings(self._settings.root):
            self._empty(name, root, forget=forget)
            if root is not None:
                self._write(lambda roots: roots.pop(name))
            forget_root(self._state, name)
        return count

    def move(self, name: str, folder: Path | str, *, sure: bool = False) -> int:
        """Change the folder of a root to where its files are now; no file is touched.

        Args:
            name: A registered root.
            folder: Where its files are now.
            sure: Do so also when they are not all there.

        Returns:
            How many files were looked at and found there with their sizes.

        Raises:
            UsageError: there is no such root, or files are missing there; says how many.
            SourceNotFoundError: the folder is not there.
        """
        path = _folder(folder)
        if name not in self._in_file():
            raise UsageError(
                f"{name!r} is not registered in {shown(self._settings.settings_path)}",
                hint=f"Register it with: {command('root', 'add', name, path)}",
            )
        before = self._library.roots.named[name]
        setting = self._settings.roots[name].model_copy(update={"path": path})
        self._check({**self._settings.roots, name: setting})
        moved = Roots({name: replace(before, path=path, real=None)})
        looked, found = self._compare(name, moved)
        if found < looked and not sure:
            raise UsageError(
                f"{looked - found} of {looked} sampled files are not in {shown(path)}"
                " with their recorded size",
                hint=f"Pass the new place of {shown(before.path)}, or add --yes if the files"
                " are gone.",
            )
        with changing_settings(self._settings.root):
            # Before the settings are written: all that follows them is made up for at a start.
            for place in self._state.trash_places():
                if is_inside(text_to_path(place), before.path):
                    new = path / text_to_path(place).relative_to(before.path)
                    self._state.add_trash_place(path_to_text(new))
            self._write(lambda roots: roots[name].update({"path": path_to_text(path)}))
            settle_roots(self._library)
            if found:
                self._library.presence.note_seen(name)
        return found

    # -- plumbing

    def _compare(self, name: str, moved: Roots) -> tuple[int, int]:
        """Return how many files were looked for in a new folder, and how many were found."""
        rows = [file for _, file in self._records.each_file(name)]
        step = max(1, len(rows) // _SAMPLE)
        sample = rows[::step]
        return len(sample), sum(self._is_there(file, name, moved) for file in sample)

    def _is_there(self, file: ModelFile, name: str, moved: Roots) -> bool:
        _, below = self._library.roots.split(file.path)
        place = moved.locate(name, below, self._settings.models_dir)
        try:
            return place is not None and place.stat().st_size == file.size
        except OSError:
            return False

    def _empty(self, name: str, root: Root | None, *, forget: bool) -> None:
        """Move the records out of a root, or delete them."""
        if forget:
            for config in list(self._records.each(RecordFilter(roots=(name,)))):
                self._records.del_model(config.key)
            return
        before = seen_roots(self._state).get(name)
        if root is None and before is None:
            raise UsageError(
                f"The last folder of the root {name} is not known",
                hint=f"Register it again with: modelkeep root add {name} DIR",
            )
        folder = root.path if root else Path(before.path if before else "")
        others = {n: r for n, r in self._library.roots.named.items() if n != name}
        # Should it be interrupted here, the next start takes the records back into the root.
        forget_root(self._state, name)
        _take_out(self._records, Root(name, folder), replace(self._library.roots, named=others))

    def _in_file(self) -> dict[str, Any]:
        found = read_settings_file(self._settings.settings_path).get("roots")
        return found if isinstance(found, dict) else {}

    def _check(self, roots: dict[str, Any]) -> None:
        try:
            Settings(root=self._settings.root, models_dir=self._settings.models_dir, roots=roots)
        except ValidationError as error:
            complaints = "; ".join(map(complaint_of, error.errors()))
            raise UsageError(
                f"The root cannot be registered: {complaints}",
                hint="List the roots with: modelkeep root list",
            ) from error

    def _write(self, edit: Callable[[Any], Any]) -> None:
        file = self._settings.settings_path

        def change(document: Any) -> None:
            if not document.get("roots"):
                document["roots"] = {}
            edit(document["roots"])
            if not document["roots"]:
                del document["roots"]

        text = file.read_text(encoding="utf-8") if file.exists() else ""
        here = {name: root.model_dump() for name, root in self._settings.roots.items()}
        paths.write_file(file, edited_settings(text, change).encode())
        edit(here)
        roots = {name: RootSettings.model_validate(value) for name, value in here.items()}
        self._settings.__dict__["roots"] = roots
        self._records.roots = self._settings.named_roots()


def _folder(path: Path | str) -> Path:
    """Return a folder as an absolute path, links in it left as they are."""
    folder = full_path(path)
    if not folder.is_dir():
        raise SourceNotFoundError(
            f"{shown(folder)} is not an existing folder",
            hint="Mount its disk or check the path.",
        )
    return folder


def settle_roots(library: Library) -> int:
    """Assign records to the roots they lie in, after a change of roots; count those that moved.

    Their paths are compared with those in the state file, so that an interrupted run, and settings
    that were changed by hand, are noticed at the next start.
    """
    before = seen_roots(library.state)
    roots = library.roots.named.values()
    now = {root.name: path_to_text(root.path) for root in roots}
    if all(name in before and before[name].path == path for name, path in now.items()):
        return 0
    around = [r.name for r in roots if any(r.below(inner.path) for inner in roots)]
    count = _resplit(library.records, (NO_ROOT, *around))
    for name, path in now.items():
        if name not in before or before[name].path != path:
            note_root(library.state, name, SeenRoot(path))
    return count


def _take_out(store: ModelRecordServiceBase, gone: Root, roots: Roots) -> None:
    """Give the records of a root that is unregistered their paths without it.

    Args:
        store: The catalogue.
        gone: The root.
        roots: Those that stay; the catalogue has them afterwards.
    """
    store.roots = replace(roots, named={**roots.named, gone.name: gone})
    configs = list(store.each(RecordFilter(roots=(gone.name,))))
    owned = [store.files(config.key) for config in configs]
    store.roots = roots
    for config, files in zip(configs, owned, strict=True):
        outside = [replace(file, root=NO_ROOT) for file in files]
        store.update_model(config.key, {"path": config.path}, files=outside)


def _resplit(store: ModelRecordServiceBase, names: Iterable[str]) -> int:
    """Split the paths of records in some roots anew; return how many changed their root."""
    count = 0
    for name in names:
        for config in list(store.each(RecordFilter(roots=(name,)))):
            files = store.files(config.key)
            is_moved = store.roots.split(config.path)[0] != config.root
            if not is_moved and all(store.roots.split(f.path)[0] == f.root for f in files):
                continue
            try:
                store.update_model(config.key, {"path": config.path}, files=files)
            except DuplicateModelException as error:
                _log.warning("%s could not be assigned to its root: %s", config.name, error)
            else:
                count += is_moved
    return count


def changing_settings(root: Path) -> AbstractContextManager[None]:
    """Lock the settings file against changes by other processes.

    Args:
        root: Folder of the library; its settings may be such that they cannot be used.

    Raises:
        StorageError: the lock cannot be made.
    """
    return locked(root / "databases" / "state.settings")


def drop_settings_drafts(settings: Settings) -> None:
    """Remove what is left of a change of the settings file that was interrupted."""
    drop_drafts((settings.settings_path,), lambda: changing_settings(settings.root))
