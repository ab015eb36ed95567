"""``Connection``: fetches one segment of a file after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from modelkeep.download.segments import OPEN_END, Segment
from modelkeep.download.state import TransferState
from modelkeep.errors import ConnectionFailedError
from modelkeep.http.error_responses import CHECKED_BYTES, check_content
from modelkeep.http.redirects import HttpResponse
from modelkeep.http.urllib3_adapter import Body

#: Bytes read at once: more do not stay in the processor's cache until they are written.
_BLOCK_BYTES = 512 * 1024


class Connection:
    """Requests segments of a file and writes what comes.

    Args:
        ended: Called in the connection's thread when it has nothing more to do.

    Attributes:
        error: Why it ended early, or None.
        requested_range: Its last request was for a range of the file.
        opening_since: When it began to wait for a response; None while it reads a body.
    """

    def __init__(
        self,
        state: TransferState,
        segment: Segment,
        *,
        is_stopped: Callable[[], bool],
        ended: Callable[[Connection], None],
        host: str,
    ) -> None:
        self.segment = segment
        self.error: BaseException | None = None
        self.requested_range = False
        self.opening_since: float | None = time.monotonic()
        self.host = host
        self._state = state
        self._is_stopped = is_stopped
        self._ended = ended
        self._was_abandoned = False
        self._response: HttpResponse | None = None
        self._body: Body | None = None
        self._thread: threading.Thread | None = None
        self._after_block: Callable[[], None] | None = None

    def start(self) -> None:
        """Fetch in a daemon thread."""
        self._thread = threading.Thread(target=self.run, name="modelkeep-connection", daemon=True)
        self._thread.start()

    def start_here(self, after_block: Callable[[], None]) -> None:
        """Wait for the response in this thread, and fetch a small file in it: a thread costs more.

        Args:
            after_block: Called after every block that is written in this thread.
        """
        try:
            self._open(self.segment)
        except BaseException as error:  # noqa: BLE001 - the supervisor judges it
            self.error = error
        if self._response is None:
            self.segment.release()
            self._ended(self)
        elif self._state.is_small:
            self._after_block = after_block
            self.run()
        else:
            self.start()

    def run(self) -> None:
        """Fetch until nothing is left to do."""
        try:
            segment: Segment | None = self.segment
            while segment is not None and not self.is_unwanted():
                self.segment = segment
                self._fetch(segment)
                segment = self._state.next_segment(self.segment.rate(time.monotonic()))
            if segment is not None:
                segment.release()
        except BaseException as error:  # noqa: BLE001 - the supervisor judges it
            self.error = error
        finally:
            self.segment.release()
            if self._response is not None:  # stopped between its head and its body
                self._response.close()
            self._ended(self)

    def is_unwanted(self) -> bool:
        """Tell whether it is no longer needed."""
        return self._was_abandoned or self._is_stopped()

    def abandon(self) -> None:
        """Have it end as soon as it can; what it still gets is thrown away."""
        self._was_abandoned = True
        self.segment.release()
        body = self._body
        if body is not None:
            body.abort()

    def join(self, seconds: float) -> None:
        """Wait until its thread has ended."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _fetch(self, segment: Segment) -> None:
        try:
            if self._response is None:
                self._open(segment)
            if self._response is not None and not self.is_unwanted():
                self._copy(self._response, self.segment)
        finally:
            self._body = None
            self.segment.release()
            if self._response is not None:
                self._response.close()
                self._response = None

    def _open(self, segment: Segment) -> None:
        """Get a response; none is left open where it turns out that nothing is to come."""
        self.opening_since = time.monotonic()
        byte_range = self._state.range_of(segment)
        self.requested_range = byte_range is not None
        response = self._state.open(byte_range, self.is_unwanted)
        try:
            accepted = self._state.accept(response, segment, byte_range)
        except BaseException:
            response.close()
            raise
        if accepted is None:
            response.close()
        else:
            self.segment, self._response = accepted, response
        if accepted is not segment:
            segment.release()

    def _copy(self, response: HttpResponse, segment: Segment) -> None:
        state = self._state
        part, hasher, limiter = state.part, state.hasher, state.shared.bandwidth
        if part is None:  # pragma: no cover - it is there since the first response
            return
        body = self._body = Body(response.response, response.url)
        speed = _Speed(state.options.min_speed, state.options.min_speed_time)
        buffer = memoryview(bytearray(_BLOCK_BYTES))
        if segment.position == 0:
            count = self._first_bytes(response, body, buffer, speed)
        else:
            count = body.readinto(buffer)
        if self.opening_since is not None:
            state.request_time = time.monotonic() - self.opening_since
            self.opening_since = None
        while count:
            now, position = time.monotonic(), segment.position
            if not segment.write(buffer[:count], part.write, now) or self.is_unwanted():
                break
            if hasher is not None:
                buffer = hasher.offer(buffer, count, position)
            if self._after_block is not None:
                self._after_block()
            waited = limiter.take(count, self.is_unwanted)
            speed.check(count, now, waited)
            count = body.readinto(buffer)
        if not count:
            self._at_end(body, segment)
        body.finish()

    def _first_bytes(
        self, response: HttpResponse, body: Body, buffer: memoryview, speed: _Speed
    ) -> int:
        """Read enough to tell a page from a model; what came before a break is written."""
        state = self._state
        count = 0
        try:
            while count < CHECKED_BYTES and not self.is_unwanted():
                more = body.readinto(buffer[count:])
                if not more:
                    break
                count += more
                speed.check(more, time.monotonic(), 0.0)
        except ConnectionFailedError:
            self._check(response, buffer[:count])
            if state.part is not None:
                self.segment.write(buffer[:count], state.part.write, time.monotonic())
            raise
        self._check(response, buffer[:count])
        state.was_checked = True
        return count

    def _check(self, response: HttpResponse, data: memoryview) -> None:
        head = response.head
        start = bytes(data[:CHECKED_BYTES])
        name = self._state.target.name
        check_content(start, head.content_type, name, url=response.url, total=head.total)

    def _at_end(self, body: Body, segment: Segment) -> None:
        """Judge a body that ended before its segment did."""
        if segment.is_released or segment.position >= segment.end:
            return
        size = self._state.request.size
        is_whole = size is None or size == segment.position
        if segment.end == OPEN_END and body.has_ended and is_whole and segment.owner is not None:
            segment.owner.end_at(segment.position)
            return
        is_short = segment.position >= segment.reach
        raise ConnectionFailedError(
            f"{self.host} sent less of the file than was requested"
            if is_short
            else f"{self.host} closed the connection early",
            hint="Try again later.",
        )


class _Speed:
    """Ends a connection that stays below the least speed for too long."""

    def __init__(self, least: float, seconds: float) -> None:
        self._least = least
        self._seconds = seconds
        self._since: float | None = None
        self._count = 0
        self._waited = 0.0

    def check(self, count: int, now: float, waited: float) -> None:
        """Count bytes.

        Args:
            count: How many came.
            now: When.
            waited: Seconds that our own bandwidth limit took since.

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
                hint="The site or the connection is slow. Try again later.",
            )
        self._since, self._count, self._waited = now, 0, 0.0
