"""Models: their files exist as recorded, and the recorded state is current."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding, Severity
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.core.commands import quoted
from modelkeep.core.configs import AnyModelConfig
from modelkeep.core.names import counted
from modelkeep.core.taxonomy import RecordState
from modelkeep.library.condition import FileStatus, ModelCondition, state_for
from modelkeep.library.named_folders import NamedFolders

_HINTS = {
    FileStatus.MISSING: "Install it again, put it back, find it with modelkeep sync, or remove its"
    " record with: modelkeep remove {key}",
    FileStatus.CHANGED: "Read it: modelkeep verify {key}",
    FileStatus.OFFLINE: "Mount its disk, or remove the record with: modelkeep remove {key}",
    FileStatus.UNREADABLE: "Give this user access to the folder and the file.",
}
#: So many that went missing at once, and such a part of their root, are no accident of models.
_MANY = 20
_PART = 5


def _models(library: LibraryState) -> Iterator[Finding]:
    """Every file of every record exists, unchanged; what is offline as a whole is said once."""
    models = library.models or {}
    is_reported = _reported_elsewhere(library)
    for key, seen in library.conditions.items():
        if key not in models or seen.condition not in _HINTS:
            continue
        if seen.condition is not FileStatus.OFFLINE or not is_reported(models[key].root, seen):
            yield Finding(
                f"model_{seen.condition}",
                key,
                f"{models[key].name} ({key[:8]}) is {seen.condition}: {seen.detail}",
                _HINTS[seen.condition].format(key=quoted(key[:8])),
            )
    for key, config in models.items():
        if config.state is RecordState.CHANGED and key not in library.conditions:
            yield Finding(
                "model_changed",
                key,
                f"{config.name} ({key[:8]}) had different contents when it was last read",
                _HINTS[FileStatus.CHANGED].format(key=quoted(key[:8])),
            )


def _reported_elsewhere(library: LibraryState) -> Callable[[str, ModelCondition], bool]:
    """Return a test whether the check of roots reports why a model is offline."""
    if (presence := library.presence) is None:
        return lambda _root, _seen: False
    why_offline, folders = cache(presence.why_offline), NamedFolders(presence)
    return lambda root, seen: bool(
        why_offline(root) or any(folders.around(file.path) for file in seen.files)
    )


def _states(library: LibraryState) -> Iterator[Finding]:
    """The records say what was seen of their files."""
    models = library.models or {}
    states = {key: _state_now(library, config) for key, config in models.items()}
    stale = {key: state for key, state in states.items() if state is not models[key].state}
    if not stale:
        return
    mass = _mass_missing(models, stale)
    counts = Counter(stale.values())
    summary = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    yield Finding(
        "stale_states",
        str(library.catalogue),
        f"The file state of {counted(len(stale), 'record')} is outdated: {summary}",
        f"So many files are missing from the root {mass} that its disk may be"
        " unmounted. If they are really gone: modelkeep sync --yes"
        if mass
        else "doctor --fix and modelkeep sync update them.",
        Severity.WARNING,
        repair=None if mass else lambda tools: tools.library.records.set_states(stale),
    )


def _state_now(library: LibraryState, config: AnyModelConfig) -> RecordState:
    seen = library.conditions.get(config.key)
    return state_for(seen.condition if seen else FileStatus.PRESENT, config.state)


def _mass_missing(
    models: Mapping[str, AnyModelConfig], stale: Mapping[str, RecordState]
) -> str | None:
    """Return a root of which too many models went missing at once, if there is one."""
    gone = Counter(models[k].root for k, s in stale.items() if s is RecordState.MISSING)
    all_ = Counter(config.root for config in models.values())
    return next((r for r, n in gone.items() if n >= _MANY and n * _PART >= all_[r]), None)


def _find(library: LibraryState) -> Iterator[Finding]:
    yield from _models(library)
    yield from _states(library)


CHECK = Check("models", position=120, find=_find)
