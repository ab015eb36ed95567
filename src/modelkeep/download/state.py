"""``TransferState``: all that is known of one download while it runs, and what of it is kept."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from modelkeep.core.limits import SPACE_RESERVE_BYTES
from modelkeep.core.names import shown
from modelkeep.disk.paths import free_space
from modelkeep.download.control_file import STRONG_HASHES, ResumeInfo
from modelkeep.download.part_file import PartFile
from modelkeep.download.segments import OPEN_END, Range, Segment, Segments
from modelkeep.download.shared_limits import SharedLimits
from modelkeep.download.stream_hash import StreamHash
from modelkeep.errors import NoSpaceError, ProtocolError, StorageError
from modelkeep.http.error_responses import CHECKED_BYTES, check_content
from modelkeep.http.options import TransferOptions
from modelkeep.http.redirects import HttpResponse, open_url
from modelkeep.http.request import HttpRequest
from modelkeep.http.response_head import ByteRange, ResponseHead
from modelkeep.http.session import Transport
from modelkeep.http.urllib3_adapter import Body
from modelkeep.http.urls import origin_of, redacted

#: The file to create, or a function that names it by the first response head and its URL.
Target = Path | Callable[[ResponseHead, str], Path]

#: Files below this many bytes are fetched by one connection.
SMALL_BYTES = 4 << 20
_RANGE_NOT_SATISFIABLE = 416
#: A file is begun again so often, whatever the cause; once it has changed so often on the
#: server, its ETags count for nothing.
_RESTARTS = 2
#: New bytes, or seconds, after which the control file is written, and seconds between two syncs.
_SAVE_BYTES = 4 << 20
_SAVE_SECONDS = 0.5
_SYNC_SECONDS = 3.0

_log = logging.getLogger(__name__)


class TryAgainError(Exception):
    """The response does not help; the next request is a different one."""


class RangesRefusedError(Exception):
    """A further connection got the whole file in place of a range."""


@dataclass(frozen=True, slots=True)
class RemoteVersion:
    """One version of a file on a server.

    Attributes:
        total: Bytes of it, None when the server does not say.
        validator: Its strong ETag, if it has one.
        url: Where the redirects ended; may be a secret.
    """

    total: int | None
    validator: str | None
    content_type: str = ""
    url: str = field(default="", repr=False)

    def matches(self, head: ResponseHead, *, by_etag: bool = True) -> bool:
        """Tell whether a response can be of the same version, by its ETag or by its size alone."""
        if None not in {self.total, head.total} and self.total != head.total:
            return False
        if not by_etag or (head.is_partial and head.validator is None):
            return True
        return self.validator == head.validator


class TransferState:
    """The state of one download: what is fetched, from which version, into which file.

    Connections take segments of it and write to ``part``; the supervisor saves it.

    Args:
        target: The file, or the function that names it.
        check_target: Called with the file and the first response head before anything is
            created; raises when the download is not to begin.

    Attributes:
        version: The version of the file; None before the first response.
        part: The partial file; None before the first response.
        segments: Which bytes of it are there.
        hasher: Computes the hashes of what is there.
        was_resumed: Bytes of an earlier run are used.
        was_checked: The first bytes are those of a file, and not of a web page.
        request_time: Seconds that the first byte of a new connection took.
    """

    def __init__(
        self,
        request: HttpRequest,
        target: Target,
        *,
        transport: Transport,
        options: TransferOptions,
        shared: SharedLimits,
        check_target: Callable[[Path, ResponseHead], None],
    ) -> None:
        self.request = request
        self.transport = transport
        self.options = options
        self.shared = shared
        self.version: RemoteVersion | None = None
        self.part: PartFile | None = None
        self.segments = Segments(None, min_segment=options.min_segment)
        self.hasher: StreamHash | None = None
        self.was_resumed = False
        self.was_checked = False
        self.note = ""
        self.request_time = 0.1
        self._lock = threading.RLock()
        self._target = target
        self._check_target = check_target
        self._url: str | None = None
        self._ranges_work = True
        self._changes = self._restarts = 0
        self._is_confirmed = False
        self._knows_hash = any(name in STRONG_HASHES for name in request.hashes)
        self._saving = threading.Lock()
        self._saved_at = self._synced_at = time.monotonic()
        self._saved_bytes = 0
        self._synced: tuple[Segments, Sequence[Range]] = (self.segments, ())
        self._syncing: threading.Thread | None = None
        self._sync_error: StorageError | None = None

    @property
    def target(self) -> Path:
        """The file that is created, known since the first response."""
        if not isinstance(self._target, Path):
            raise TypeError("no response has named the file yet")
        return self._target

    @property
    def path(self) -> Path | None:
        """The file that is created; None while that is not known."""
        return self._target if isinstance(self._target, Path) else None

    @property
    def name(self) -> str:
        """What messages call the file."""
        return shown(self.path) if self.path is not None else redacted(self.request.url)

    @property
    def expected_bytes(self) -> int:
        """Bytes that it will still take from the free space, beyond those already allocated."""
        allocated = self.part.allocated if self.part is not None else 0
        total = self.segments.total or self.request.size or 0
        return max(total - max(allocated, self.segments.received), 0)

    @property
    def can_join(self) -> bool:
        """Whether ranges of different responses belong to one file for certain, or by its hash."""
        has_validator = self.version is not None and self.version.validator is not None
        is_certain = has_validator and not self.is_changing
        return self._ranges_work and (self._knows_hash or is_certain)

    @property
    def is_changing(self) -> bool:
        """Whether the server names another version so often that its ETags mean nothing."""
        return self._changes >= _RESTARTS

    @property
    def is_small(self) -> bool:
        """Whether the file is not worth more than one connection."""
        total = self.segments.total
        return total is not None and total < SMALL_BYTES

    def next_segment(self, rate: float = 0.0) -> Segment | None:
        """Return what a connection fetches next, see ``Segments.take``.

        Args:
            rate: Bytes each second that it brought before; 0 for a new one.
        """
        now = time.monotonic()
        is_doubtful = self._changes > 0 and not self._is_confirmed
        free_only = (
            not self.can_join or self.is_changing or (is_doubtful and len(self.segments.live) > 1)
        )
        return self.segments.take(now, rate, free_only=free_only, request_time=self.request_time)

    def range_of(self, segment: Segment) -> ByteRange | None:
        """Return which range to request; None requests the whole file."""
        is_first = segment.start == 0 and not self.segments.received
        covers_all = segment.end >= (self.segments.total or OPEN_END)
        if not self.can_join or (is_first and covers_all):
            return None
        return segment.position, None if covers_all else segment.end - 1

    def request_whole_next(self) -> None:
        """Request no range the next time; what is there stays until the whole file comes."""
        self._ranges_work = False

    # Requests and responses

    def open(self, byte_range: ByteRange | None, cancelled: Callable[[], bool]) -> HttpResponse:
        """Send a request; see ``open_url``.

        Raises:
            ProtocolError: the file would have to be begun again too often.
            TryAgainError: the response is not the range that was requested.
        """
        if byte_range is None and self.segments.received and len(self.segments.live) <= 1:
            self._require_restarts()
        version = self.version if byte_range is not None else None
        has_validator = version is not None and not self.is_changing
        try:
            response = open_url(
                self.transport,
                self.request,
                byte_range=byte_range,
                if_range=version.validator if version and has_validator else None,
                options=self.options,
                cancelled=cancelled,
                url=self._url,
                known_total=version.total if version else None,
            )
        except ProtocolError as error:
            if byte_range is None and not error.is_wrong_part:
                raise
            first = byte_range[0] if byte_range else 0
            _log.warning("the bytes from %s on were requested, but %s", first, error)
            raise TryAgainError(str(error)) from error
        # A URL that worked only once is not tried again.
        self._url = None if response.was_refreshed else response.url
        return response

    def accept(
        self, response: HttpResponse, segment: Segment, byte_range: ByteRange | None
    ) -> Segment | None:
        """Decide what a response is good for.

        Returns:
            The segment that its body brings, which may be another one than before; None when the
            file turned out to be complete, or was begun again since the request.

        Raises:
            ProtocolError: the server names another version in every response, or never sends
                the file to its end.
            TryAgainError: it brings nothing; another request has to be sent.
            RangesRefusedError: it brings nothing, as long as other connections go on.
        """
        head = response.head
        with self._lock:
            if segment.owner is not self.segments:
                return None
            if head.status == _RANGE_NOT_SATISFIABLE:
                self._end_at_range_error(head, segment)
                return None
            if self.version is None:
                return self._begin(response, segment)
            matches = self.version.matches(head, by_etag=not self.is_changing)
            if byte_range is not None and head.is_partial:
                if not matches:
                    raise TryAgainError("the file has changed on the server")
                if not self.version.url:  # what a control file does not tell
                    self.version = replace(
                        self.version, url=response.url, content_type=head.content_type
                    )
                self._is_confirmed = True
                segment.reach = head.start + (head.length or OPEN_END)
                return segment
            if byte_range is None and matches and segment.position == 0 and not segment.is_released:
                segment.reach = head.length or OPEN_END
                return segment
            if matches and len(self.segments.live) > 1:
                raise RangesRefusedError
            self._check_size(response)
            if not self.version.matches(head):
                self._note_change(response, self.version)
            self._restart()
            return self._start_file(response)

    def _restart(self) -> None:
        """Throw away what is there to begin again, but not for ever.

        Raises:
            ProtocolError: it was begun again too often.
        """
        self._require_restarts()
        self._restarts += 1
        _log.warning("restarting the download of %s from the beginning", self.name)
        self.discard()

    def _require_restarts(self) -> None:
        if self._restarts < _RESTARTS:
            return
        what = (
            "has another ETag or size in every response, so its parts cannot be put together"
            if self.is_changing
            else f"arrived incomplete {_RESTARTS + 1} times, and the server does not let it be"
            " continued"
        )
        url = redacted(self.request.url)
        raise ProtocolError(
            f"{url} {what}", hint="The server or a proxy is at fault. Use another source."
        )

    def _note_change(self, response: HttpResponse, version: RemoteVersion) -> None:
        """Count the versions that the server names; too many are none.

        Args:
            response: Of another version.
            version: The one before.
        """
        head, host = response.head, origin_of(response.url).host
        if None in {head.validator, version.validator} and head.total == version.total:
            return  # nothing says that it is another one
        self._changes += 1
        self._is_confirmed = False
        if self.is_changing:
            self.note = f"{host} sends another ETag in every response, so 1 connection is used"

    def _end_at_range_error(self, head: ResponseHead, segment: Segment) -> None:
        """Take a 416 for the end where size and hash are known, else for a refusal of ranges."""
        total = self.request.size or head.total
        if self._knows_hash and total is not None and segment.position == total:
            self.segments.end_at(total)
            return
        self._ranges_work = False
        raise TryAgainError("the server does not have that range")

    def _begin(self, response: HttpResponse, segment: Segment) -> Segment | None:
        """Take the first response: now the file has a name, a length, and a place on the disk."""
        head = response.head
        is_named = isinstance(self._target, Path)
        if not isinstance(self._target, Path):
            self._target = self._target(head, response.url)
        self._check_target(self.target, head)
        if not is_named and self.resume():
            raise TryAgainError("an earlier run already has a part of it")
        segment.release()
        self._check_size(response)
        self._check_space(head.total)
        return self._start_file(response)

    def _start_file(self, response: HttpResponse) -> Segment | None:
        """Start to write the whole file that a response brings; None when that is empty."""
        head = response.head
        segments = Segments(head.total, min_segment=self.options.min_segment)
        segment = segments.take(time.monotonic(), free_only=True)
        if segment is not None:
            segment.reach = head.length or segment.end
        self.part = PartFile.begin(self.target)
        self.version = RemoteVersion(head.total, head.validator, head.content_type, response.url)
        self._ranges_work = head.accepts_ranges is not False
        self.segments = segments
        if head.total is not None and not self.is_small:
            self.part.take_space(head.total)
        self._start_hash()
        return segment

    def _start_hash(self) -> None:
        part, segments = self.part, self.segments
        if part is not None and self.options.verify != "off":
            self.hasher = StreamHash(self.request.hashes, part.read, segments.prefix)
            if not self.is_small:
                self.hasher.start()

    def _check_size(self, response: HttpResponse) -> None:
        head, size = response.head, self.request.size
        if size is None or head.total in {None, size} or self._knows_hash:
            return
        start = memoryview(bytearray(CHECKED_BYTES))
        count = Body(response.response, response.url).readinto(start)
        name, first = self.target.name, bytes(start[:count])
        check_content(first, head.content_type, name, url=response.url, total=head.total)
        raise ProtocolError(
            f"{self.name} should have {size} bytes, but the server has {head.total}",
            hint="The file may have been replaced. Check its page.",
        )

    def _check_space(self, total: int | None) -> None:
        if total is not None and total < SMALL_BYTES:
            return
        others = self.shared.space.by_others(self.target, self)
        free = free_space(self.target.parent)
        if (total or 0) + others + SPACE_RESERVE_BYTES > free:
            and_others = f", other downloads {others / 1e6:.1f} MB more" if others else ""
            raise NoSpaceError(
                f"{self.name} needs {(total or 0) / 1e6:.1f} MB{and_others},"
                f" and {free / 1e6:.1f} MB are free, of which"
                f" {SPACE_RESERVE_BYTES / 1e6:.0f} MB stay in reserve",
                hint="Free some space, for example with: modelkeep trash empty",
            )

    # What is kept

    def resume(self) -> bool:
        """Continue what an earlier run left at the target; False when there is nothing."""
        found = PartFile.resume(self.target, self.request)
        if found is None:
            return False
        self.part, record = found
        self.version = RemoteVersion(record.total, record.validator)
        if not record.done or not self.can_join:
            self.discard()
            return False
        self.segments = Segments(record.total, record.done, self.options.min_segment)
        self._synced = (self.segments, record.synced)
        self.was_resumed = True
        self._start_hash()
        return True

    def save_when_due(self, now: float) -> None:
        """Write the control file from time to time; sync in a thread, as a disk may take long."""
        if self._sync_error is not None:
            raise self._sync_error
        if self.part is None or self.is_small:
            return
        new = abs(self.segments.received - self._saved_bytes)
        if new >= _SAVE_BYTES or (new and now - self._saved_at >= _SAVE_SECONDS):
            self._save(durable=False, wait=False)
            self._saved_at = now
        is_syncing = self._syncing is not None and self._syncing.is_alive()
        if now - self._synced_at >= _SYNC_SECONDS and not is_syncing:
            self._synced_at = now
            self._syncing = threading.Thread(
                target=self._sync_beside, name="modelkeep-sync", daemon=True
            )
            self._syncing.start()

    def keep(self) -> bool:
        """Sync and save for another run; False when nothing could be resumed."""
        return self.segments.received > 0 and self._sync()

    def discard(self) -> None:
        """Throw away what is there."""
        self.segments.close()
        self.was_resumed = self.was_checked = False
        if self.hasher is not None:
            self.hasher.stop()
            self.hasher = None
        if self.part is not None:
            self.part.discard()
            self.part = None
        self.version = None
        self.segments = Segments(None, min_segment=self.options.min_segment)

    def put_aside(self, digest: str) -> Path:
        """Rename the partial file to a quarantined one, and start anew; see ``PartFile``."""
        if self.part is None:  # pragma: no cover - its bytes have just been hashed
            raise StorageError(f"{self.name} is gone")
        self.segments.close()
        self._restarts += 1
        path = self.part.put_aside(digest)
        self.part = None
        self.discard()
        return path

    def close(self) -> None:
        """Close the files; what was kept stays on the disk."""
        if self.hasher is not None:
            self.hasher.stop()
        if self.part is not None:
            self.part.close()

    def _sync_beside(self) -> None:
        part = self.part
        try:
            self._sync()
        except StorageError as error:
            if part is self.part:  # else it was thrown away meanwhile
                self._sync_error = error

    def _sync(self) -> bool:
        part, segments = self.part, self.segments
        if part is None or not self.can_join:
            return False
        done = segments.done_ranges()
        part.sync()
        self._synced = (segments, done)
        return self._save(durable=True, wait=True)

    def _save(self, *, durable: bool, wait: bool) -> bool:
        """Write the control file, unless another thread is just doing so."""
        if not self._saving.acquire(blocking=wait):
            return False
        try:
            with self._lock:
                part, version = self.part, self.version
                if part is None or version is None or not self.can_join:
                    return False
                segments, synced = self._synced
                self._saved_bytes = self.segments.received
                record = ResumeInfo.of(
                    self.request,
                    validator=version.validator,
                    total=self.segments.total,
                    inode=part.inode,
                    synced=synced if segments is self.segments else (),
                    written=self.segments.done_ranges(),
                )
                part.save(record, durable=durable)
            return True
        finally:
            self._saving.release()
