"""``Transfer``: one file, from its address to its name on the disk."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from modelkeep.core.names import shown
from modelkeep.disk.paths import remove_file
from modelkeep.download.conductor import Conductor, Wait
from modelkeep.download.control import Stage, TransferProgress
from modelkeep.download.control_file import STRONG_HASHES
from modelkeep.download.digest import checkable, first_difference, hashes_of
from modelkeep.download.keeper import Keeper
from modelkeep.download.shared_limits import SharedLimits
from modelkeep.download.work import Target, Work
from modelkeep.errors import (
    ConnectionFailedError,
    DownloadError,
    DownloadPausedError,
    DuplicateModelException,
    HashMismatchError,
    HttpStatusError,
    StorageError,
    TargetTakenError,
)
from modelkeep.http.error_responses import check_content
from modelkeep.http.options import TransferOptions
from modelkeep.http.request import HttpRequest
from modelkeep.http.response_head import ResponseHead
from modelkeep.http.retry import wait as wait_for
from modelkeep.http.session import Transport
from modelkeep.jobs.control import JobControl

__all__ = ["Transfer", "TransferOptions", "TransferProgress", "TransferResult"]

_log = logging.getLogger(__name__)

_TELL_SECONDS = 0.1
_SNIFFED_BYTES = 512


@dataclass(frozen=True, slots=True)
class TransferResult:
    """A downloaded file.

    Attributes:
        path: Where it is.
        size: Its bytes.
        hashes: The expected hashes, as they were computed.
        url: The URL without secrets.
        etag: Its strong ETag, if the server sent one.
        content_type: As the server sent it; empty when the file existed already.
        was_resumed: An earlier run had fetched some of it.
        was_there: The file existed already with these bytes; nothing was fetched.
        verified: A strong hash was expected, and matched.
    """

    path: Path
    size: int
    hashes: Mapping[str, str]
    url: str
    etag: str | None = None
    content_type: str = ""
    was_resumed: bool = False
    was_there: bool = False
    verified: bool = False


class _ThereError(Exception):
    """The file is there already."""

    def __init__(self, fetched: TransferResult) -> None:
        super().__init__(str(fetched.path))
        self.fetched = fetched


class Transfer:
    """Downloads one file, over as many connections as help, resuming what an earlier run left.

    A transfer runs once: make one, call ``run``, take its result. ``run`` promises that

    - the target appears whole and verified, or not at all, and no existing file is replaced;
    - what has arrived outlives a kill of the process, and of the machine but for a few seconds;
    - it returns within two seconds of ``control.pause()`` or ``control.cancel()``, and no thread
      of it writes to the disk afterwards;
    - paused, or failed for a reason that may pass, it leaves a partial file that the next transfer
      of the same request and target resumes; otherwise it leaves nothing.

    Args:
        request: What to fetch: URL, headers, token, expected size and hashes.
        target: The file to create, or a function that names it by the first response head and
            the URL that sent it.
        transport: Sends the requests; may serve many transfers.
        options: Time limits, connections, and what a wrong hash does.
        shared: What it shares with other transfers.
        on_progress: Called in the thread of ``run`` at each change and several times a second.
        control: Stops it, from any thread.
        wait: Waits between tries; tests pass one that does not.
    """

    def __init__(
        self,
        request: HttpRequest,
        target: Target,
        *,
        transport: Transport,
        options: TransferOptions | None = None,
        shared: SharedLimits | None = None,
        on_progress: Callable[[TransferProgress], None] | None = None,
        control: JobControl | None = None,
        wait: Wait = wait_for,
    ) -> None:
        self._shared = shared = shared or SharedLimits()
        self._asked = request
        self._options = options or TransferOptions()
        self._control = control or JobControl()
        self._on_progress = on_progress
        self._told_at = 0.0
        self._stage: Stage | None = None
        self._found: dict[str, str] = {}
        self._work = Work(
            request,
            target,
            sender=transport,
            options=self._options,
            limiter=shared.bandwidth,
            spoken_for=lambda path: shared.space.by_others(path, self),
            named=self._named,
        )
        self._keeper = Keeper(self._work)
        self._conductor = Conductor(
            self._work,
            self._control,
            slots=shared.slots,
            keeper=self._keeper,
            wait=wait,
            tell=self._tell,
        )

    @property
    def path(self) -> Path | None:
        """The file that it creates; None while its name is not known."""
        return self._work.path

    @property
    def expected_bytes(self) -> int:
        """Bytes that it will still take from the free space, beyond those already allocated."""
        pieces, part = self._work.pieces, self._work.part
        there = part.allocated if part is not None else 0
        return max((pieces.total or self._asked.size or 0) - max(there, pieces.received), 0)

    def run(self) -> TransferResult:
        """Fetch the file, verify it, and give it its name.

        Returns:
            Where it is, and what is known of it. An existing file with the same bytes is left as
            it is and returned.

        Raises:
            DownloadError: the server does not send it, or not these bytes.
            TargetTakenError: another file has the name.
            StorageError: the disk refused; what has arrived is kept.
            DownloadPausedError, DownloadJobCancelledException: ``control`` stopped it.
        """
        with self._shared.space.claimed(self):
            return self._run()

    def _run(self) -> TransferResult:
        work = self._work
        try:
            if work.path is not None:
                self._reuse(work.path)
                work.resume(work.path)
            self._fetch()
            fetched = self._publish()
        except _ThereError as there:
            work.drop()
            return there.fetched
        except BaseException as error:
            self._leave(error)
            raise
        self._tell("done", 0.0)
        return fetched

    def _fetch(self) -> None:
        """Fetch until the bytes are right; wrong ones get one further chance."""
        aside: Path | None = None
        while True:
            self._conductor.run()
            self._tell("verifying", 0.0)
            wrong = first_difference(self._asked.hashes, self._hashes())
            self._check_kind()
            if wrong is not None and self._options.verify == "warn":
                _log.warning("%s has the %s %s, not %s", self._work.shown, wrong[0], *wrong[:0:-1])
                wrong = None
            if wrong is None:
                break
            before, aside = aside, self._put_aside(wrong[2])
            if before is not None and before != aside:
                remove_file(before)
            if before is not None:
                raise self._mismatch(*wrong, aside)
            _log.warning("%s came with wrong bytes and is fetched once more", self._work.shown)
        if aside is not None:
            remove_file(aside)

    def _hashes(self) -> dict[str, str]:
        """Return the hashes that were asked for."""
        work = self._work
        total = work.pieces.total
        if work.follower is None or total is None:
            return {}
        found = work.follower.finish(total, lambda: self._control.is_stopped)
        if found is None:
            self._conductor.check_stopped()
        self._found = found or {}
        return self._found

    def _check_kind(self) -> None:
        """Look once more for a page in place of a model: its begin may have come in two parts."""
        work, facts = self._work, self._work.facts
        if work.part is None or facts is None or work.was_sniffed or self._is_verified:
            return
        begin = memoryview(bytearray(_SNIFFED_BYTES))
        count = work.part.read(begin, 0)
        check_content(
            bytes(begin[:count]),
            facts.content_type,
            work.target.name,
            url=facts.url,
            total=work.pieces.total,
        )

    @property
    def _is_verified(self) -> bool:
        return _is_verified(self._asked, self._found)

    def _put_aside(self, digest: str) -> Path:
        work = self._work
        if work.part is None:  # pragma: no cover - its bytes have just been hashed
            raise StorageError(f"{work.shown} is gone")
        work.pieces.revoke_all()
        path = work.part.put_aside(digest)
        work.part = None
        work.drop()
        return path

    def _mismatch(self, name: str, asked: str, found: str, aside: Path) -> HashMismatchError:
        return HashMismatchError(
            f"{self._work.shown} came twice with the {name} {found}, and {asked} was promised",
            hint=f"The source may have replaced the file. What came is kept as {shown(aside)}.",
        )

    def _publish(self) -> TransferResult:
        work, facts = self._work, self._work.facts
        if work.part is None or facts is None:  # pragma: no cover - all bytes are there
            raise DownloadError(f"{work.shown} did not come")
        self._conductor.check_stopped()
        self._tell("publishing", 0.0)
        work.pieces.revoke_all()
        target = work.target
        was_there = False
        try:
            work.part.publish()
        except DuplicateModelException as error:
            if not work.part.is_same_as(target):
                raise _taken(target) from error
            work.part.discard()
            was_there = True
        work.part.close()
        return TransferResult(
            target,
            work.pieces.total or 0,
            self._found,
            work.shown_url,
            facts.validator,
            facts.content_type,
            was_resumed=work.was_resumed,
            was_there=was_there,
            verified=self._is_verified,
        )

    def _named(self, target: Path, answer: ResponseHead) -> None:
        """Look whether the file is there already, and refuse to replace another one."""
        self._reuse(target)
        if answer.total is None or not target.exists():
            return
        if target.stat().st_size != answer.total:
            raise _taken(target)

    def _reuse(self, target: Path) -> None:
        """End here when a file with the bytes that are asked for is there."""
        names = checkable(self._asked.hashes)
        if not names or not target.is_file():
            return
        found = hashes_of(target, names, lambda: self._control.is_stopped)
        if found is None:
            self._conductor.check_stopped()
            return
        if first_difference(self._asked.hashes, found) is not None:
            raise _taken(target)
        size = target.stat().st_size
        verified = _is_verified(self._asked, found)
        fetched = TransferResult(
            target, size, found, self._work.shown_url, was_there=True, verified=verified
        )
        raise _ThereError(fetched)

    def _leave(self, error: BaseException) -> None:
        """Keep what has come where it can be gone on with, else remove it."""
        work = self._work
        is_kept = (
            isinstance(error, ConnectionFailedError | HttpStatusError | StorageError)
            and self._options.preserve_partial
        )
        is_paused = isinstance(error, DownloadPausedError) or not isinstance(error, Exception)
        work.pieces.revoke_all()
        try:
            if not ((is_kept or is_paused) and self._keeper.keep()):
                work.drop()
        except StorageError:
            _log.warning("%s: what has come could not be kept", work.shown, exc_info=True)
        finally:
            work.close()

    def _tell(self, stage: Stage, waits: float) -> None:
        if self._on_progress is None:
            return
        now = time.monotonic()
        is_news = stage == "done" or (stage != self._stage and not self._work.is_small)
        if not (is_news or waits) and now - self._told_at < _TELL_SECONDS:
            return
        self._stage, self._told_at = stage, now
        work = self._work
        self._on_progress(
            TransferProgress(
                stage,
                work.pieces.received,
                work.pieces.total or self._asked.size,
                self._conductor.connections,
                waits,
                work.path,
                work.note,
            )
        )


def _is_verified(asked: HttpRequest, found: Mapping[str, str]) -> bool:
    """Tell whether a hash that leaves no doubt was asked for and found."""
    strong = [name for name in asked.hashes if name in found and name in STRONG_HASHES]
    return bool(strong) and first_difference(asked.hashes, found) is None


def _taken(target: Path) -> TargetTakenError:
    return TargetTakenError(
        f"{shown(target)} is already there with other bytes",
        hint="Choose another name, or move that file away first.",
    )
