"""Previews: each copy of a picture belongs to a model, here or in the trash."""

from __future__ import annotations

from collections.abc import Iterator

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding, Repair, Severity
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.care.doctor.repairs import RepairTools
from modelkeep.core.names import safe_name, shown
from modelkeep.core.reading import printable
from modelkeep.disk.paths import remove_file
from modelkeep.errors import JobError


def _find(library: LibraryState) -> Iterator[Finding]:
    """Every copy of a picture is named by the key of a model."""
    folder = library.settings.previews_dir
    if library.models is None or folder.is_symlink() or not folder.is_dir():
        return
    pictures = sorted(path for path in folder.iterdir() if path.is_file())
    keys = {*library.models, *(entry.key for entry in library.trash.entries())}
    keys |= {entry.note.key for entry in library.entries}
    names = {safe_name(key) for key in keys}
    for path in pictures:
        if path.stem not in names:
            yield Finding(
                "preview_leftover",
                printable(path),
                f"{shown(path)} is a preview of a model that is not in the library",
                "doctor --fix removes it.",
                Severity.NOTE,
                repair=_remove(path.stem, path.name),
            )


def _remove(key: str, name: str) -> Repair:
    def remove(tools: RepairTools) -> None:
        if tools.library.is_recorded(key) is not False:
            raise JobError(f"{key} is now in the library", hint="Run doctor again.")
        remove_file(tools.settings.previews_dir / name)

    return remove


CHECK = Check("previews", position=90, find=_find)
