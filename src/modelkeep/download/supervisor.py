"""``Supervisor``: opens, supervises and replaces the connections of one transfer."""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable
from contextlib import suppress

from modelkeep.download.connection import Connection
from modelkeep.download.control import Stage
from modelkeep.download.segments import Segment
from modelkeep.download.state import RangesRefusedError, TransferState, TryAgainError
from modelkeep.errors import (
    ConnectionFailedError,
    DownloadJobCancelledException,
    DownloadPausedError,
    HttpStatusError,
)
from modelkeep.http.retry import RetryPolicy, is_transient
from modelkeep.http.urls import origin_of
from modelkeep.jobs.control import JobControl

#: Waits between tries: so many seconds, or until a function says that it is cancelled.
Wait = Callable[[float, Callable[[], bool]], bool]
#: Takes what is being done and the seconds until the next try.
Report = Callable[[Stage, float], None]

_log = logging.getLogger(__name__)

_POLL_SECONDS = 0.02
#: One connection that brings so many bytes each second, as a local disk does, is enough.
_FAST = 150e6
#: Fewer new bytes than this do not make a try a good one.
_PROGRESS_BYTES = 64 * 1024
#: A response head may take so many times the limits of one hop: redirects have heads, too.
_HOPS = 3
_JOIN_SECONDS = 1.0
_GB = 1e9


