"""Copies: models of the library with the same bytes, or the same name, and what could go.

Sizes come first, then samples; files are read whole only where both are equal and no full hash is
known that still holds. Two names of one file are the same without reading.
"""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.files import ModelFile
from modelkeep.core.hashing import Progress, hash_file, sample_hash
from modelkeep.core.roots import MODELS_ROOT, NO_ROOT
from modelkeep.core.taxonomy import RecordState
from modelkeep.errors import RecordError, SourceError
from modelkeep.library.freed import freed_bytes
from modelkeep.library.library import Library
from modelkeep.library.ownership import owned_files, removable
from modelkeep.library.trash import name_below
from modelkeep.records.listing import RecordFilter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PlacedModel:
    """A model whose files are all there.

    Attributes:
        top: Where it is.
        files: Each of its files by its name below ``top``: its row, its path, what ``stat`` says.
    """

    config: ModelConfigBase
    top: Path
    files: dict[str, tuple[ModelFile, Path, os.stat_result]]

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(there.st_size for _, _, there in self.files.values())

    @property
    def sizes(self) -> Hashable:
        """What is equal for models that can have the same bytes."""
        return tuple(sorted((name, there.st_size) for name, (_, _, there) in self.files.items()))

    @property
    def unread(self) -> int:
        """Bytes of the files of which no full hash is known that holds."""
        return sum(f[2].st_size for name, f in self.files.items() if self.hash_of(name) is None)

    def hash_of(self, name: str) -> str | None:
        """Return the BLAKE3 that is known of a file, if it still holds."""
        row, _, there = self.files[name]
        holds = self.config.state is RecordState.PRESENT and row.is_unchanged(there)
        return row.blake3 if holds else None

    @property
    def identity(self) -> Hashable:
        """What is equal for two names of the same files."""
        return tuple(
            (name, there.st_dev, there.st_ino) for name, (_, _, there) in sorted(self.files.items())
        )

    @property
    def names(self) -> list[Path]:
        """What goes when it is removed: its files, or the links that lead to them."""
        return [removable(self.top, path) for _, path, _ in self.files.values()]


@dataclass(frozen=True, slots=True)
class Copy:
    """One model of a group.

    Attributes:
        same_as: Key of the model that has the same bytes and stays; None for one that stays.
    """

    model: PlacedModel
    same_as: str | None


@dataclass(frozen=True, slots=True)
class CopyGroup:
    """Models that have the same bytes, or the same name.

    Attributes:
        frees: Bytes that a disk has more when those go that can.
    """

    copies: tuple[Copy, ...]
    frees: int


