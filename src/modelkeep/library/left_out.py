"""``LeftOutModels``: which files on the disk are models that were removed and may not come back."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.roots import MODELS_ROOT
from modelkeep.errors import SourceError
from modelkeep.jobs.left_out import LeftOut, leave_out, left_out, take_in
from modelkeep.library.library import Library, sampled
from modelkeep.library.ownership import names_below
from modelkeep.library.record_paths import located


class LeftOutModels:
    """The removed models whose files stayed, read once."""

    def __init__(self, library: Library) -> None:
        self._library = library
        models = left_out(library.state)
        self._by_place = {(model.root, model.path): model for model in models}
        self._by_inode = {model.inode: model for model in models if model.inode}

    @property
    def is_any(self) -> bool:
        """There is at least one."""
        return bool(self._by_place)

    def has(self, path: Path, status: os.stat_result, size: int) -> bool:
        """Tell whether a candidate is one of them, at its place or renamed.

        Args:
            path: Where it is.
            status: What ``stat`` says of it.
            size: Bytes of all its files.
        """
        if not self._by_place:
            return False
        same = self._by_inode.get(status.st_ino)
        there = (status.st_size, status.st_mtime_ns)
        if same is not None and (same.size, same.mtime_ns) == there:
            return True
        found = self._by_place.get(place_of(self._library, path))
        return found is not None and found.size == size and _may_be(found, path)


def _may_be(model: LeftOut, path: Path) -> bool:
    """Tell whether the bytes at the place of a model of the same size are its own."""
    try:
        return model.sample in {"", sampled(path, names_below(path))["current_hash"]}
    except (SourceError, OSError):
        return True  # it is not registered either


def place_of(library: Library, path: Path) -> tuple[str, str]:
    """Return the root that a path is in, and the path below it."""
    root, text = located(path, library.settings.models_dir)
    return (root, text) if root == MODELS_ROOT else library.roots.split(text)


def note_removed(library: Library, config: ModelConfigBase) -> None:
    """Leave out a model whose record goes and whose files stay."""
    top = library.find(config)
    if top is None or not top.exists():
        return
    there = top.stat()
    is_file = stat.S_ISREG(there.st_mode)
    size = there.st_size if is_file else sum(f.size for f in library.records.files(config.key))
    root, path = place_of(library, top)
    inode = there.st_ino if is_file else 0
    mtime_ns, sample = there.st_mtime_ns if inode else 0, config.current_hash or ""
    leave_out(library.state, LeftOut(root, path, size, mtime_ns, inode, sample))


def note_recorded(library: Library, paths: Iterable[Path]) -> None:
    """Leave models out no longer: they are recorded again."""
    take_in(library.state, [place_of(library, path) for path in paths])
