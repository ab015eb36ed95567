"""Backups: copies of databases made before an upgrade or a repair."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding, Severity
from modelkeep.care.doctor.library_state import LibraryState, files_in
from modelkeep.core.names import shown, size_text
from modelkeep.core.reading import printable

_COPY = re.compile(r".+\.(corrupt|backup|bak|before)-?.*")


def _find(library: LibraryState) -> Iterator[Finding]:
    """Reports the size of copies of the databases."""
    for folder in sorted({library.catalogue.parent, library.settings.state_path.parent}):
        last_good = f"{library.catalogue.name}.bak"  # of the YAML store: always there, and small
        copies = [
            path
            for path in files_in(folder)
            if _COPY.fullmatch(path.name) and path.name != last_good
        ]
        if copies:
            size = size_text(sum(path.stat().st_size for path in copies))
            names = ", ".join(path.name for path in copies[:3])
            more = f" and {len(copies) - 3} more" if len(copies) > 3 else ""  # noqa: PLR2004
            yield Finding(
                "backups",
                printable(folder),
                f"{shown(folder)} holds {len(copies)} copies of databases, {size}: {names}{more}",
                "Remove the ones you no longer need.",
                Severity.NOTE,
            )


CHECK = Check("backups", position=180, find=_find)