class CopySearch:
    """Looks through a library for copies.

    Args:
        library: The library.
        same_name: Group by name and type, whatever the bytes; else by bytes.

    Attributes:
        unread: Bytes that have to be read to tell.
        passed: How many models were left out: their files are missing, changed or offline.
    """

    def __init__(self, library: Library, *, same_name: bool = False) -> None:
        self._library = library
        self.passed = 0
        self._same_name = same_name
        candidates = self._by_name() if same_name else self._by_sizes()
        self._candidates = [_split(models, _sizes_and_samples) for models in candidates]
        self.unread = sum(
            model.unread
            for alike in self._candidates
            for models in alike
            if len({model.identity for model in models}) > 1
            for model in models
        )

    def groups(self, progress: Progress) -> Iterator[CopyGroup]:
        """Give the groups, those that free most first.

        Args:
            progress: Called for every piece that is read; may raise to stop.
        """
        yield from self._groups(self._digest(progress))

    def known_groups(self) -> Iterator[CopyGroup]:
        """Give the groups of which the hashes are known; no file is read whole."""
        yield from self._groups(_known_digest)

    def _groups(self, digest: Callable[[PlacedModel], Hashable]) -> Iterator[CopyGroup]:
        found = []
        for alike in self._candidates:
            same = [s for models in alike for s in _split(models, digest)]
            parts = [same] if self._same_name else [[s] for s in same if len(s) > 1]
            found += [self._group(part) for part in parts]
        yield from sorted(found, key=lambda group: -group.frees)

    # -- what may be copies

    def _by_name(self) -> Iterator[list[PlacedModel]]:
        models = self._placed(lambda _config, _rows: True)
        return _grouped(models, lambda model: (model.config.name.casefold(), model.config.type))

    def _by_sizes(self) -> Iterator[list[PlacedModel]]:
        counts = Counter(_recorded_sizes(rows) for rows in self._rows.values())
        models = self._placed(lambda _config, rows: counts[_recorded_sizes(rows)] > 1)
        return _grouped((model for model in models if model.size), lambda model: model.sizes)

    @cached_property
    def _rows(self) -> dict[str, list[ModelFile]]:
        """The files of each record, also of one that was written without saying any."""
        library, rows = self._library, dict[str, list[ModelFile]]()
        for key, file in library.records.each_file():
            rows.setdefault(key, []).append(file)
        if library.records.count(RecordFilter()) > len(rows):
            for config in library.records.each(RecordFilter()):
                if config.key not in rows:
                    rows[config.key] = self._unlisted(config)
        return rows

    def _unlisted(self, config: ModelConfigBase) -> list[ModelFile]:
        """Return the files of a record that lists none, with the sizes that links lead to."""
        library, rows = self._library, []
        for row in owned_files(library.records, config, library.settings.models_dir):
            with suppress(OSError):  # a link that leads nowhere
                rows.append(replace(row, size=library.path_of(row).stat().st_size))
        return rows

    def _placed(
        self, is_wanted: Callable[[ModelConfigBase, list[ModelFile]], bool]
    ) -> Iterator[PlacedModel]:
        for config in self._library.records.each(RecordFilter()):
            rows = self._rows.get(config.key, [])
            if not is_wanted(config, rows):
                continue
            model = self._at_its_place(config, rows)
            if model is None:
                self.passed += 1
            else:
                yield model

    def _at_its_place(
        self, config: ModelConfigBase, rows: Sequence[ModelFile]
    ) -> PlacedModel | None:
        library = self._library
        top = library.find(config)
        if top is None:
            return None
        files = {}
        for row in rows:
            path = library.path_of(row)
            try:
                files[name_below(top, path)] = (row, path, path.stat())
            except OSError:
                return None
        return PlacedModel(config, top, files) if files else None

    # -- one group

    def _group(self, sets: Sequence[Sequence[PlacedModel]]) -> CopyGroup:
        """Return the group of some sets of models, those of one set with the same bytes."""
        copies: list[Copy] = []
        for same in sets:
            first, *others = sorted(same, key=self._worth)
            copies.append(Copy(first, None))
            copies += [Copy(o, first.config.key if self._may_go(o) else None) for o in others]
        names = [name for c in copies if c.same_as is not None for name in c.model.names]
        return CopyGroup(tuple(copies), freed_bytes(names))

    def _worth(self, model: PlacedModel) -> tuple[bool, int, float, str]:
        """Return what sorts models: the first one stays.

        That is one that cannot go, else one of another program, else the oldest.
        """
        config = model.config
        rank = {MODELS_ROOT: 2, NO_ROOT: 1}.get(config.root, 0)
        return (self._may_go(model), rank, self._created_at(config.key), config.key)

    def _created_at(self, key: str) -> float:
        try:
            return self._library.records.created_at(key)
        except RecordError:
            return 0.0

    def _may_go(self, model: PlacedModel) -> bool:
        root = self._library.roots.named.get(model.config.root)
        return root is None or not root.is_readonly

    def _digest(self, progress: Progress) -> Callable[[PlacedModel], Hashable]:
        """Return what gives the full hashes of a model; something of its own if it is unread."""

        def digest(model: PlacedModel) -> Hashable:
            try:
                return tuple(
                    (name, model.hash_of(name) or self._hash(model, name, progress))
                    for name in sorted(model.files)
                )
            except (SourceError, OSError):
                return (model.config.key,)

        return digest

    def _hash(self, model: PlacedModel, name: str, progress: Progress) -> str | None:
        row, path, _ = model.files[name]
        digest = hash_file(path, ("blake3",), progress).blake3
        if model.config.state is RecordState.PRESENT and row.is_unchanged(path.stat()):
            key, records = model.config.key, self._library.records
            with suppress(RecordError):  # removed meanwhile, or a record that lists no files
                records.set_file_hashes(key, row.path, blake3=digest, hashed_at=time.time())
        return digest


def _recorded_sizes(rows: Iterable[ModelFile]) -> Hashable:
    return tuple(sorted(row.size for row in rows))


def _known_digest(model: PlacedModel) -> Hashable:
    """Return the hashes of a model; something of its own where one is not known."""
    hashes = tuple((name, model.hash_of(name)) for name in sorted(model.files))
    return (model.config.key,) if any(found is None for _, found in hashes) else hashes


def _sizes_and_samples(model: PlacedModel) -> Hashable:
    try:
        samples = ((n, sample_hash(path)) for n, (_, path, _) in sorted(model.files.items()))
        return (model.sizes, tuple(samples))
    except (SourceError, OSError):
        return (model.config.key,)


def _grouped(models: Iterable[T], key: Callable[[T], Hashable]) -> Iterator[list[T]]:
    """Give the models that are alike, two or more at a time."""
    found: dict[Hashable, list[T]] = defaultdict(list)
    for model in models:
        found[key(model)].append(model)
    return (some for some in found.values() if len(some) > 1)


def _split(
    models: Sequence[PlacedModel], key: Callable[[PlacedModel], Hashable]
) -> list[list[PlacedModel]]:
    """Split models by what costs reading; names of the same files are together without."""
    bodies: dict[Hashable, list[PlacedModel]] = defaultdict(list)
    for model in models:
        bodies[model.identity].append(model)
    if len(bodies) == 1:
        return [list(models)]
    found: dict[Hashable, list[PlacedModel]] = defaultdict(list)
    for same in bodies.values():
        found[key(same[0])] += same
    return list(found.values())