class Supervisor:
    """Fetches all bytes of a file.

    It begins with one connection. When that is slower than a local disk, it opens all that are
    allowed; a server that refuses further ones gets as many as it accepted.

    Args:
        report: Called with what is being done.
    """

    def __init__(
        self, state: TransferState, control: JobControl, *, wait: Wait, report: Report
    ) -> None:
        options = state.options
        self._state = state
        self._control = control
        self._slots = state.shared.slots
        self._wait = wait
        self._report = report
        self._policy = RetryPolicy(options.tries, options.backoff_base, options.backoff_cap)
        self._ended: queue.SimpleQueue[Connection | None] = queue.SimpleQueue()
        self._live: list[Connection] = []
        self._allowed = options.segments
        self._is_fast = True
        self._measured = (0.0, 0)
        self._failed = 0
        self._received_first = self._received_best = 0
        self._hold_until = 0.0

    @property
    def connections(self) -> int:
        """How many there are now."""
        return len(self._live)

    def run(self) -> None:
        """Fetch what is missing.

        Raises:
            DownloadError: it cannot be had; what has arrived is still there.
            DownloadPausedError, DownloadJobCancelledException: ``control`` stopped it.
        """
        self._received_first = self._received_best = self._state.segments.received
        self._measured = (0.0, self._received_first)
        with self._control.watched(lambda: self._ended.put(None)):
            try:
                while not self._state.segments.is_complete:
                    self.check_stopped()
                    if not self._live:
                        self._begin()
                    self._wait_for_ended()
                    self._supervise(time.monotonic())
            finally:
                self._end()

    def check_stopped(self) -> None:
        """Raise when the transfer is to stop."""
        if self._control.is_cancelled:
            raise DownloadJobCancelledException(f"{self._state.name}: the download was cancelled")
        if self._control.is_stopped:
            raise DownloadPausedError(
                f"{self._state.name}: the download is paused", hint="Start it again to continue."
            )

    def _begin(self) -> None:
        """Open the first connection, as soon as the host has a slot."""
        self._report("waiting", 0.0)
        host = self._host()
        if not self._slots.acquire(host, self._is_stopped):
            self.check_stopped()
            return
        segment = self._state.segments.take(time.monotonic(), free_only=True)
        if segment is None:
            self._slots.release(host)
            return
        self._report("connecting", 0.0)
        connection = self._new_connection(segment, host)
        # An injected session may block its caller for as long as it likes.
        if self._state.transport.is_ours and self._state.version is None:
            connection.start_here(lambda: self._report("downloading", 0.0))
        else:
            connection.start()

    def _new_connection(self, segment: Segment, host: str) -> Connection:
        connection = Connection(
            self._state, segment, is_stopped=self._is_stopped, ended=self._ended.put, host=host
        )
        self._live.append(connection)
        return connection

    def _host(self) -> str:
        version = self._state.version
        return origin_of(version.url if version and version.url else self._state.request.url).host

    def _is_stopped(self) -> bool:
        return self._control.is_stopped

    def _wait_for_ended(self) -> None:
        """Wait a moment for connections that end."""
        with suppress(queue.Empty):
            connection = self._ended.get(timeout=_POLL_SECONDS)
            while True:
                if connection is not None and connection in self._live:
                    connection.join(_JOIN_SECONDS)
                    self._remove(connection)
                    if connection.error is not None and not self._is_stopped():
                        self._judge(connection.error, connection)
                connection = self._ended.get_nowait()

    def _supervise(self, now: float) -> None:
        """Save, report, and open as many connections as are of use."""
        state = self._state
        state.save_when_due(now)
        if state.version is None or not self._live:
            return
        self._report("downloading", 0.0)
        self._drop_stuck(now)
        self._measure(now)
        if self._is_fast or state.is_small or not state.can_join or now < self._hold_until:
            return
        stalled = sum(state.segments.is_stalled(each.segment, now) for each in self._live)
        while len(self._live) - stalled < self._allowed and self._add():
            pass

    def _measure(self, now: float) -> None:
        """Find out whether one connection is slower than a local disk."""
        received = self._state.segments.received
        since, before = self._measured
        if not self._is_fast or received == before:
            return
        if since and now - since >= _POLL_SECONDS:
            self._is_fast = received - before >= _FAST * (now - since)
            self._measured = (now, received)
        elif not since:
            self._measured = (now, before)

    def _add(self) -> bool:
        host = self._host()
        if not self._slots.try_acquire(host):
            return False
        segment = self._state.next_segment()
        if segment is None:
            self._slots.release(host)
            return False
        self._new_connection(segment, host).start()
        return True

    def _drop_stuck(self, now: float) -> None:
        """Drop connections whose segment another one took, or that never get a response."""
        options = self._state.options
        longest = _HOPS * (options.connect_timeout + options.first_byte_timeout)
        for connection in tuple(self._live):
            since = connection.opening_since
            if connection.segment.was_taken:
                self._drop(connection)
            elif since is not None and now - since > longest:
                connection.error = ConnectionFailedError(
                    f"{connection.host} did not answer in {longest:.0f} seconds",
                    hint="The site may be down. Try again later.",
                )
                self._drop(connection)
                self._judge(connection.error, connection)

    def _drop(self, connection: Connection) -> None:
        connection.abandon()
        self._remove(connection)

    def _remove(self, connection: Connection) -> None:
        self._live.remove(connection)
        self._slots.release(connection.host)

    def _judge(self, error: BaseException, connection: Connection) -> None:
        """Decide what the failure of one connection means for all."""
        is_refusal = isinstance(error, RangesRefusedError | HttpStatusError | TryAgainError)
        if self._live and (is_refusal or is_transient(error)):
            self._hold_until = time.monotonic() + (self._policy.delay(1) or 0.0)
            if is_refusal:
                self._allow_no_more_than(len(self._live), error)
            return
        self._count_failure()
        is_last = self._failed >= self._policy.tries
        is_useless = isinstance(error, TryAgainError | RangesRefusedError)
        may_pass = is_transient(error)
        if not is_useless and not may_pass:
            # Servers with a limit of connections still count those that have just ended.
            worked = (
                connection.requested_range or self._state.segments.received > self._received_first
            )
            if is_last or not (isinstance(error, HttpStatusError) and worked):
                raise error
        elif is_last:
            raise self._given_up(error) from error
        if connection.requested_range and not may_pass and (is_useless or self._failed > 1):
            self._state.request_whole_next()
        if not is_useless:
            delay = self._policy.delay(max(self._failed, 1), error if may_pass else None) or 0.0
            self._report("waiting", delay)
            self._wait(delay, self._is_stopped)

    def _count_failure(self) -> None:
        """Count a try that brought nothing new; one that did starts the count again."""
        received = self._state.segments.received
        if received >= self._received_best + _PROGRESS_BYTES:
            self._received_best, self._failed = received, 0
        else:
            self._failed += 1

    def _allow_no_more_than(self, live: int, error: BaseException) -> None:
        """Accept that the server refuses further connections, and tell the user."""
        self._allowed = max(1, min(self._allowed, live))
        connections = "connection" if live == 1 else "connections"
        self._state.note = f"The server grants only {live} {connections}"
        _log.warning("%s: only %s %s: %s", self._state.name, live, connections, error)

    def _given_up(self, error: BaseException) -> Exception:
        segments = self._state.segments
        total = segments.total
        unit, symbol = (_GB, "GB") if total is not None and total >= _GB else (1e6, "MB")
        is_kept = self._state.can_join and self._state.options.preserve_partial
        kept = f", {segments.received / unit:.1f} {symbol} kept"
        if total:
            kept = f", {segments.received / unit:.1f} of {total / unit:.1f} {symbol} kept"
        tries = "1 try" if self._failed == 1 else f"{self._failed} tries"
        text = f"{error}; gave up after {tries}{kept if segments.received and is_kept else ''}"
        hint = getattr(error, "hint", "") or "Try again later."
        if isinstance(error, HttpStatusError):
            return HttpStatusError(text, status=error.status, reason=error.reason, hint=hint)
        origin = str(origin_of(self._state.request.url))
        return ConnectionFailedError(text if origin in text else f"{origin}: {text}", hint=hint)

    def _end(self) -> None:
        """End all connections; those that have just ended get time to report it."""
        for connection in tuple(self._live):
            if self._state.segments.is_complete and not connection.segment.was_taken:
                connection.join(_POLL_SECONDS)
            self._drop(connection)
