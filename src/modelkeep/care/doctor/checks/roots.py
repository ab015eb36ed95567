"""Roots: the folders of models are online."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.core.names import counted
from modelkeep.core.roots import MODELS_ROOT
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
    for away, count in NamedFolders(presence).models_away().items():
        yield Finding(
            "folder_offline",
            str(away.path),
            f"{away.why}. {counted(count, 'model')} in it: offline",
            away.hint,
        )


CHECK = Check("roots", position=100, find=_find)
