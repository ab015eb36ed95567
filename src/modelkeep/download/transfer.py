"""``Transfer``: one file, from its URL to its name on the disk."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from modelkeep.core.names import shown
from modelkeep.disk.paths import remove_file
from modelkeep.download.control import Stage, TransferProgress
from modelkeep.download.control_file import STRONG_HASHES
from modelkeep.download.shared_limits import SharedLimits
from modelkeep.download.state import Target, TransferState
from modelkeep.download.stream_hash import computable, first_difference, hashes_of
from modelkeep.download.supervisor import Supervisor, Wait
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
from modelkeep.http.error_responses import CHECKED_BYTES, check_content
from modelkeep.http.options import TransferOptions
from modelkeep.http.request import HttpRequest
from modelkeep.http.response_head import ResponseHead
from modelkeep.http.retry import wait as wait_for
from modelkeep.http.session import Transport
from modelkeep.http.urls import redacted
from modelkeep.jobs.control import JobControl

__all__ = ["Transfer", "TransferOptions", "TransferProgress", "TransferResult"]

_log = logging.getLogger(__name__)

_REPORT_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class TransferResult:
    """A downloaded file.

    Attributes:
        path: Where it is.
        size: Its bytes.
        total: Those that the server or the request named beforehand; None when neither did.
        hashes: The expected hashes, as they were computed.
        url: The URL without secrets.
        etag: Its strong ETag, if the server sent one.
        content_type: As the server sent it; empty when the file existed already.
        was_there: The file existed already with these bytes; nothing was fetched.
        verified: A strong hash was expected, and matched.
    """

    path: Path
    size: int
    total: int | None
    hashes: Mapping[str, str]
    url: str
    etag: str | None = None
    content_type: str = ""
    was_resumed: bool = False
    was_there: bool = False
    verified: bool = False


class _ExistsError(Exception):
    """The file exists already."""

    def __init__(self, result: TransferResult) -> None:
        super().__init__(str(result.path))
        self.result = result


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
        on_progress: Called in the thread of ``run`` at each change and several times a second.
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
        self._request = request
        self._options = options or TransferOptions()
        self._control = control or JobControl()
        self._on_progress = on_progress
        self._reported_at = 0.0
        self._stage: Stage | None = None
        self._hashes: dict[str, str] = {}
        self._state = TransferState(
            request,
            target,
            transport=transport,
            options=self._options,
            shared=shared or SharedLimits(),
            check_target=self._check_target,
        )
        self._supervisor = Supervisor(self._state, self._control, wait=wait, report=self._report)

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
        state = self._state
        with state.shared.space.claimed(state):
            try:
                if state.path is not None:
                    self._use_existing(state.path)
                    state.resume()
                self._fetch()
                result = self._publish()
            except _ExistsError as exists:
                state.discard()
                return exists.result
            except BaseException as error:
                self._clean_up(error)
                raise
        self._report("done", 0.0)
        return result

    def _fetch(self) -> None:
        """Fetch until the hashes are right; a wrong file is fetched once more."""
        state = self._state
        aside: Path | None = None
        while True:
            self._supervisor.run()
            self._report("verifying", 0.0)
            wrong = first_difference(self._request.hashes, self._compute_hashes())
            self._check_content()
            if wrong is not None and self._options.verify == "warn":
                _log.warning("%s has the %s %s, not %s", state.name, wrong[0], *wrong[:0:-1])
                wrong = None
            if wrong is None:
                break
            before, aside = aside, state.put_aside(wrong[2])
            if before is not None and before != aside:
                remove_file(before)
            if before is not None:
                name, expected, found = wrong
                raise HashMismatchError(
                    f"{state.name} arrived twice with the {name} {found} instead of {expected}",
                    hint="The source may have replaced the file. The download is kept"
                    f" as {shown(aside)}.",
                )
            _log.warning("%s arrived with wrong bytes; downloading it again", state.name)
        if aside is not None:
            remove_file(aside)

    def _compute_hashes(self) -> dict[str, str]:
        """Return the expected hashes as the bytes have them."""
        state = self._state
        total = state.segments.total
        if state.hasher is None or total is None:
            return {}
        found = state.hasher.finish(total, lambda: self._control.is_stopped)
        if found is None:
            self._supervisor.check_stopped()
        self._hashes = found or {}
        return self._hashes

    def _check_content(self) -> None:
        """Check once more for a web page in place of a file: its start may have come in parts."""
        state, version = self._state, self._state.version
        if state.part is None or version is None or state.was_checked or self._is_verified:
            return
        start = memoryview(bytearray(CHECKED_BYTES))
        count = state.part.read(start, 0)
        check_content(
            bytes(start[:count]),
            version.content_type,
            state.target.name,
            url=version.url,
            total=state.segments.total,
        )

    @property
    def _is_verified(self) -> bool:
        return _is_verified(self._request, self._hashes)

    def _publish(self) -> TransferResult:
        state, version = self._state, self._state.version
        if state.part is None or version is None:  # pragma: no cover - all bytes are there
            raise DownloadError(f"{state.name} was not received")
        self._supervisor.check_stopped()
        self._report("publishing", 0.0)
        state.segments.close()
        was_there = False
        try:
            state.part.publish()
        except DuplicateModelException as error:
            if not state.part.is_same_as(state.target):
                raise _taken(state.target) from error
            state.part.discard()
            was_there = True
        state.part.close()
        return TransferResult(
            state.target,
            state.segments.total or 0,
            self._named_total,
            self._hashes,
            redacted(self._request.url),
            version.validator,
            version.content_type,
            was_resumed=state.was_resumed,
            was_there=was_there,
            verified=self._is_verified,
        )

    @property
    def _named_total(self) -> int | None:
        """Bytes of the file as the server or the request names them."""
        version = self._state.version
        return (version.total if version is not None else None) or self._request.size

    def _check_target(self, target: Path, head: ResponseHead) -> None:
        """Look whether the file exists already, and refuse to replace another one."""
        self._use_existing(target)
        if head.total is not None and target.exists() and target.stat().st_size != head.total:
            raise _taken(target)

    def _use_existing(self, target: Path) -> None:
        """End here when the target exists and has the expected hashes."""
        names = computable(self._request.hashes)
        if not names or not target.is_file():
            return
        found = hashes_of(target, names, lambda: self._control.is_stopped)
        if found is None:
            self._supervisor.check_stopped()
            return
        if first_difference(self._request.hashes, found) is not None:
            raise _taken(target)
        size = target.stat().st_size
        raise _ExistsError(
            TransferResult(
                target,
                size,
                size,
                found,
                redacted(self._request.url),
                was_there=True,
                verified=_is_verified(self._request, found),
            )
        )

    def _clean_up(self, error: BaseException) -> None:
        """Keep what has arrived where it can be resumed, and remove it otherwise."""
        state = self._state
        may_pass = isinstance(error, ConnectionFailedError | HttpStatusError | StorageError)
        is_paused = isinstance(error, DownloadPausedError) or not isinstance(error, Exception)
        state.segments.close()
        try:
            if not ((is_paused or (may_pass and self._options.preserve_partial)) and state.keep()):
                state.discard()
        except StorageError:
            _log.warning("%s: could not keep the partial file", state.name, exc_info=True)
        finally:
            state.close()

    def _report(self, stage: Stage, waits: float) -> None:
        if self._on_progress is None:
            return
        state, now = self._state, time.monotonic()
        # A small file is through its last stages before anybody sees them.
        is_brief = state.is_small and stage in {"verifying", "publishing"}
        is_news = stage != self._stage and not is_brief
        if not (is_news or waits) and now - self._reported_at < _REPORT_SECONDS:
            return
        self._stage, self._reported_at = stage, now
        self._on_progress(
            TransferProgress(
                stage,
                state.segments.received,
                self._named_total,
                self._supervisor.connections,
                waits,
                state.path,
                state.note,
            )
        )


def _is_verified(request: HttpRequest, found: Mapping[str, str]) -> bool:
    """Tell whether a hash that leaves no doubt was expected and found."""
    is_strong = any(name in found and name in STRONG_HASHES for name in request.hashes)
    return is_strong and first_difference(request.hashes, found) is None


def _taken(target: Path) -> TargetTakenError:
    return TargetTakenError(
        f"{shown(target)} already exists with other bytes",
        hint="Choose another name or move that file away first.",
    )
