"""Drafts: files of the program that were not finished when it was interrupted."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding, Repair
from modelkeep.care.doctor.library_state import LibraryState, files_in
from modelkeep.core.names import shown
from modelkeep.core.reading import printable
from modelkeep.disk import paths
from modelkeep.disk.drafts import DRAFT, is_left
from modelkeep.sources.tokens import SiteTokens

#: No draft is written for so long without a change.
_WRITING_SECONDS = 3600


def _find(library: LibraryState) -> Iterator[Finding]:
    """No draft of a process that has ended lies in a folder of the program."""
    settings = library.settings
    folders = {
        settings.root,
        settings.state_path.parent,
        settings.conf_path.parent,
        library.catalogue.parent,
        settings.root / "secrets",
        SiteTokens(settings).folder,
        *(entry.folder for entry in library.trash.entries()),
    }
    for folder in sorted(folders):
        for path in files_in(folder):
            found = DRAFT.fullmatch(path.name)
            if found and is_left(path.name) and not _is_in_work(path, int(found["process"])):
                yield Finding(
                    "draft",
                    printable(path),
                    f"{shown(path)} was not finished; {found['name']} is unchanged",
                    "doctor --fix removes it.",
                    repair=_remove(path),
                )


def _is_in_work(path: Path, process: int) -> bool:
    """Tell whether another thread of this process, such as a server's, may be writing a draft.

    An earlier process can have had our number; its drafts are older than any that is written.
    """
    try:
        return process == os.getpid() and time.time() - path.stat().st_mtime < _WRITING_SECONDS
    except FileNotFoundError:
        return True


def _remove(path: Path) -> Repair:
    return lambda _tools: paths.remove_file(path)


CHECK = Check("drafts", position=160, find=_find)
