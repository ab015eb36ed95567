"""``Scan``: finds the models in a folder and, if asked to, records or installs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from modelkeep.core.commands import command
from modelkeep.core.names import counted
from modelkeep.core.taxonomy import type_label
from modelkeep.errors import ModelKeepError, UnknownModelException
from modelkeep.jobs.lookups import Lookups
from modelkeep.library.library import Library
from modelkeep.library.named_folders import AwayFolder, NamedFolders
from modelkeep.library.new_records import fields_of
from modelkeep.library.outcomes import IdentifyOutcome
from modelkeep.scan.finder import Examined, Finder
from modelkeep.scan.known import KnownFiles
from modelkeep.scan.moved import RegisteredAgain
from modelkeep.scan.records import FolderInfo
from modelkeep.scan.register import Registrar
from modelkeep.scan.removed import RemovedModels
from modelkeep.scan.report import ScanFinding, ScanStatus, ScanSummary
from modelkeep.scan.walk import Candidate, FolderWalk, Skipped
from modelkeep.sources.layouts.layout import Layout, Place
from modelkeep.sources.sidecars.info import SidecarInfo


class ScanAction(StrEnum):
    """What is done with models that are not in the library."""

    REPORT = "report"
    REGISTER = "register"
    INSTALL = "install"


@dataclass(frozen=True, slots=True)
class ScanTarget:
    """A folder to scan.

    Attributes:
        folder: The folder, or a single file.
        places: Where to look in it.
    """

    folder: Path
    layout: Layout
    places: tuple[Place, ...]


#: ``install(path, fields, info)`` gives (key, whether it was there before).
Installer = Callable[[Path, dict[str, Any], SidecarInfo], tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class ScanContext:
    """What a scan works with.

    Attributes:
        install: Copies a model into the library.
        watch: Called often with the counts so far; may raise to stop.
    """

    library: Library
    install: Installer
    watch: Callable[[ScanSummary], None]


class Scan:
    """One scan. Iterate it once; stopping early keeps what was done.

    Args:
        action: What to do with models that are not in the library.
        is_asked: A person asks: also models are registered that were removed from the library.

    Attributes:
        summary: The scan in numbers, at any moment.
    """

    def __init__(
        self,
        context: ScanContext,
        targets: tuple[ScanTarget, ...],
        action: ScanAction,
        *,
        is_asked: bool = True,
    ) -> None:
        self.summary = ScanSummary()
        self._context = context
        self._library = context.library
        self._targets = targets
        self._action = action
        self._is_asked = is_asked

    def __iter__(self) -> Iterator[ScanFinding]:
        """Give one finding for each candidate, in the order of the walk.

        Raises:
            JobCancelledError: the watcher said so.
        """
        known = KnownFiles(self._library)
        lookups = Lookups(self._library.state)
        named = NamedFolders(self._library.presence)
        for target in self._targets:
            self.summary.warnings += target.layout.remarks(target.folder)
            for away in named.away_among(target.places):
                yield self._counted(away_finding(away))
            for finding in self._through(target, known, lookups):
                yield self._counted(finding)
            for place in target.places:
                if place.path.is_dir():
                    self.summary.vanished += lookups.drop_vanished(place.path)
        if self._action is ScanAction.REGISTER:
            named.note_seen()

    def _counted(self, finding: ScanFinding) -> ScanFinding:
        self.summary.count(finding)
        return finding

    def _through(
        self, target: ScanTarget, known: KnownFiles, lookups: Lookups
    ) -> Iterator[ScanFinding]:
        folder_info = FolderInfo(target.folder, target.layout, self.summary.warnings)
        removed = RemovedModels(self._library)
        registrar = Registrar(self._library, known, removed, self.summary)

        is_registering = self._action is ScanAction.REGISTER
        missing = RegisteredAgain(self._library, lambda _count: self._look())
        finder = Finder(
            self._library,
            known,
            lookups,
            self.summary,
            self._look,
            folder_info.about,
            is_registering=is_registering,
        )
        walk = FolderWalk(target.places, self.summary, self._look)
        for one in finder.through(walk):
            finding = self._finding(one, target.layout)
            if is_registering:
                new = one.new if isinstance(one, Examined) else None
                if isinstance(one, Examined) and new is not None:
                    if not self._is_asked and removed.has(one):
                        again: ScanFinding | None = removed.passed(one)
                    else:
                        again = missing.find(one) or removed.restored(one)
                    finding, new = (again, None) if again is not None else (finding, new)
                yield from registrar.take(finding, new)
            elif self._action is ScanAction.INSTALL and finding.status is ScanStatus.FOUND:
                yield self._install(one, finding)
            else:
                yield finding
        yield from registrar.flush()

    def _look(self) -> None:
        self._context.watch(self.summary)

    def _finding(self, one: Examined | Skipped, layout: Layout) -> ScanFinding:
        if isinstance(one, Skipped):
            return passed_finding(one)
        candidate = one.candidate
        if one.key is not None:
            return self._known(candidate, one.key, one.size)
        if one.verdict is None or one.verdict.found is None:
            return failed_finding(one, one.verdict or IdentifyOutcome(), layout)
        found = one.verdict.found
        return ScanFinding(
            candidate.path,
            ScanStatus.FOUND,
            found.type,
            found.base,
            name=one.info.name or found.name,
            size=one.size,
            category=candidate.place.category,
            written_by=one.info.written_by,
        )

    def _known(self, candidate: Candidate, key: str, size: int) -> ScanFinding:
        try:
            config = self._library.records.get_model(key)
        except UnknownModelException:  # removed while the scan ran
            return ScanFinding(candidate.path, ScanStatus.KNOWN, key=key, size=size)
        return ScanFinding(
            candidate.path, ScanStatus.KNOWN, config.type, config.base, key, config.name, size
        )

    def _install(self, one: Examined | Skipped, finding: ScanFinding) -> ScanFinding:
        if isinstance(one, Skipped) or one.verdict is None or one.verdict.found is None:
            return finding
        fields = fields_of(one.info, one.verdict.found)
        try:
            key, is_known = self._context.install(finding.path, fields, one.info)
        except ModelKeepError as error:
            return finding.refused(error)
        status = ScanStatus.KNOWN if is_known else ScanStatus.INSTALLED
        return replace(finding, status=status, key=key)


def away_finding(away: AwayFolder, models: int = 0) -> ScanFinding:
    """Return the finding for a folder that is away, with so many models in it."""
    note = f". {counted(models, 'model')} in it: offline, not marked" if models else ""
    return ScanFinding(away.path, ScanStatus.OFFLINE, error=away.why + note, hint=away.hint)


def passed_finding(one: Skipped) -> ScanFinding:
    """Return the finding for what was skipped."""
    if one.is_failure:
        hint = "Make it readable or exclude it."
        return ScanFinding(one.path, ScanStatus.ERROR, error=one.detail, hint=hint, size=one.size)
    return ScanFinding(
        one.path,
        ScanStatus.SKIPPED,
        error=one.detail,
        reason=one.reason,
        size=one.size,
        same_as=one.same_as,
    )


def failed_finding(one: Examined, verdict: IdentifyOutcome, layout: Layout) -> ScanFinding:
    """Return the finding for what could not be identified.

    The folder's type for its files is reported, but decides nothing: people put files anywhere.
    """
    candidate = one.candidate
    place, path = candidate.place, candidate.path
    if not verdict.is_unknown:
        return ScanFinding(
            path, ScanStatus.ERROR, size=one.size, error=verdict.message, hint=verdict.hint,
            category=place.category, kind=verdict.kind,
        )  # fmt: skip
    return ScanFinding(
        path,
        ScanStatus.UNKNOWN,
        size=one.size,
        error=verdict.message,
        hint=_hint_for(one, verdict, layout),
        category=place.category,
        kind=verdict.kind,
    )


def _hint_for(one: Examined, verdict: IdentifyOutcome, layout: Layout) -> str:
    """Return what can be done about an unknown file; a type is named where it is plausible."""
    path = one.candidate.path
    of_place = layout.type_of(one.candidate.place, path.name) if verdict.was_read else None
    type_ = verdict.looks_like or of_place
    if not type_:
        return verdict.hint
    where = f"It is where {layout.label} keeps {type_label(of_place)} files. " if of_place else ""
    base = ("--base", verdict.base_like) if verdict.looks_like and verdict.base_like else ()
    words = ("install", "--inplace", "--type", type_, *base)
    return f"{where}Set its type: {command(*words, path)}"
