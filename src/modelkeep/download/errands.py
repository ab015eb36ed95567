"""``Errands``: the work of one job of a queue, whatever kind of job it is."""

from __future__ import annotations

import logging
import shlex
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from modelkeep.download.control import TransferControl, TransferProgress
from modelkeep.download.control_file import digest_of
from modelkeep.download.job import (
    DownloadJobBase,
    DownloadJobPath,
    DownloadJobRemoteSource,
    DownloadJobStatus,
)
from modelkeep.download.move import move
from modelkeep.download.part import DownloadPart
from modelkeep.download.remains import discard
from modelkeep.download.shared_limits import SharedLimiter, SharedLimits, SharedSlots
from modelkeep.errors import (
    ConnectionFailedError,
    DownloadPausedError,
    ModelKeepError,
    NoSpaceError,
    SecretNeededError,
    UnsupportedSourceError,
)
from modelkeep.http.options import TransferOptions
from modelkeep.http.request import HttpRequest
from modelkeep.http.response_head import ResponseHead
from modelkeep.http.urls import Token, file_name, origin_of, redacted

_log = logging.getLogger(__name__)

Report = Callable[[int, int], None]


class Errands:
    """Moves files, and fetches them through one session.

    Args:
        session: Used for every request, as it is; one of our own, made when it is needed, if None.
        options: Limits of one transfer.
        limiter: Shares the bandwidth; no limit when None.
        slots: Shares the connections to hosts; no limit when None.
        parallel: Files that are fetched at once, for a session of our own.
        proxy: Its proxy; None takes those of the environment.
        is_offline: Refuse to use the network.
        token_for: Knows the token for a link, for jobs of an earlier run that had one.
    """

    def __init__(
        self,
        session: Any,
        options: TransferOptions,
        *,
        limiter: SharedLimiter | None = None,
        slots: SharedSlots | None = None,
        parallel: int = 5,
        proxy: str | None = None,
        is_offline: bool = False,
        token_for: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self._session = session
        self._options = options
        self._shared = SharedLimits(limiter or SharedLimiter(), slots or SharedSlots())
        self._parallel = parallel
        self._proxy = proxy
        self._is_offline = is_offline
        self._token_for = token_for
        self._lock = threading.Lock()
        self._sender: Any = None

    def do(self, job: DownloadJobBase, control: TransferControl, report: Report) -> None:
        """Do the work of a job in this thread.

        Args:
            job: Gets the path of the file, and what was learnt of it.
            control: Stops it.
            report: Told of the bytes so far and of all (0: not known).

        Raises:
            ModelKeepError: it could not be done; says why.
            JobCancelledError: ``control`` said so.
        """
        if isinstance(job, DownloadJobPath):
            is_cancelled = partial(getattr, control, "is_stopped")
            job.download_path = move(job.source, self._place_of(job), report, is_cancelled)
        elif isinstance(job, DownloadJobRemoteSource):
            self._fetch(job, control, report)
        else:
            raise UnsupportedSourceError(
                f"No queue knows how to fetch {job.source}", hint="Give a link or a path."
            )

    def asked_of(self, job: DownloadJobRemoteSource) -> HttpRequest:
        """Return what a job asks for; a subclass may know more kinds of sources.

        Raises:
            UnsupportedSourceError: its source is no link.
            SecretNeededError: it is of an earlier run, and its token or link was not stored.
        """
        if isinstance(job, DownloadPart) and job.asked is not None:
            return job.asked
        lacking = self.lacking(job)
        if lacking is not None:
            raise lacking
        url = str(job.source)
        if not url.lower().startswith(("http://", "https://")):
            raise UnsupportedSourceError(
                f"{url!r} is neither a link nor a path that exists",
                hint="Give a link that begins with https://, or the path of a file.",
            )
        access_token = self._token_of(job)
        token = Token(access_token, origin_of(url)) if access_token else None
        return HttpRequest(url, token=token, size=job.size, hashes=job.hashes)

    def lacking(self, job: DownloadJobBase) -> SecretNeededError | None:
        """Return what to say of a job of an earlier run whose link or token was not stored."""
        url = str(job.source)
        place = shlex.quote(str(job.dest))
        if job.lacks.link:
            return SecretNeededError(
                f"The download of {redacted(url)} needs its link again: it held more than is"
                " stored of a link",
                hint=f"Give it once more: modelkeep download LINK {place}",
            )
        if job.lacks.token and not self._token_of(job):
            link = shlex.quote(url)
            return SecretNeededError(
                f"The download of {redacted(url)} needs a token: tokens are not stored",
                hint=f"Give it: modelkeep download --token - {link} {place}",
            )
        return None

    def _token_of(self, job: DownloadJobBase) -> str | None:
        given = job.access_token if isinstance(job, DownloadJobRemoteSource) else None
        return given or (self._token_for(str(job.source)) if job.lacks.token else None)

    def new_control(self) -> TransferControl:
        """Return what stops the next turn of a job."""
        return TransferControl()

    def stop(self, job: DownloadJobBase, control: TransferControl) -> None:
        """Have a job that is being done end for good; a part keeps what has come."""
        if isinstance(job, DownloadPart):
            job.dismiss()
            control.pause()
        else:
            control.cancel()

    def status_after(
        self, job: DownloadJobBase, error: BaseException, control: TransferControl
    ) -> DownloadJobStatus:
        """Return what becomes of a job whose work raised ``error``.

        What can be gone on with as soon as the line or the disk is well again is paused, where
        the job keeps its part; the rest has failed.
        """
        if isinstance(error, DownloadPausedError):
            is_over = isinstance(job, DownloadPart) and job.is_dismissed
            return DownloadJobStatus.CANCELLED if is_over else DownloadJobStatus.PAUSED
        if control.wanted == "cancel":
            return DownloadJobStatus.CANCELLED
        job.exception = error
        if isinstance(error, SecretNeededError):
            return DownloadJobStatus.PAUSED
        may_go_on = isinstance(error, ConnectionFailedError | NoSpaceError)
        if may_go_on and job.preserve_partial_downloads:
            return DownloadJobStatus.PAUSED
        return DownloadJobStatus.ERROR

    def discard(self, job: DownloadJobBase) -> None:
        """Remove what has arrived of a job that is not being done any more."""
        if isinstance(job, DownloadPart):  # its install looks after what has come
            return
        if not isinstance(job, DownloadJobRemoteSource) or job.download_path is None:
            return
        try:
            discard(job.lacks.digest or digest_of(str(job.source)), job.download_path)
        except ModelKeepError as error:
            _log.warning("What came of download job %s stays: %s", job.id, error)

    def close(self) -> None:
        """Close the session, if it is ours."""
        with self._lock:
            sender, self._sender = self._sender, None
        if sender is not None and self._session is None:
            sender.session.close()

    def _fetch(
        self, job: DownloadJobRemoteSource, control: TransferControl, report: Report
    ) -> None:
        if self._is_offline:
            raise ConnectionFailedError(
                f"{redacted(str(job.source))} is not fetched: the setting offline is on",
                hint="modelkeep config set offline false allows it.",
            )
        from modelkeep.download.transfer import Transfer  # noqa: PLC0415 - brings requests

        is_named = False
        job.resumed_bytes = 0

        def on_progress(state: TransferProgress) -> None:
            nonlocal is_named
            if state.path is not None and not is_named:
                is_named, job.resumed_bytes = True, state.received
            job.download_path = state.path or job.download_path
            job.connections, job.note = state.connections, state.note
            report(state.received, state.total or 0)

        options = replace(self._options, preserve_partial=job.preserve_partial_downloads)
        transfer = Transfer(
            self.asked_of(job),
            job.download_path or self._target_of(job),
            transport=self._sender_for_all(),
            options=options,
            shared=self._shared,
            on_progress=on_progress,
            control=control,
        )
        fetched = transfer.run()
        job.download_path = fetched.path
        job.content_type = fetched.content_type
        job.is_verified = fetched.verified
        report(fetched.size, fetched.size)

    def _target_of(self, job: DownloadJobBase) -> Path | Callable[[ResponseHead, str], Path]:
        """Return the file that a job makes, or what finds its name once an answer came."""
        if not (job.is_folder or job.dest.is_dir()):
            return job.dest

        def named(answer: ResponseHead, url: str) -> Path:
            return job.dest / file_name(answer.file_name, url)

        return named

    def _place_of(self, job: DownloadJobPath) -> Path:
        return job.dest / job.source.name if job.is_folder else job.dest

    def _sender_for_all(self) -> Any:
        from modelkeep.http.session import Transport  # noqa: PLC0415 - as above

        with self._lock:
            if self._sender is None:
                self._sender = Transport(self._session or self._own_session())
            return self._sender

    def _own_session(self) -> Any:
        from modelkeep.http.session import make_session  # noqa: PLC0415 - brings requests

        return make_session(self._options, parallel=self._parallel, proxy=self._proxy)
