"""``Connection``: one thread that fetches one lease after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from modelkeep.download.pieces import OPEN_END, Lease
from modelkeep.download.work import Work
from modelkeep.errors import ConnectionFailedError
from modelkeep.http.body import Body
from modelkeep.http.error_responses import check_content
from modelkeep.http.redirects import HttpResponse

_SNIFFED_BYTES = 512


class Connection:
    """Asks for parts of a file and writes what comes.

    Args:
        work: The file.
        lease: What to begin with.
        is_stopped: The transfer shall end.
        ended: Called in the connection's thread when it has nothing more to do.
        host: Whose slot it holds.

    Attributes:
        lease: What it is fetching.
        error: Why it ended early, or None.
        asked_part: Its last request was for a part of the file.
        was_abandoned: Nobody waits for it any more.
        has_delivered: Bytes have come.
        opening_since: When it began to wait for an answer; None while it reads a body.
        is_alone: It takes only what is free, and shares nobody's work.
        looked: Called after every piece, if anything is.
    """

    def __init__(
        self,
        work: Work,
        lease: Lease,
        *,
        is_stopped: Callable[[], bool],
        ended: Callable[[Connection], None],
        host: str,
    ) -> None:
        self.lease = lease
        self.error: BaseException | None = None
        self.asked_part = False
        self.was_abandoned = False
        self.has_delivered = False
        self.opening_since: float | None = time.monotonic()
        self.is_alone = False
        self.host = host
        self.looked: Callable[[], None] | None = None
        self._opened: HttpResponse | None = None
        self._work = work
        self._is_stopped = is_stopped
        self._ended = ended
        self._body: Body | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Do it in a thread, which the end of the program does not wait for."""
        self._thread = threading.Thread(target=self.run, name="modelkeep-connection", daemon=True)
        self._thread.start()

    def start_here(self, looked: Callable[[], None]) -> None:
        """Begin in this thread, and fetch a small file all here: a thread would cost more.

        Args:
            looked: Called after every piece as long as it is done here.
        """
        self.looked = looked
        try:
            self._open(self.lease)
        except BaseException as error:  # noqa: BLE001 - it is judged where all connections are
            self.error = error
        if self._opened is None:
            self.lease.release()
            self._ended(self)
        elif self._work.is_small:
            self.run()
        else:
            self.looked = None
            self.start()

    def run(self) -> None:
        """Fetch until nothing is left to do."""
        try:
            lease: Lease | None = self.lease
            while lease is not None and not self.is_unwanted():
                self.lease = lease
                self._fetch(lease)
                rate = self.lease.rate(time.monotonic())
                lease = self._work.next_lease(rate, alone=self.is_alone)
            if lease is not None:
                lease.release()
        except BaseException as error:  # noqa: BLE001 - it is judged where all connections are
            self.error = error
        finally:
            self.lease.release()
            if self._opened is not None:  # stopped between its answer and its body
                self._opened.close()
            self._ended(self)

    def is_unwanted(self) -> bool:
        """Tell whether nobody waits for it any more."""
        return self.was_abandoned or self._is_stopped()

    def abandon(self) -> None:
        """Have it end as soon as it can; what it still gets is thrown away."""
        self.was_abandoned = True
        self.lease.release()
        body = self._body
        if body is not None:
            body.abort()

    def join(self, seconds: float) -> None:
        """Wait until its thread is gone."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _fetch(self, lease: Lease) -> None:
        try:
            if self._opened is None:
                self._open(lease)
            if self._opened is not None and not self.is_unwanted():
                self._copy(self._opened, self.lease)
        finally:
            self._body = None
            self.lease.release()
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def _open(self, lease: Lease) -> None:
        """Get an answer; none is left open where it turns out that nothing is to come."""
        work = self._work
        self.opening_since = time.monotonic()
        byte_range = work.range_of(lease)
        self.asked_part = byte_range is not None
        opened = work.ask(byte_range, self.is_unwanted)
        try:
            accepted = work.accept(opened, lease, byte_range)
        except BaseException:
            opened.close()
            raise
        if accepted is None:
            opened.close()
        else:
            self.lease, self._opened = accepted, opened
        if accepted is not lease:
            lease.release()

    def _copy(self, opened: HttpResponse, lease: Lease) -> None:
        work = self._work
        part = work.part
        if part is None:  # pragma: no cover - it is there since the first answer
            return
        body = self._body = Body(opened.response, opened.url)
        speed = _Speed(work.options.min_speed, work.options.min_speed_time)
        buffers = work.sender.buffers
        buffer = buffers.take()
        try:
            if lease.position == 0:
                count = self._first_bytes(opened, body, buffer, speed)
            else:
                count = body.readinto(buffer)
            if self.opening_since is not None:
                work.cost = time.monotonic() - self.opening_since
                self.opening_since = None
            while count:
                self.has_delivered = True
                now, position = time.monotonic(), lease.position
                if not lease.write(buffer[:count], part.write, now) or self.is_unwanted():
                    break
                if work.follower is not None:
                    buffer = work.follower.offer(buffer, count, position)
                if self.looked is not None:
                    self.looked()
                waited = work.limiter.take(count, self.is_unwanted)
                speed.check(count, now, waited)
                count = body.readinto(buffer)
        finally:
            buffers.give(buffer)
        if not count:
            self._at_end(body, lease)
        body.finish()

    def _first_bytes(
        self, opened: HttpResponse, body: Body, buffer: memoryview, speed: _Speed
    ) -> int:
        """Read enough to tell a page from a model, and tell; what came before a break counts."""
        work = self._work
        count = 0
        try:
            while count < min(_SNIFFED_BYTES, len(buffer)) and not self.is_unwanted():
                more = body.readinto(buffer[count:])
                if not more:
                    break
                count += more
                speed.check(more, time.monotonic(), 0.0)
        except ConnectionFailedError:
            self._sniff(opened, buffer[:count])
            if work.part is not None:
                self.lease.write(buffer[:count], work.part.write, time.monotonic())
            raise
        self._sniff(opened, buffer[:count])
        work.was_sniffed = True
        return count

    def _sniff(self, opened: HttpResponse, data: memoryview) -> None:
        answer = opened.answer
        check_content(
            bytes(data[:_SNIFFED_BYTES]),
            answer.content_type,
            self._work.target.name,
            url=opened.url,
            total=answer.total,
        )

    def _at_end(self, body: Body, lease: Lease) -> None:
        """Judge a body that ended before its lease did."""
        if lease.is_revoked or lease.position >= lease.end:
            return
        size = self._work.asked.size
        is_whole = size is None or size == lease.position
        if lease.end == OPEN_END and body.has_ended and is_whole and lease.home is not None:
            lease.home.end_at(lease.position)
            return
        raise ConnectionFailedError(
            f"{self.host} ended the connection before all had come",
            hint="Try again; what has come is kept.",
        )


class _Speed:
    """Ends a connection that goes on too slowly for too long."""

    def __init__(self, least: float, seconds: float) -> None:
        self._least = least
        self._seconds = seconds
        self._since: float | None = None
        self._count = 0
        self._waited = 0.0

    def check(self, count: int, now: float, waited: float) -> None:
        """Take note of bytes.

        Args:
            count: How many came.
            now: When.
            waited: Seconds that we waited for our own limit since.

        Raises:
            ConnectionFailedError: the least speed was not reached for too long.
        """
        if self._since is None:
            self._since = now
        self._count += count
        self._waited += waited
        elapsed = now - self._since
        if elapsed < self._seconds:
            return
        if self._count < self._least * (elapsed - self._waited):
            raise ConnectionFailedError(
                f"only {self._count} bytes came in {elapsed:.0f} seconds",
                hint="The site or the line is slow now: try again later.",
            )
        self._since, self._count, self._waited = now, 0, 0.0
