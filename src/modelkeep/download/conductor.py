"""``Conductor``: opens, watches and replaces the connections of one transfer."""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property

from modelkeep.download.connection import Connection
from modelkeep.download.control import Stage
from modelkeep.download.keeper import Keeper
from modelkeep.download.pieces import STALL_SECONDS, Lease
from modelkeep.download.ramp import Ramp, Sample
from modelkeep.download.shared_limits import SharedSlots
from modelkeep.download.work import RangesRefusedError, TryAgainError, Work
from modelkeep.errors import (
    ConnectionFailedError,
    DownloadJobCancelledException,
    DownloadPausedError,
    HttpStatusError,
)
from modelkeep.http.retry import RetryPolicy, is_transient
from modelkeep.http.urls import origin_of
from modelkeep.jobs.control import JobControl

#: Waits between tries: the seconds, and what tells that nobody wants to wait any more.
Wait = Callable[[float, Callable[[], bool]], bool]
#: Takes what is being done and the seconds until the next try.
Tell = Callable[[Stage, float], None]

_log = logging.getLogger(__name__)

#: Seconds between two looks, while much happens and else.
_RAMPING, _QUICK, _CALM = 0.005, 0.02, 0.1
_MUCH_BYTES = 1 << 20
#: Fewer new bytes than this do not make a try a good one.
_PROGRESS_BYTES = 64 * 1024
_MOST_PATIENCE = 30.0
#: A head may take so many times the limits of one hop: redirects have heads, too.
_HOPS = 3
_JOIN_SECONDS = 1.0


