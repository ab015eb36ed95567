"""Scanned: what scans found broken, unsafe, unknown or unfinished, and is so still."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding, Severity
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.core.names import is_inside, shown
from modelkeep.core.reading import printable
from modelkeep.errors import ModelKeepError
from modelkeep.jobs.lookups import ON_ITS_WAY, Lookup, Lookups
from modelkeep.jobs.oddities import accepted_files
from modelkeep.library.outcomes import IdentifyOutcome, rules_fingerprint
from modelkeep.library.stamps import stamp_now, statuses_of
from modelkeep.sources.layouts.unfinished import mark_beside, mark_in

#: Findings of one kind that are listed one by one.
_LISTED = 20


def _find(library: LibraryState) -> Iterator[Finding]:
    """Files that scans looked at can be used, or were accepted; those in no root are a note."""
    counts: Counter[str] = Counter()
    for finding in _problems(library):
        counts[finding.kind] += 1
        if counts[finding.kind] <= _LISTED:
            yield finding
    for kind, count in counts.items():
        if count > _LISTED:
            yield Finding(
                kind,
                str(library.catalogue),
                f"{count - _LISTED} more files are like the last {_LISTED} of this kind",
                "List all of them with: modelkeep scan",
                Severity.NOTE,
            )


def _problems(library: LibraryState) -> Iterator[Finding]:
    if library.state is None:
        return
    rules = rules_fingerprint(strict=library.settings.verify != "off")
    recorded = _recorded(library)
    try:
        is_accepted = accepted_files(library.state)
        for lookup in Lookups(library.state).each():
            if lookup.path in recorded or is_accepted(lookup.path):
                continue
            if (found := _finding(library, lookup, rules)) is not None:
                yield found
    except ModelKeepError:  # the check of the state file says why
        return


def _finding(library: LibraryState, lookup: Lookup, rules: str) -> Finding | None:
    if lookup.rules == ON_ITS_WAY:
        if not _is_on_its_way(lookup.path):
            return None
        message = lookup.verdict
        hint = "Let its program finish it, or delete what it left."
        return Finding("file_unfinished", printable(lookup.path), message, hint, Severity.NOTE)
    outcome = IdentifyOutcome.from_text(lookup.verdict) if lookup.rules == rules else None
    if outcome is None or outcome.found is not None or stamp_now(lookup.path) != lookup.stamp:
        return None
    severity = Severity.WARNING if _is_ours(library, lookup.path) else Severity.NOTE
    if outcome.is_unknown:
        kind, severity = "file_unknown", Severity.NOTE
    else:
        kind = "file_unsafe" if outcome.kind == "UnsafeModelError" else "file_broken"
    name = shown(lookup.path)
    message = outcome.message if name in outcome.message else f"{name}: {outcome.message}"
    hint = outcome.hint or "Move it out of the way, or replace it."
    return Finding(kind, printable(lookup.path), message, hint, severity)


def _is_on_its_way(path: Path) -> bool:
    if not path.is_dir():
        return path.exists() and mark_beside(path) is not None
    try:
        return mark_in(path, (name for name, _ in statuses_of(path))) is not None
    except (ModelKeepError, OSError):
        return False


def _is_ours(library: LibraryState, path: Path) -> bool:
    settings = library.settings
    roots = [root.path for root in settings.named_roots().named.values()]
    folders = (settings.models_dir, settings.autoimport_dir, *roots)
    return any(is_inside(path, folder) for folder in folders)


def _recorded(library: LibraryState) -> set[Path]:
    """Return where the models are that somebody recorded, whatever scans say of them."""
    if library.records is None:
        return set()
    roots, models_dir = library.records.roots, library.settings.models_dir
    places = (roots.locate(m.root, m.path, models_dir) for m in (library.models or {}).values())
    return {place for place in places if place is not None}


CHECK = Check("scanned", position=135, find=_find)
