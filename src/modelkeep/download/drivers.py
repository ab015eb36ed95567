"""Drivers of downloads: one fetches links, one moves what is on this disk."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from modelkeep.core.commands import command
from modelkeep.core.names import full_path, shown
from modelkeep.core.reading import printable
from modelkeep.download.control import TransferProgress
from modelkeep.download.control_file import digest_of
from modelkeep.download.details import DownloadDetails
from modelkeep.download.job import DownloadJobBase, DownloadJobPath, DownloadJobRemoteSource
from modelkeep.download.move import move
from modelkeep.download.part_file import discard_partial
from modelkeep.download.shared_limits import SharedLimiter, SharedLimits, SharedSlots
from modelkeep.download.stream_hash import checked_hashes
from modelkeep.errors import (
    ConnectionFailedError,
    ModelKeepError,
    SecretNeededError,
    TargetTakenError,
    UnsupportedSourceError,
)
from modelkeep.http.options import TransferOptions
from modelkeep.http.request import HttpRequest
from modelkeep.http.response_head import ResponseHead
from modelkeep.http.urls import Token, file_name, is_storable, origin_of, redacted
from modelkeep.jobs.control import JobControl

_log = logging.getLogger(__name__)


class DownloadDriver(Protocol):
    """Does the work of downloads of one kind."""

    def run(self, job: Any, control: JobControl) -> None:
        """Do the work of a job in this thread.

        Args:
            job: Gets the path of the file, and what was learnt of it.
            control: Stops it, and takes the bytes so far and of all.

        Raises:
            ModelKeepError: it could not be done; says why.
            JobCancelledError, DownloadPausedError: ``control`` said so.
        """

    def details_of(self, job: Any) -> DownloadDetails:
        """Return what another process needs to continue a job."""

    def lacking(self, job: Any) -> SecretNeededError | None:
        """Return what to say of a job of an earlier run whose link or token was not stored."""

    def discard(self, job: Any) -> None:
        """Remove what has arrived of a job that does not run."""


class Mover:
    """Moves files and folders."""

    def run(self, job: DownloadJobPath, control: JobControl) -> None:
        """Move the source of a job."""
        place = job.dest / job.source.name if job.is_folder else job.dest
        is_cancelled = partial(getattr, control, "is_stopped")
        job.download_path = move(job.source, place, control.report, is_cancelled)

    def details_of(self, job: DownloadJobPath) -> DownloadDetails:
        """Return what a move stores."""
        return replace(DownloadDetails.of(job), move=full_path(job.source))

    def lacking(self, job: DownloadJobPath) -> None:
        """Return nothing: no move needs a secret."""

    def discard(self, job: DownloadJobPath) -> None:
        """Do nothing: an interrupted move keeps its source."""


class Fetcher:
    """Fetches links through one session.

    Args:
        session: Used for every request, as it is; one of our own, made when it is needed, if None.
        limiter: Shares the bandwidth; no limit when None.
        slots: Shares the connections to hosts; no limit when None.
        parallel: Files that are fetched at once, for a session of our own.
        proxy: Its proxy; None takes those of the environment.
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
        self._transport: Any = None

    def run(self, job: DownloadJobRemoteSource, control: JobControl) -> None:
        """Fetch the link of a job."""
        if self._is_offline:
            raise ConnectionFailedError(
                f"{redacted(str(job.source))} was not downloaded: the setting offline is on",
                hint="To allow it: modelkeep config set offline false",
            )
        from modelkeep.download.transfer import Transfer  # noqa: PLC0415 - brings requests

        is_named = False
        job.resumed_bytes = 0

        def on_progress(state: TransferProgress) -> None:
            nonlocal is_named
            if state.path is not None and not is_named:
                is_named, job.resumed_bytes = True, state.received
            # Setting a field of a job is slow: what is as before is left.
            if state.path is not None and job.download_path != state.path:
                job.download_path = state.path
            if job.connections != state.connections:
                job.connections = state.connections
            if job.note != state.note:
                job.note = state.note
            control.report(state.received, state.total or 0)

        transfer = Transfer(
            self.request_of(job),
            job.download_path or self._target_of(job),
            transport=self._transport_for_all(),
            options=replace(self._options, preserve_partial=job.preserve_partial_downloads),
            shared=self._shared,
            on_progress=on_progress,
            control=control,
        )
        fetched = transfer.run()
        job.download_path = fetched.path
        job.content_type = fetched.content_type
        job.is_verified = fetched.verified
        control.report(fetched.size, fetched.total or 0)

    def request_of(self, job: DownloadJobRemoteSource) -> HttpRequest:
        """Return what a job asks for; a subclass may know more kinds of sources.

        Raises:
            UnsupportedSourceError: its source is not a link.
            UsageError: a hash can match no file.
            SecretNeededError: it is of an earlier run, and its token or link was not stored.
        """
        if job.request is not None:
            return job.request
        lacking = self.lacking(job)
        if lacking is not None:
            raise lacking
        url = str(job.source)
        if not url.lower().startswith(("http://", "https://")):
            raise UnsupportedSourceError(
                f"{url!r} is neither a link nor an existing path",
                hint="Pass a link that starts with https://, or the path of a file.",
            )
        access_token = self._token_of(job)
        token = Token(access_token, origin_of(url)) if access_token else None
        hashes = checked_hashes(job.hashes)
        return HttpRequest(
            url, token=token, size=job.size, hashes=hashes, public_only=job.public_only
        )

    def details_of(self, job: DownloadJobRemoteSource) -> DownloadDetails:
        """Return what a download stores."""
        source = str(job.source)
        is_whole = is_storable(source) if "://" in source else True
        return replace(
            DownloadDetails.of(job),
            link=source if is_whole else printable(redacted(source)),
            is_whole=is_whole and not job.lacks.link,
            digest=job.lacks.digest or digest_of(source),
            hashes=dict(job.hashes),
            size=job.size,
            needs_token=bool(job.access_token) or job.lacks.token,
            public_only=job.public_only,
        )

    def lacking(self, job: DownloadJobRemoteSource) -> SecretNeededError | None:
        """Return what to say of a job of an earlier run whose link or token was not stored."""
        url = str(job.source)
        if job.lacks.link:
            return SecretNeededError(
                f"The download of {redacted(url)} needs its link again: links with secrets"
                " are not stored in full",
                hint=f"Enter it again: {command('download', 'LINK', job.dest)}",
            )
        if job.lacks.token and not self._token_of(job):
            return SecretNeededError(
                f"The download of {redacted(url)} needs its token again: tokens are not stored",
                hint=f"Enter it: {command('download', '--token', '-', url, job.dest)}",
            )
        return None

    def discard(self, job: DownloadJobRemoteSource) -> None:
        """Remove what has arrived; of a part of an install, the install decides."""
        if not job.IS_STORED or job.download_path is None:
            return
        try:
            discard_partial(job.lacks.digest or digest_of(str(job.source)), job.download_path)
        except ModelKeepError as error:
            _log.warning(
                "The partial file of download job %s could not be removed: %s", job.id, error
            )

    def close(self) -> None:
        """Close the session, if it is ours."""
        with self._lock:
            transport, self._transport = self._transport, None
        if transport is not None and self._session is None:
            transport.session.close()

    def _token_of(self, job: DownloadJobRemoteSource) -> str | None:
        return job.access_token or (self._token_for(str(job.source)) if job.lacks.token else None)

    def _target_of(self, job: DownloadJobBase) -> Path | Callable[[ResponseHead, str], Path]:
        """Return the file that a job makes, or what finds its name once an answer came."""
        if not (job.is_folder or job.dest.is_dir()):
            return job.dest
        if job.dest.exists() and not job.dest.is_dir():
            raise TargetTakenError(
                f"{shown(job.dest)} is not a folder",
                hint="Choose another folder or move that file away first.",
            )

        def named(answer: ResponseHead, url: str) -> Path:
            return job.dest / file_name(answer.file_name, url)

        return named

    def _transport_for_all(self) -> Any:
        from modelkeep.http.session import Transport, make_session  # noqa: PLC0415 - as above

        with self._lock:
            if self._transport is None:
                session = self._session or make_session(
                    self._options, parallel=self._parallel, proxy=self._proxy
                )
                self._transport = Transport(session)
            return self._transport


class Drivers:
    """Knows the driver of each kind of download.

    Args:
        by_class: Drivers by the class of the jobs that they do.
    """

    def __init__(self, by_class: Mapping[type[DownloadJobBase], DownloadDriver]) -> None:
        self._by_class = by_class

    @classmethod
    def of(cls, fetcher: Fetcher) -> Drivers:
        """Return the two that there are."""
        return cls({DownloadJobPath: Mover(), DownloadJobRemoteSource: fetcher})

    def of_job(self, job: DownloadJobBase) -> DownloadDriver:
        """Return the driver of a job.

        Raises:
            UnsupportedSourceError: there is none.
        """
        for each in type(job).__mro__:
            if each in self._by_class:
                return self._by_class[each]
        raise UnsupportedSourceError(
            f"No download queue handles {job.source}", hint="Pass a link or a path."
        )