class Conductor:
    """Brings all bytes of a file together.

    Args:
        work: The file.
        control: Pauses and cancels.
        slots: Shares the connections to each host.
        keeper: Keeps what is there for another run.
        wait: Waits between tries.
        tell: Told what happens.
    """

    def __init__(
        self,
        work: Work,
        control: JobControl,
        *,
        slots: SharedSlots,
        keeper: Keeper,
        wait: Wait,
        tell: Tell,
    ) -> None:
        self._work = work
        self._control = control
        self._slots = slots
        self._keeper = keeper
        self._wait = wait
        self._tell = tell
        self._mail: queue.SimpleQueue[Connection | None] = queue.SimpleQueue()
        self._live: list[Connection] = []
        self._ramp: Ramp | None = None
        self._failed = 0
        self._begun = 0
        self._best = 0
        self._seen = 0
        self._hold_until = 0.0

    @cached_property
    def _policy(self) -> RetryPolicy:
        """Made for the first failure: its dice cost more than a small file."""
        options = self._work.options
        return RetryPolicy(options.tries, options.backoff_base, options.backoff_cap)

    @property
    def connections(self) -> int:
        """How many there are now."""
        return len(self._live)

    def run(self) -> None:
        """Fetch what is missing.

        Raises:
            DownloadError: it cannot be had; what has come is still there.
            StorageError: the disk refused.
            DownloadPausedError, DownloadJobCancelledException: as it was asked for.
        """
        self._begun = self._best = self._seen = self._work.pieces.received
        with self._control.watched(lambda: self._mail.put(None)):
            try:
                while not self._work.pieces.is_complete:
                    self.check_stopped()
                    if not self._live:
                        self._begin()
                    self._take_mail()
                    self._look_after(time.monotonic())
            finally:
                self._end()

    def check_stopped(self) -> None:
        """Raise what ends a transfer that shall stop."""
        if self._control.wanted == "cancel":
            raise DownloadJobCancelledException(f"{self._work.shown}: the download was cancelled")
        if self._control.wanted == "pause":
            raise DownloadPausedError(
                f"{self._work.shown}: the download is paused", hint="Start it again to go on."
            )

    def _begin(self) -> None:
        """Open the first connection, as soon as the host has room for it."""
        self._tell("waiting", 0.0)
        host = self._host()
        if not self._slots.acquire(host, self._is_stopped):
            self.check_stopped()
            return
        lease = self._work.pieces.lease(time.monotonic(), free_only=True)
        if lease is None:
            self._slots.release(host)
            return
        self._tell("connecting", 0.0)
        # A session of others may hold its caller for as long as it likes.
        self._start(lease, host, here=self._work.sender.is_ours and self._work.facts is None)

    def _start(self, lease: Lease, host: str, *, here: bool = False) -> None:
        connection = Connection(
            self._work, lease, is_stopped=self._is_stopped, ended=self._mail.put, host=host
        )
        connection.is_alone = self._ramp is None or self._ramp.wanted <= 1
        self._live.append(connection)
        if here:
            connection.start_here(lambda: self._tell("downloading", 0.0))
        else:
            connection.start()

    def _host(self) -> str:
        facts = self._work.facts
        return origin_of(facts.url if facts and facts.url else self._work.asked.url).host

    def _is_stopped(self) -> bool:
        return self._control.is_stopped

    def _take_mail(self) -> None:
        """Wait a moment for connections that end."""
        received = self._work.pieces.received
        pause = _QUICK if received - self._seen >= _MUCH_BYTES else _CALM
        if self._ramp is None or not self._ramp.is_settled:
            pause = _RAMPING
        self._seen = received
        with suppress(queue.Empty):
            connection = self._mail.get(timeout=pause)
            while True:
                if connection is not None:
                    self._on_end(connection)
                connection = self._mail.get_nowait()

    def _look_after(self, now: float) -> None:
        """Save, tell, and see to it that there are as many connections as are of use."""
        work = self._work
        self._keeper.look(now)
        if work.facts is None or not self._live:
            return
        self._tell("downloading", 0.0)
        self._drop_stuck(now)
        if self._ramp is None:
            self._ramp = Ramp(work.options.segments, work.pieces.total, self._best)
        if not work.can_join or now < self._hold_until:
            return
        received = work.pieces.received
        delivering = sum(each.has_delivered for each in self._live)
        wanted = self._ramp.see(Sample(now, received, len(self._live), delivering))
        for each in self._live:
            each.is_alone = wanted <= 1
        while wanted > 1 and self._active(now) < wanted and self._add():
            pass

    def _active(self, now: float) -> int:
        return sum(now - each.lease.last_at < self._work.patience for each in self._live)

    def _add(self) -> bool:
        host = self._host()
        if not self._slots.try_acquire(host):
            return False
        lease = self._work.next_lease()
        if lease is None:
            self._slots.release(host)
            return False
        self._start(lease, host)
        return True

    def _drop_stuck(self, now: float) -> None:
        """Let connections go whose work another one does, or that never get an answer."""
        options = self._work.options
        longest = _HOPS * (options.connect_timeout + options.first_byte_timeout)
        for connection in tuple(self._live):
            since = connection.opening_since
            if connection.lease.was_taken:
                self._work.patience = min(self._work.patience * 2, _MOST_PATIENCE)
                self._forget(connection)
            elif since is not None and now - since > longest:
                connection.error = ConnectionFailedError(
                    f"{connection.host} gave no answer in {longest:.0f} seconds",
                    hint="The site may be down: try again later.",
                )
                connection.abandon()
                self._leave(connection)
                self._judge(connection.error, connection)
            elif connection.has_delivered and now - connection.lease.last_at < _QUICK:
                self._work.patience = STALL_SECONDS

    def _on_end(self, connection: Connection) -> None:
        if connection not in self._live:
            return
        connection.join(_JOIN_SECONDS)
        self._leave(connection)
        if connection.error is not None and not self._is_stopped():
            self._judge(connection.error, connection)

    def _leave(self, connection: Connection) -> None:
        self._live.remove(connection)
        self._slots.release(connection.host)

    def _forget(self, connection: Connection) -> None:
        connection.abandon()
        self._leave(connection)

    def _judge(self, error: BaseException, connection: Connection) -> None:
        """Decide what the failure of one connection means for all.

        Raises:
            ModelKeepError: the transfer cannot go on.
        """
        is_refusal = isinstance(error, RangesRefusedError | HttpStatusError | TryAgainError)
        if self._live and (is_refusal or is_transient(error)):
            self._hold_until = time.monotonic() + (self._policy.delay(1) or 0.0)
            if is_refusal and self._ramp is not None:
                self._ramp.refuse(len(self._live))
                self._note(len(self._live), error)
            return
        self._count_failure()
        is_last = self._failed >= self._policy.tries
        is_useless = isinstance(error, TryAgainError | RangesRefusedError)
        is_passing = is_transient(error)
        if not is_useless and not is_passing:
            # Servers with a limit of connections still count those that have just ended.
            worked = connection.asked_part or self._work.pieces.received > self._begun
            if is_last or not (isinstance(error, HttpStatusError) and worked):
                raise error
        elif is_last:
            raise self._given_up(error) from error
        if connection.asked_part and not is_passing and (is_useless or self._failed > 1):
            self._work.ask_whole_next()
        if not is_useless:
            delay = self._policy.delay(max(self._failed, 1), error if is_passing else None) or 0.0
            self._tell("waiting", delay)
            self._wait(delay, self._is_stopped)

    def _count_failure(self) -> None:
        """Count a try that brought nothing new; one that did starts the count again."""
        received = self._work.pieces.received
        if received >= self._best + _PROGRESS_BYTES:
            self._best, self._failed = received, 0
        else:
            self._failed += 1

    def _note(self, live: int, error: BaseException) -> None:
        """Tell the user why there are not more connections."""
        word = "connection" if live == 1 else "connections"
        self._work.note = f"The server grants only {live} {word}"
        _log.warning("%s: only %s %s: %s", self._work.shown, live, word, error)

    def _given_up(self, error: BaseException) -> Exception:
        work = self._work
        total = work.pieces.total
        unit, name = (1e9, "GB") if (total or 0) >= 1e9 else (1e6, "MB")  # noqa: PLR2004
        kept = f"{work.pieces.received / unit:.1f}"
        of = f"{kept} of {total / unit:.1f} {name}" if total else f"{kept} {name}"
        text = f"{error}; gave up after {self._failed} tries, {of} kept"
        hint = getattr(error, "hint", "") or "Try again later; what has come is kept."
        if isinstance(error, HttpStatusError):
            return HttpStatusError(text, status=error.status, reason=error.reason, hint=hint)
        return ConnectionFailedError(f"{origin_of(work.asked.url)}: {text}", hint=hint)

    def _end(self) -> None:
        """End all connections; those that had ended by themselves get the time to say so."""
        for connection in tuple(self._live):
            if self._work.pieces.is_complete and not connection.lease.was_taken:
                connection.join(_QUICK)
            self._forget(connection)
