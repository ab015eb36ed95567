"""``Scanner``: scans, syncs and autoimport of one library."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from modelkeep.errors import ModelKeepError
from modelkeep.jobs.lookups import Lookup, Lookups
from modelkeep.library.destination import LinkMode
from modelkeep.library.library import Library
from modelkeep.library.outcomes import rules_fingerprint
from modelkeep.scan.report import ScanFinding, ScanStatus, ScanSummary
from modelkeep.scan.scanner import Scan, ScanAction, ScanContext, ScanTarget
from modelkeep.scan.sync import Sync
from modelkeep.scan.targets import narrowed, target_of, targets_of
from modelkeep.scan.walk import Candidate, FolderWalk
from modelkeep.sources.sidecars.info import SidecarInfo

#: ``install(path, fields, info, link)`` gives (key, whether it was there before).
Installer = Callable[[Path, dict[str, Any], SidecarInfo, LinkMode | None], tuple[str, bool]]
#: Called often with the counts so far; may raise to stop.
Watcher = Callable[[ScanSummary], None]

_NEW = frozenset({ScanStatus.REGISTERED, ScanStatus.INSTALLED})
_ODD = frozenset({ScanStatus.UNKNOWN, ScanStatus.ERROR})

_log = logging.getLogger(__name__)


def unwatched(summary: ScanSummary) -> None:
    """Ignore the counts of a scan."""


def never(question: str) -> bool:
    """Answer every question of a sync with no."""
    del question
    return False


class Scanner:
    """Finds models on the disk for one library."""

    def __init__(
        self,
        library: Library,
        install: Installer,
    ) -> None:
        self._library = library
        self._install = install

    def scan(
        self,
        what: Path | str | None = None,
        *,
        layout: str | None = None,
        action: ScanAction = ScanAction.REPORT,
        link: LinkMode | None = None,
        watch: Watcher = unwatched,
        only: Sequence[Path] | None = None,
    ) -> Scan:
        """Return a scan to iterate. Unless ``action`` asks for it, the library stays as it is.

        Args:
            what: A folder or a file, or the name of a root; all roots when None.
            layout: Name of the folder's layout; recognised when None.
            action: What to do with models that are not in the library.
            link: How files get into ``models_dir`` when they are installed; ``copy`` when None.
            watch: Called often with the counts so far; may raise to stop.
            only: Of a folder: only these of its files and folders; all when None.

        Raises:
            SourceNotFoundError: nothing is there.
            SettingsError: there is no such layout.
            SourceError: a file that says where the models are cannot be read.
        """
        targets = targets_of(self._library, what, layout)
        if only is not None:
            targets = tuple(narrowed(target, only) for target in targets[:1])
        return Scan(self._context(watch, link), targets, action)

    def sync(
        self,
        *,
        confirm: Callable[[str], bool] = never,
        watch: Watcher = unwatched,
        again: bool = False,
        accept: bool = False,
    ) -> Sync:
        """Return a sync of all online roots to iterate.

        Files that no rule knows or that cannot be read are told once, until they change.

        Files that moved are looked for in the roots and in the autoimport folder, nowhere else: a
        model that was moved out of them is marked missing until its new folder is registered.

        Args:
            confirm: Asked before much of a root is marked missing, and before a file that cannot
                be proven to be a lost model is taken for it.
            watch: Called often with the counts so far; may raise to stop.
            again: Tell also what was told by an earlier sync.
            accept: Accept what is odd now: it is not even counted until it changes.
        """
        return Sync(self._context(watch, None), confirm, again=again, accept=accept)

    def register_all(self, folder: Path, *, install: bool = False) -> list[str]:
        """Register or install every model below a folder; return the keys of new records.

        What is recorded already, broken or unknown is left out.

        Raises:
            SourceNotFoundError: nothing is there.
        """
        action = ScanAction.INSTALL if install else ScanAction.REGISTER
        findings = self.scan(folder, action=action)
        return [finding.key for finding in findings if finding.status in _NEW and finding.key]

    def sync_all(self) -> None:
        """Sync all roots without confirmation; failures are logged."""
        for finding in self.sync():
            if finding.status in _ODD or finding.status in {ScanStatus.HELD, ScanStatus.OFFLINE}:
                _warn(finding)

    def autoimport(self) -> list[str]:
        """Register what was put into the autoimport folder; return the keys of new records.

        While nothing changes in there, this is one walk through it.
        """
        folder = self._library.settings.autoimport_dir
        if not folder.is_dir():
            return []
        try:
            return self._autoimport(target_of(folder, "plain"))
        except (ModelKeepError, OSError) as error:
            _log.warning("The models in %s were not registered: %s", folder, error)
            return []

    def _autoimport(self, target: ScanTarget) -> list[str]:
        stamp = _stamp(target)
        if not stamp:
            return []
        rules = rules_fingerprint(strict=self._library.settings.verify != "off")
        lookups = Lookups(self._library.state)
        if lookups.get(target.folder, stamp, rules) is not None:
            return []
        keys = []
        context = self._context(unwatched, None)
        for finding in Scan(context, (target,), ScanAction.REGISTER, is_asked=False):
            if finding.status in _NEW and finding.key:
                keys.append(finding.key)
            elif finding.status in _ODD:
                _warn(finding)
        lookups.put(Lookup(target.folder, stamp, rules, ""))
        lookups.flush()
        return keys

    def _context(self, watch: Watcher, link: LinkMode | None) -> ScanContext:
        return ScanContext(
            self._library,
            lambda path, fields, info: self._install(path, fields, info, link),
            watch,
        )


def _warn(finding: ScanFinding) -> None:
    _log.warning("%s: %s", finding.path, finding.error)


def _stamp(target: ScanTarget) -> str:
    """Return what changes whenever a candidate of a folder does; empty when there is none."""
    whole, is_empty = hashlib.blake2b(digest_size=16), True
    for one in FolderWalk(target.places, ScanSummary()):
        is_empty = False
        whole.update(os.fsencode(one.path) + b"\0")
        if isinstance(one, Candidate):
            files = list(one.path.rglob("*")) if one.is_folder else [one.path]
            for path in sorted(files):
                there = path.lstat()
                whole.update(f"{there.st_size} {there.st_mtime_ns} {there.st_ino}\n".encode())
    return "" if is_empty else whole.hexdigest()
