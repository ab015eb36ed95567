"""``Finder``: examines the candidates of a walk in several threads, in the walk's order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from modelkeep.core.names import shown
from modelkeep.core.reading import unreadable
from modelkeep.errors import JobCancelledError, ModelKeepError
from modelkeep.jobs.lookups import ON_ITS_WAY, Lookup, Lookups
from modelkeep.library.library import Library
from modelkeep.library.new_records import refuse_incomplete
from modelkeep.library.outcomes import IdentifyOutcome, rules_fingerprint
from modelkeep.library.stamps import (
    Statuses,
    file_stamp,
    folder_stamp,
    stamp_now,
    statuses_of,
)
from modelkeep.records.listing import NewRecord
from modelkeep.scan.known import KnownFiles
from modelkeep.scan.records import new_model
from modelkeep.scan.report import ScanSummary
from modelkeep.scan.walk import UNFINISHED, Candidate, FolderWalk, Skipped
from modelkeep.sources.layouts.unfinished import (
    is_unfinished,
    mark_in,
    weight_suffix,
)
from modelkeep.sources.sidecars.info import SidecarInfo
from modelkeep.sources.told import told_by_sidecars

#: Threads that read headers. Their waiting overlaps; their computing does not.
THREADS = 12
#: Candidates that the walk may be ahead of what is given.
_AHEAD = 4 * THREADS
#: Seconds of waiting for a header between two looks whether to stop.
_PATIENCE = 0.25
_NO_INFO = SidecarInfo()


@dataclass(frozen=True, slots=True)
class Examined:
    """A candidate that was examined.

    Attributes:
        key: Of the record that has it already; nothing else is known then, but what it was found
            to be earlier.
        stamp: What it looked like: size, mtime and inode, of all its files for a folder.
        size: Bytes of all its files.
        is_fresh: It was read now and not remembered.
        passed: Why it is passed by after all.
        info: What others say of it.
        new: The record it would get, where that was asked for.
    """

    candidate: Candidate
    key: str | None = None
    stamp: str = ""
    size: int = 0
    verdict: IdentifyOutcome | None = None
    is_fresh: bool = False
    passed: Skipped | None = None
    info: SidecarInfo = _NO_INFO
    new: NewRecord | None = None


class Finder:
    """Examines candidates.

    Args:
        check: Called often; raises to stop.
        about: Gives what others say of a candidate; runs in the threads.
        is_registering: Make the record of each model that is found.
    """

    def __init__(  # noqa: PLR0917 - what it works with, each of its own kind
        self,
        library: Library,
        known: KnownFiles,
        lookups: Lookups,
        summary: ScanSummary,
        check: Callable[[], None],
        about: Callable[[Candidate], SidecarInfo],
        *,
        is_registering: bool,
    ) -> None:
        self._about = about
        self._library = library
        self._is_registering = is_registering
        self._strict = library.settings.verify != "off"
        self._known = known
        self._lookups = lookups
        self._rules = rules_fingerprint(strict=self._strict)
        self._summary = summary
        self._check = check

    def through(self, walk: FolderWalk) -> Iterator[Examined | Skipped]:
        """Look at all candidates of a walk; what comes is in the walk's order.

        Raises:
            JobCancelledError: ``check`` said so.
        """
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="modelkeep-scan")
        waiting: deque[Skipped | Examined | Future[Examined]] = deque()
        is_cancelled = False
        try:
            for found in walk:
                waiting.append(self._begin(pool, found))
                if len(waiting) >= _AHEAD:
                    yield self._end(waiting.popleft())
            while waiting:
                yield self._end(waiting.popleft())
        except JobCancelledError:
            is_cancelled = True
            raise
        finally:
            # The threads ask the state file. One that waits for a dead disk may never end.
            pool.shutdown(wait=not is_cancelled, cancel_futures=True)
            self._lookups.flush()

    def _begin(
        self, pool: ThreadPoolExecutor, found: Candidate | Skipped
    ) -> Skipped | Examined | Future[Examined]:
        if isinstance(found, Skipped):
            return found
        if not found.is_folder:
            key = self._known.find(found.path, found.status)
            if key is not None:
                return Examined(found, key, size=found.status.st_size)
            if is_unfinished(found.path.name, found.siblings):
                detail = f"{shown(found.path)} is an unfinished download"
                return Skipped(found.path, UNFINISHED, detail, size=found.status.st_size)
        return pool.submit(self._examine, found)

    def _end(self, one: Skipped | Examined | Future[Examined]) -> Skipped | Examined:
        self._check()
        done = self._wait(one) if isinstance(one, Future) else one
        if isinstance(done, Examined) and done.passed is not None:
            done = done.passed
        if isinstance(done, Skipped):
            if done.reason == UNFINISHED:
                self._lookups.put(Lookup(done.path, "", ON_ITS_WAY, done.detail))
            return done
        if done.verdict is not None:
            if not done.is_fresh:
                self._summary.remembered += 1
            else:
                self._summary.headers += 1
                self._remember(done, done.verdict)
        return done

    def _wait(self, one: Future[Examined]) -> Examined:
        """Wait for a slow disk; a request to stop ends the wait."""
        while True:
            try:
                return one.result(_PATIENCE)
            except TimeoutError:
                self._check()

    def _remember(self, done: Examined, verdict: IdentifyOutcome) -> None:
        if done.stamp and verdict.is_lasting:
            text = verdict.to_text()
            self._lookups.put(Lookup(done.candidate.path, done.stamp, self._rules, text))

    # -- in the threads

    def _examine(self, candidate: Candidate) -> Examined:
        if not candidate.is_folder:
            stamp = file_stamp(candidate.status)
            return self._judge(candidate, stamp, candidate.status.st_size)
        try:
            statuses = statuses_of(candidate.path)
        except (ModelKeepError, OSError) as error:
            return Examined(candidate, verdict=_failure(candidate.path, error), is_fresh=True)
        size = sum(there.st_size for _, there in statuses)
        if (key := self._key_of(candidate, statuses)) is not None:
            return Examined(candidate, key, size=size)
        if mark := mark_in(candidate.path, (name for name, _ in statuses)):
            what = f"{shown(candidate.path)} is an unfinished download"
            detail = f"{what}: {shown(Path(mark.name))} is in it"
            return Examined(candidate, passed=Skipped(candidate.path, UNFINISHED, detail))
        return self._judge(candidate, folder_stamp(statuses), size)

    def _key_of(self, candidate: Candidate, statuses: Statuses) -> str | None:
        """Return the record that a folder is: one at its path, or one that has all its weights.

        A part that is recorded on its own does not make the whole known, and neither does a file
        that two revisions of a model share.
        """
        if (key := self._known.at(candidate.path)) is not None:
            return key
        weights = [one for one in statuses if weight_suffix(one[0])] or statuses
        keys = {self._known.find(candidate.path / name, there) for name, there in weights}
        return keys.pop() if len(keys) == 1 else None

    def _judge(self, candidate: Candidate, stamp: str, size: int) -> Examined:
        info = self._about(candidate)
        told = told_by_sidecars(info)
        # What others say may change while the file does not.
        text = None if told else self._lookups.get(candidate.path, stamp, self._rules)
        verdict = IdentifyOutcome.from_text(text) if text is not None else None
        is_fresh = verdict is None
        if verdict is None:
            try:
                verdict = IdentifyOutcome(
                    self._library.identify(candidate.path, self._strict, told)
                )
            except ModelKeepError as error:
                verdict = IdentifyOutcome.of(error)
        new = None
        if verdict.found is not None:
            try:
                if self._strict:
                    refuse_incomplete(verdict.found, candidate.path)
                if self._is_registering:
                    new = new_model(self._library, candidate.path, verdict.found, info)
            except (ModelKeepError, OSError) as error:
                verdict = _failure(candidate.path, error)
        if is_fresh and stamp_now(candidate.path) != stamp:
            detail = f"{shown(candidate.path)} changed while it was read"
            return Examined(candidate, passed=Skipped(candidate.path, UNFINISHED, detail))
        return Examined(candidate, None, stamp, size, verdict, is_fresh, info=info, new=new)


def _failure(path: Path, error: ModelKeepError | OSError) -> IdentifyOutcome:
    return IdentifyOutcome.of(unreadable(path, error) if isinstance(error, OSError) else error)
