"""``Sync``: updates the catalogue to match the disk; no record is deleted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from modelkeep.core.commands import command
from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.identity import Identification
from modelkeep.core.names import is_inside, path_to_text, text_to_path
from modelkeep.core.roots import MODELS_ROOT
from modelkeep.core.taxonomy import RecordState
from modelkeep.errors import SourceError, UnknownModelException
from modelkeep.jobs.lookups import Lookups
from modelkeep.jobs.oddities import Oddities, Told, file_sign
from modelkeep.library.condition import FileStatus, ModelCondition, survey
from modelkeep.library.named_folders import NamedFolders
from modelkeep.library.outcomes import IdentifyOutcome
from modelkeep.library.verify import Verdict, verify_model
from modelkeep.records.listing import RecordFilter
from modelkeep.scan.finder import Examined, Finder
from modelkeep.scan.known import KnownFiles
from modelkeep.scan.moved import MissingModels
from modelkeep.scan.records import FolderInfo
from modelkeep.scan.register import Registrar
from modelkeep.scan.removed import RemovedModels
from modelkeep.scan.report import ScanFinding, ScanStatus, ScanSummary
from modelkeep.scan.scanner import (
    ScanContext,
    ScanTarget,
    away_finding,
    failed_finding,
    passed_finding,
)
from modelkeep.scan.targets import named_folders, target_of
from modelkeep.scan.walk import FolderWalk, Skipped

#: As many records of one root have to vanish together, and this share of it, to hold a sync.
HELD_FROM = 20
HELD_SHARE = 5


#: What is told once, until it changes.
_TOLD_ONCE = frozenset(
    {ScanStatus.UNKNOWN, ScanStatus.ERROR, ScanStatus.POSSIBLE, ScanStatus.OFFLINE}
)
#: What people have to look at.
_NEWS = frozenset({ScanStatus.ERROR, ScanStatus.HELD, ScanStatus.MISSING, ScanStatus.CHANGED})


class Sync:
    """One sync. Iterate it once; stopping early keeps what was done.

    Args:
        confirm: Asked before much of a root is marked missing, and before a match that cannot be
            proven is taken for the same model.
        again: Tell also what was told by an earlier sync.
        accept: Accept what is odd about files that are not models of the library.

    Attributes:
        is_news: Models went missing or changed, or files cannot be registered, since the last time.
    """

    def __init__(
        self,
        context: ScanContext,
        confirm: Callable[[str], bool],
        *,
        again: bool = False,
        accept: bool = False,
    ) -> None:
        self.summary = ScanSummary()
        self.is_news = False
        self._again, self._accept = again, accept
        self._away: list[Path] = []
        self._context = context
        self._library = context.library
        self._confirm = confirm

    def __iter__(self) -> Iterator[ScanFinding]:
        """Give what changed, what is missing and what could not be done.

        Raises:
            JobCancelledError: the watcher said so.
        """
        oddities, is_whole = Oddities(self._library.state), False
        try:
            for finding in self._all():
                if finding.status in {ScanStatus.KNOWN, ScanStatus.SKIPPED}:
                    self.summary.count(finding)
                elif self._is_told(finding, oddities):
                    self.summary.count(finding)
                    yield finding
            self._leave_new_warnings(oddities)
            if self._accept:
                self.summary.accepted = oddities.accept()
            is_whole = True
        finally:
            oddities.store(lambda subject: is_whole and not self._is_away(subject))

    def _is_told(self, finding: ScanFinding, oddities: Oddities) -> bool:
        """Return whether a finding is told; what was told before is counted."""
        told = Told.NEW
        if finding.status in _TOLD_ONCE and not self._is_unread_root(finding):
            told = oddities.note(path_to_text(finding.path), _sign(finding))
        self.is_news |= told is Told.NEW and finding.status in _NEWS
        self.summary.known += told is Told.KNOWN and not self._again
        return told is Told.NEW or self._again

    def _leave_new_warnings(self, oddities: Oddities) -> None:
        notes = [(text, oddities.note(text, "warning")) for text in self.summary.warnings]
        self.summary.warnings = [t for t, told in notes if told is Told.NEW or self._again]
        self.summary.known += sum(told is Told.KNOWN for _, told in notes) * (not self._again)

    def _is_unread_root(self, finding: ScanFinding) -> bool:
        """Return whether a whole root could not be read: until it can, nothing is as it was."""
        return finding.status is ScanStatus.ERROR and finding.path in self._away

    def _is_away(self, subject: str) -> bool:
        """Return whether something odd lies where nothing was looked at."""
        return any(is_inside(text_to_path(subject), folder) for folder in self._away)

    def _all(self) -> Iterator[ScanFinding]:
        library = self._library
        offline = self._offline_roots()
        odd = survey(self._library.presence)
        self._away = [named_folders(library)[name][0] for name in offline]
        yield from self._offline(offline)
        missing = self._missing(odd, offline)
        yield from self._back(odd)
        yield from self._changed(odd)
        gone = MissingModels(library, lambda _count: self._look(), self._confirm)
        for config, condition in missing.values():
            files = library.records.files(config.key)
            if len(files) == len(condition.files):
                gone.add(config, files)
        moved: set[str] = set()
        known, lookups = KnownFiles(library), Lookups(library.state)
        for name, (path, layout) in named_folders(library).items():
            if name in offline or not path.is_dir():
                continue
            try:
                target = target_of(path, layout)
            except SourceError as error:
                self._away.append(path)
                yield ScanFinding(path, ScanStatus.ERROR).refused(error)
                continue
            self.summary.warnings += target.layout.remarks(path)
            for finding in self._new(target, known, lookups, gone):
                if finding.status is ScanStatus.MOVED and finding.key:
                    moved.add(finding.key)
                yield finding
        yield from self._mark({k: pair for k, pair in missing.items() if k not in moved})
        NamedFolders(library.presence).note_seen()

    def _look(self) -> None:
        self._context.watch(self.summary)

    # -- records

    def _offline_roots(self) -> dict[str, str]:
        """Return why roots count as offline, by name."""
        names = (MODELS_ROOT, *self._library.roots.named)
        reasons = {name: self._library.presence.why_offline(name) for name in names}
        return {name: why for name, why in reasons.items() if why}

    def _offline(self, offline: Mapping[str, str]) -> Iterator[ScanFinding]:
        folders, presence = named_folders(self._library), self._library.presence
        for name, why in offline.items():
            if count := self._library.records.count(RecordFilter(roots=(name,))):
                error = f"{why}. Nothing was marked among the {count:,} models in the root {name}"
                hint = presence.hint_for(name)
                yield ScanFinding(folders[name][0], ScanStatus.OFFLINE, error=error, hint=hint)
        named = NamedFolders(presence)
        counts = named.models_away()
        for away in named.away:
            yield away_finding(away, counts[away])

    def _missing(
        self, odd: Mapping[str, ModelCondition], offline: Mapping[str, str]
    ) -> dict[str, tuple[ModelConfigBase, ModelCondition]]:
        """Return the records whose files are missing on disks that are mounted."""
        found: dict[str, tuple[ModelConfigBase, ModelCondition]] = {}
        for key, condition in odd.items():
            if condition.condition is not FileStatus.MISSING:
                continue
            try:
                config = self._library.records.get_model(key)
            except UnknownModelException:
                continue
            if config.root not in offline:
                found[key] = (config, condition)
        return found

    def _back(self, odd: Mapping[str, ModelCondition]) -> Iterator[ScanFinding]:
        """Mark the records as present whose files are back."""
        where = RecordFilter(states=(RecordState.MISSING.value,))
        back = [config for config in self._library.records.each(where) if config.key not in odd]
        self._library.records.set_states({c.key: RecordState.PRESENT for c in back})
        for config in back:
            yield self._about(config, ScanStatus.PRESENT)

    def _changed(self, odd: Mapping[str, ModelCondition]) -> Iterator[ScanFinding]:
        """Read the records whose files look different, and mark those that are."""
        for key, condition in odd.items():
            if condition.condition is not FileStatus.CHANGED:
                continue
            try:
                before = self._library.records.get_model(key)
                check = verify_model(self._library, key, lambda _count: self._look())
            except UnknownModelException:
                continue
            if check.verdict is Verdict.CHANGED and before.state is not RecordState.CHANGED:
                detail = next(f.detail for f in check.files if f.verdict is Verdict.CHANGED)
                hint = f"{command('verify', key[:8], '--accept')} accepts its current contents."
                yield self._about(before, ScanStatus.CHANGED, detail, hint)
            elif check.is_well and before.state is not RecordState.PRESENT:
                yield self._about(before, ScanStatus.PRESENT)

    def _mark(
        self, missing: Mapping[str, tuple[ModelConfigBase, ModelCondition]]
    ) -> Iterator[ScanFinding]:
        """Mark missing records root by root, unless too many of one root are missing."""
        by_root: dict[str, list[tuple[ModelConfigBase, ModelCondition]]] = defaultdict(list)
        for config, condition in missing.values():
            if config.state is not RecordState.MISSING:
                by_root[config.root].append((config, condition))
        for root, pairs in by_root.items():
            total = self._library.records.count(RecordFilter(roots=(root,)))
            if len(pairs) >= HELD_FROM and len(pairs) * HELD_SHARE >= total:
                where = f"in {root!r}" if root else "outside of all roots"
                what = f"{len(pairs):,} of {total:,} models {where} are missing"
                if not self._confirm(f"{what}. Mark them as missing?"):
                    folder = self._folder_of(root, pairs[0][0])
                    hint = "Check that its disk is mounted. To mark them: modelkeep sync --yes"
                    error = f"{what} at once, so nothing was marked"
                    yield ScanFinding(folder, ScanStatus.HELD, error=error, hint=hint)
                    continue
            self._library.records.set_states({c.key: RecordState.MISSING for c, _ in pairs})
            for config, condition in pairs:
                gone = command("remove", config.key[:8])
                hint = f"Install it again to get it back, or remove its record: {gone}"
                yield self._about(config, ScanStatus.MISSING, condition.detail, hint)

    def _folder_of(self, root: str, config: ModelConfigBase) -> Path:
        folders = named_folders(self._library)
        return folders[root][0] if root in folders else self._library.path_of(config).parent

    def _about(
        self, config: ModelConfigBase, status: ScanStatus, error: str = "", hint: str = ""
    ) -> ScanFinding:
        return ScanFinding(
            self._library.path_of(config),
            status,
            config.type,
            config.base,
            config.key,
            config.name,
            config.size,
            error=error,
            hint=hint,
        )

    # -- new files

    def _new(
        self, target: ScanTarget, known: KnownFiles, lookups: Lookups, gone: MissingModels
    ) -> Iterator[ScanFinding]:
        """Register what is new in one root; files of lost records get their record back."""
        library = self._library
        folder_info = FolderInfo(target.folder, target.layout, self.summary.warnings)
        removed = RemovedModels(library)
        registrar = Registrar(library, known, removed, self.summary)

        finder = Finder(
            library,
            known,
            lookups,
            self.summary,
            self._look,
            folder_info.about,
            is_registering=True,
        )
        for one in finder.through(FolderWalk(target.places, self.summary, self._look)):
            if isinstance(one, Skipped):
                yield from registrar.take(passed_finding(one), None)
            elif one.key is not None:
                finding = ScanFinding(one.candidate.path, ScanStatus.KNOWN, key=one.key)
                yield from registrar.take(finding, None)
            elif removed.has(one):
                yield from registrar.take(removed.passed(one), None)
            elif (again := gone.find(one)) is not None:
                yield from registrar.take(again, None)
            elif one.verdict is None or one.verdict.found is None:
                finding = failed_finding(one, one.verdict or IdentifyOutcome(), target.layout)
                yield from registrar.take(finding, None)
            else:
                yield from registrar.take(_found(one, one.verdict.found), one.new)
        yield from registrar.flush()
        for place in target.places:
            if place.path.is_dir():
                self.summary.vanished += lookups.drop_vanished(place.path)


def _sign(finding: ScanFinding) -> str:
    """Return what differs when a file is another one, or is odd in another way."""
    if finding.status is ScanStatus.OFFLINE:
        return finding.error  # what is at the place of a disk that is away does not matter
    return file_sign(finding.path, finding.status, finding.error)


def _found(one: Examined, found: Identification) -> ScanFinding:
    path, place = one.candidate.path, one.candidate.place
    written_by = one.info.written_by
    return ScanFinding(
        path, ScanStatus.FOUND, found.type, found.base, name=found.name, size=one.size,
        category=place.category, written_by=written_by,
    )  # fmt: skip
