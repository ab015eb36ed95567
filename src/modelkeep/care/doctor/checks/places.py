"""Places: no record claims files outside its folder."""

from __future__ import annotations

from collections.abc import Iterator

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.core.commands import command
from modelkeep.core.names import text_to_path
from modelkeep.core.reading import printable


def _find(library: LibraryState) -> Iterator[Finding]:
    """No path of a record climbs out of the folder that it is relative to."""
    if library.records is None or library.models is None:
        return
    claims = {config.key: config.path for config in library.models.values() if _climbs(config.path)}
    for key, file in library.records.each_file():
        if _climbs(file.path) and key in library.models:
            claims.setdefault(key, file.path)
    for key, path in claims.items():
        yield Finding(
            "path_outside",
            key,
            f"{library.models[key].name} ({key[:8]}) is recorded at {printable(path)}, a path"
            " outside its folder; nothing is changed there",
            f"Remove the record: {command('remove', '--keep-files', key[:8])}",
        )


def _climbs(path: str) -> bool:
    return ".." in path and ".." in text_to_path(path).parts


CHECK = Check("places", position=110, find=_find)
