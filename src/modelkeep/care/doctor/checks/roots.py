"""Roots: the folders of models are online, and the files that name them can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding, Severity
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.core.names import counted
from modelkeep.core.roots import MODELS_ROOT
from modelkeep.errors import SettingsError, SourceError
from modelkeep.library.named_folders import NamedFolders


def _find(library: LibraryState) -> Iterator[Finding]:
    """Every root that is registered, or that records are in, is there."""
    presence = library.presence
    if presence is None:
        return
    counts = Counter(config.root for config in (library.models or {}).values())
    for name in sorted({MODELS_ROOT, *library.settings.roots, *counts}):
        if why := presence.why_offline(name):
            is_known = presence.folder_of(name) is not None
            yield Finding(
                "root_offline" if is_known else "root_unknown",
                name,
                f"The root {name}, with {counted(counts[name], 'model')}, is offline. {why}",
                presence.hint_for(name),
            )
    folders = NamedFolders(presence)
    yield from _away(folders)
    for name in sorted(presence.registered().named):
        yield from _corrections(name, folders)


def _away(folders: NamedFolders) -> Iterator[Finding]:
    """Folders that are away; one without models is no problem of the library."""
    counts = folders.models_away()
    for away in folders.away:
        count = counts[away]
        models = f". {counted(count, 'model')} in it: offline" if count else ""
        severity = Severity.WARNING if count else Severity.NOTE
        yield Finding("folder_offline", str(away.path), f"{away.why}{models}", away.hint, severity)


def _corrections(root: str, folders: NamedFolders) -> Iterator[Finding]:
    try:
        for remark in folders.corrections(root):
            yield Finding("root_remark", root, remark, "", Severity.NOTE)
    except (SettingsError, SourceError) as error:
        message = f"The root {root} cannot be scanned: {error}"
        yield Finding("root_unreadable", root, message, error.hint)


CHECK = Check("roots", position=100, find=_find)
