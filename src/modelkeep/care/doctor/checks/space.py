"""Space: there is room for models, and for the databases to grow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding, Severity
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.core import limits
from modelkeep.core.names import shown, size_text
from modelkeep.core.reading import printable
from modelkeep.disk import paths

#: Less than this is nearly full: hardly a LoRA fits.
_NEARLY_FULL = 1024 * limits.MIB


def _find(library: LibraryState) -> Iterator[Finding]:
    """The disks of the models and of the databases have room."""
    settings = library.settings
    places = [settings.models_dir, library.catalogue.parent]
    by_disk = {_disk_of(place): place for place in reversed(places)}
    for place in by_disk.values():
        free = paths.free_space(place)
        if free < _NEARLY_FULL:
            yield Finding(
                "disk_full",
                printable(place),
                f"{size_text(free)} free on the disk of {shown(place)}",
                "Free some space, for example with: modelkeep trash empty",
                Severity.ERROR if free < limits.SPACE_RESERVE_BYTES else Severity.WARNING,
            )


def _disk_of(path: Path) -> int:
    """Return the number of the disk that a path is on, or will be."""
    there = next(place for place in (path, *path.parents) if place.exists())
    return there.stat().st_dev


CHECK = Check("space", position=170, find=_find)
