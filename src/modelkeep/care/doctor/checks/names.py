"""Names: no two names in a folder that are the same on some disks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.core.names import fold, shown
from modelkeep.core.reading import printable


def _find(library: LibraryState) -> Iterator[Finding]:
    """No two names in a folder differ by case or accents alone."""
    groups: dict[tuple[Path, str], list[str]] = defaultdict(list)
    for path in (*library.tree.folders, *library.tree.files):
        groups[path.parent, fold(printable(path.name))].append(printable(path.name))
    for (folder, _), names in sorted(groups.items()):
        if len(names) > 1:
            yield Finding(
                "colliding_names",
                printable(folder),
                f"{shown(folder)} holds {' and '.join(sorted(names))}, which are the same name"
                " on disks that ignore case or accents",
                "Remove one of them and reinstall it under another name.",
            )


CHECK = Check("names", position=140, find=_find)
