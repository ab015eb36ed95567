"""``Work``: what the connections of one transfer share."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from modelkeep.core.limits import SPACE_RESERVE_BYTES
from modelkeep.core.names import shown
from modelkeep.disk.paths import free_space
from modelkeep.download.control_file import STRONG_HASHES, Control
from modelkeep.download.digest import Follower
from modelkeep.download.facts import Facts
from modelkeep.download.part_file import PartFile
from modelkeep.download.pieces import OPEN_END, Lease, Pieces
from modelkeep.download.ramp import SMALL
from modelkeep.download.shared_limits import SharedLimiter
from modelkeep.errors import NoSpaceError, ProtocolError
from modelkeep.http.options import TransferOptions
from modelkeep.http.redirects import HttpResponse, open_url
from modelkeep.http.request import HttpRequest
from modelkeep.http.response_head import ByteRange, ResponseHead
from modelkeep.http.session import Transport
from modelkeep.http.urls import redacted

Target = Path | Callable[[ResponseHead, str], Path]

_log = logging.getLogger(__name__)

_PAST_END = 416


class TryAgainError(Exception):
    """An answer that helps no further; the next request will be another one."""


class RangesRefusedError(Exception):
    """A further connection got all of the file in place of a part."""


class Work:
    """The state of one file that is being fetched.

    Args:
        asked: What.
        target: The file, or what chooses it by the first answer and its address.
        sender: Sends the requests.
        options: How patiently.
        limiter: Shares the bandwidth.
        spoken_for: Bytes that others will still write to the disk of a path.
        named: Told the file and the first answer before anything is made; may raise.

    Attributes:
        facts: What is known of the file; None before the first answer.
        part: Where its bytes go; None before the first answer.
        pieces: Which of them are there.
        follower: Hashes what is there.
        was_resumed: Bytes of an earlier run were gone on with.
        was_sniffed: The begin of the file is that of a model and not of a page.
        note: What the user should know.
        patience: Seconds without a byte after which a connection may lose its work.
        cost: Seconds that the first byte of a new connection took to come.
    """

    def __init__(
        self,
        asked: HttpRequest,
        target: Target,
        *,
        sender: Transport,
        options: TransferOptions,
        limiter: SharedLimiter,
        spoken_for: Callable[[Path], int],
        named: Callable[[Path, ResponseHead], None],
    ) -> None:
        self.asked = asked
        self.options = options
        self.limiter = limiter
        self.sender = sender
        self.facts: Facts | None = None
        self.part: PartFile | None = None
        self.pieces = Pieces(None, min_segment=options.min_segment)
        self.follower: Follower | None = None
        self.was_resumed = False
        self.was_sniffed = False
        self.note = ""
        self.patience = 1.0
        self.cost = 0.1
        self.lock = threading.RLock()
        self._target = target
        self._spoken_for = spoken_for
        self._named = named
        self._ranges_work = True
        self._url: str | None = None

    @property
    def can_join(self) -> bool:
        """Whether parts of different answers certainly belong together, or a hash will tell."""
        facts = self.facts
        knows_hash = any(name in STRONG_HASHES for name in self.asked.hashes)
        return self._ranges_work and (
            knows_hash or (facts is not None and facts.validator is not None)
        )

    @property
    def is_small(self) -> bool:
        """Whether the file is not worth more than one connection."""
        total = self.pieces.total
        return total is not None and total < SMALL

    def next_lease(self, rate: float = 0.0, *, alone: bool = False) -> Lease | None:
        """Return what a connection may do next, see ``Pieces.lease``.

        Args:
            rate: Bytes each second that it brought before; 0 for a new one.
            alone: It may share nobody's work.
        """
        return self.pieces.lease(
            time.monotonic(),
            rate,
            free_only=alone or not self.can_join,
            patience=self.patience,
            cost=self.cost,
        )

    def range_of(self, lease: Lease) -> ByteRange | None:
        """Return which bytes to ask for; None asks for the whole file."""
        is_first = lease.start == 0 and not self.pieces.received
        covers_all = lease.end >= (self.pieces.total or OPEN_END)
        if not self.can_join or (is_first and covers_all):
            return None
        return lease.position, None if covers_all else lease.end - 1

    def ask(self, byte_range: ByteRange | None, cancelled: Callable[[], bool]) -> HttpResponse:
        """Send the request; see ``open_url``.

        Raises:
            TryAgainError: the part is not as it was asked for: the whole file is asked for next.
        """
        facts = self.facts
        validator = facts.validator if facts is not None and byte_range is not None else None
        try:
            opened = open_url(
                self.sender,
                self.asked,
                byte_range=byte_range,
                if_range=validator,
                options=self.options,
                cancelled=cancelled,
                url=self._url,
                known_total=facts.total if facts and byte_range else None,
            )
        except ProtocolError as error:
            if byte_range is None:
                raise
            _log.warning("bytes from %s on were asked for, but %s", byte_range[0], error)
            raise TryAgainError(str(error)) from error
        # An address that worked once only is not worth another try.
        self._url = None if opened.was_refreshed else opened.url
        return opened

    def ask_whole_next(self) -> None:
        """Ask for no part the next time; what is there stays until the whole file comes."""
        self._ranges_work = False

    def accept(
        self, opened: HttpResponse, lease: Lease, byte_range: ByteRange | None
    ) -> Lease | None:
        """Decide what an answer is good for.

        Args:
            opened: The answer.
            lease: What it was asked for.
            byte_range: The bytes asked for.

        Returns:
            What its body brings, which may be another lease than before; None when the file turned
            out to be complete.

        Raises:
            TryAgainError: nothing; another request has to be sent.
            RangesRefusedError: nothing, as long as other connections go on.
        """
        answer = opened.answer
        with self.lock:
            if answer.status == _PAST_END:
                self._past_end(answer, lease)
                return None
            if self.facts is None:
                return self._begin(opened, lease)
            if byte_range is not None and answer.is_partial:
                if self.facts.agree(answer):
                    self.facts = self.facts.with_address(answer, opened.url)
                    lease.reach = OPEN_END if byte_range[1] is None else byte_range[1] + 1
                    return lease
                raise TryAgainError("the file is another one now")
            agrees = self.facts.agree(answer)
            if byte_range is None and agrees and lease.position == 0 and not lease.is_revoked:
                lease.reach = answer.total or OPEN_END
                return lease
            if agrees and len(self.pieces.live) > 1:
                raise RangesRefusedError
            return self._start_over(opened)

    def _past_end(self, answer: ResponseHead, lease: Lease) -> None:
        """Take a 416 for the end where size and hash are known, else for a refusal of parts."""
        total = self.asked.size or answer.total
        knows_hash = any(name in STRONG_HASHES for name in self.asked.hashes)
        if knows_hash and total is not None and lease.position == total:
            self.pieces.end_at(total)
            return
        self._ranges_work = False
        raise TryAgainError("the server has no such part")

    def _begin(self, opened: HttpResponse, lease: Lease) -> Lease | None:
        """Take the first answer: now the file has a name, a length, and a place on the disk."""
        answer = opened.answer
        target = self._target
        if not isinstance(target, Path):
            target = self._target = target(answer, opened.url)
            self._named(target, answer)
            if self.resume(target):
                raise TryAgainError("an earlier run has a part of it already")
        else:
            self._named(target, answer)
        lease.release()
        self._check_size(answer)
        self._check_space(target, answer.total)
        return self._take(opened)

    def resume(self, target: Path) -> bool:
        """Go on with what an earlier run left at a target; False when there is nothing."""
        found = PartFile.resume(target, self.asked)
        if found is None:
            return False
        self.part, control = found
        self.facts = Facts(control.total, control.validator, "", "")
        if not control.done or not self.can_join:
            self.drop()
            return False
        self.pieces = Pieces(control.total, control.done, self.options.min_segment)
        self.was_resumed = True
        self._follow()
        return True

    def _start_over(self, opened: HttpResponse) -> Lease | None:
        """Throw away what is there: the file is another one, or its parts cannot be had."""
        self._check_size(opened.answer)
        _log.warning("%s is fetched from its start again", self.shown)
        self.drop()
        return self._take(opened)

    def drop(self) -> None:
        """Throw away what is there."""
        self.pieces.revoke_all()
        self.was_resumed = self.was_sniffed = False
        if self.follower is not None:
            self.follower.stop()
            self.follower = None
        if self.part is not None:
            self.part.discard()
            self.part = None
        self.facts = None
        self.pieces = Pieces(None, min_segment=self.options.min_segment)

    def _take(self, opened: HttpResponse) -> Lease | None:
        """Begin to write the body of an answer that is the whole file; None when that is empty."""
        answer = opened.answer
        self.facts = Facts.of(answer, opened.url)
        self._ranges_work = answer.accepts_ranges is not False
        self.pieces = Pieces(answer.total, min_segment=self.options.min_segment)
        self.part = PartFile.begin(self.target)
        if answer.total is not None and not self.is_small:
            self.part.take_space(answer.total)
        self._follow()
        lease = self.pieces.lease(time.monotonic(), free_only=True)
        if lease is not None:
            lease.reach = lease.end
        return lease

    def _follow(self) -> None:
        if self.follower is not None:
            self.follower.stop()
        part, pieces = self.part, self.pieces
        if part is not None and self.options.verify != "off":
            self.follower = Follower(self.asked.hashes, part.read, pieces.prefix)
            if not self.is_small:
                self.follower.start()

    def _check_size(self, answer: ResponseHead) -> None:
        asked = self.asked
        knows_hash = any(name in STRONG_HASHES for name in asked.hashes)
        if asked.size is None or answer.total in {None, asked.size} or knows_hash:
            return
        raise ProtocolError(
            f"{self.shown} shall have {asked.size} bytes, but the server has {answer.total}",
            hint="The file may have been replaced: look at its page again.",
        )

    def _check_space(self, target: Path, total: int | None) -> None:
        if total is not None and total < SMALL:
            return
        others = self._spoken_for(target)
        free = free_space(target.parent)
        if (total or 0) + others + SPACE_RESERVE_BYTES > free:
            and_others = f", other downloads {others / 1e6:.1f} MB more" if others else ""
            raise NoSpaceError(
                f"{shown(target)} needs {(total or 0) / 1e6:.1f} MB{and_others},"
                f" and {free / 1e6:.1f} MB are free, of which"
                f" {SPACE_RESERVE_BYTES / 1e6:.0f} MB stay in reserve",
                hint="Free some space, for example with: modelkeep trash empty",
            )

    @property
    def target(self) -> Path:
        """The file that it will be, known since the first answer."""
        if not isinstance(self._target, Path):
            raise TypeError("no answer has named the file yet")
        return self._target

    @property
    def shown(self) -> str:
        """What messages call it."""
        return shown(self.path) if self.path is not None else redacted(self.asked.url)

    @property
    def shown_url(self) -> str:
        """The address as it may be shown."""
        return redacted(self.asked.url)

    def close(self) -> None:
        """Let everything go; what is kept stays on the disk."""
        if self.follower is not None:
            self.follower.stop()
        if self.part is not None:
            self.part.close()

    @property
    def path(self) -> Path | None:
        """The file that it will be; None while that is not known."""
        return self._target if isinstance(self._target, Path) else None

    def control(self) -> Control | None:
        """Describe what is there for another run; None when nothing could be gone on with."""
        with self.lock:
            part, facts = self.part, self.facts
            if part is None or facts is None or not self.can_join:
                return None
            return Control.of(
                self.asked, validator=facts.validator, total=self.pieces.total, inode=part.inode
            )
