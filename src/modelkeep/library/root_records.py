"""Records follow the roots: what was recorded in place becomes part of a root, and back."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace

from modelkeep.core.names import path_to_text
from modelkeep.core.roots import NO_ROOT, Root, Roots
from modelkeep.errors import DuplicateModelException
from modelkeep.jobs.seen_roots import SeenRoot, note_root, seen_roots
from modelkeep.library.library import Library
from modelkeep.records.listing import RecordFilter
from modelkeep.records.service import ModelRecordServiceBase

_log = logging.getLogger(__name__)


def settle_roots(library: Library) -> int:
    """Bring records into the roots that they lie in, after the roots have changed.

    Whether they have is told by what the state file remembers of them, so that a run that was cut
    off, and settings that were changed by hand, are noticed at the next start.

    Returns:
        How many records are in another root now.
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


def move_records(store: ModelRecordServiceBase, gone: Root, roots: Roots) -> None:
    """Give the records of a root that goes the paths that they have without it.

    Args:
        store: The catalogue.
        gone: The root.
        roots: Those that stay; the catalogue has them afterwards.
    """
    store.roots = Roots({**roots.named, gone.name: gone})
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
                _log.warning("%s stays outside its root: %s", config.name, error)
            else:
                count += is_moved
    return count
