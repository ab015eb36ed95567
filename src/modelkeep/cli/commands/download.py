"""``download``: files from links, without installing them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelkeep.app.outcomes import EXIT_INTERRUPTED, exit_status_of, message_of
from modelkeep.app.text import counted, source_text
from modelkeep.cli.progress import Bar
from modelkeep.cli.session import Session
from modelkeep.cli.speed import Speed, time_left
from modelkeep.cli.tokens import read_token
from modelkeep.core.names import path_to_text, shown, size_text
from modelkeep.errors import JobCancelledError, UsageError

if TYPE_CHECKING:
    from modelkeep.download.job import DownloadJobBase
    from modelkeep.download.queue import DownloadQueueService

_LINKS = ("http://", "https://")
#: Progress is told so often in JSON, seconds.
_TELL_SECONDS = 1.0


def download(
    ctx: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="URL... [DEST]",
            help="Links, then the folder or the file they go to (this folder when left out).",
            show_default=False,
        ),
    ],
    sha256: Annotated[
        str | None, typer.Option(metavar="HEX", help="What the bytes must be; one link only.")
    ] = None,
    segments: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=64, help="Connections for one file.")
    ] = None,
    priority: Annotated[int, typer.Option(metavar="N", help="Lower ones come first.")] = 10,
    token: Annotated[
        str | None,
        typer.Option(metavar="TOKEN", help="For the host of the link: - reads it, @FILE too."),
    ] = None,
) -> int:
    """Fetch files from links: several connections, resumed after a break, checked."""
    session = ctx.ensure_object(Session)
    links, dest = _parted(words)
    if sha256 is not None and len(links) > 1:
        raise UsageError("--sha256 is for one link", hint="Fetch them one by one.")
    if segments is not None:
        session.options["segments"] = segments
    asked: dict[str, Any] = {"access_token": read_token(session, token), "priority": priority}
    if sha256 is not None:
        asked["hashes"] = {"sha256": sha256.strip().lower()}
    queue = session.manager.downloads
    return finish_downloads(
        session, [_submit(queue, link, dest, len(links) > 1, asked) for link in links]
    )


def finish_downloads(session: Session, jobs: Sequence[DownloadJobBase]) -> int:
    """Wait for downloads of this process, tell what came of each, return the exit status."""
    is_interrupted = _watch(session, jobs)
    failed = sum(_tell_end(session, job) for job in jobs)
    if is_interrupted:
        held = " ".join(str(job.id) for job in jobs if job.paused)
        session.say(
            f"Paused: {_what_is_kept(jobs)}. Go on with the same command"
            + (f", or with: modelkeep resume {held}" if held else "")
        )
        return EXIT_INTERRUPTED
    return exit_status_of(failed, len(jobs))


def _what_is_kept(jobs: Sequence[DownloadJobBase]) -> str:
    """Say whether paused downloads can go on from where they are."""
    from modelkeep.download.control_file import digest_of
    from modelkeep.download.part_file import has_partial

    paths = [(digest_of(str(job.source)), job.download_path) for job in jobs if job.paused]
    if all(path is not None and has_partial(digest, path) for digest, path in paths):
        return "what has come is kept"
    return "the server does not tell versions of a file apart, so what had come was dropped"


def _parted(words: Sequence[str]) -> tuple[list[str], Path]:
    links, dest = list(words), "."
    if not words[-1].lower().startswith(_LINKS):
        *links, dest = words
    wrong = [link for link in links if not link.lower().startswith(_LINKS)]
    if wrong or not links:
        raise UsageError(
            f"{source_text(wrong[0] if wrong else dest)} is not a link",
            hint="modelkeep download URL... DEST, with links that begin with https://",
        )
    return links, Path(dest)


def _submit(
    queue: DownloadQueueService, link: str, dest: Path, is_one_of_many: bool, asked: dict[str, Any]
) -> DownloadJobBase:
    job = queue.make_job(
        link, dest, is_folder=is_one_of_many, preserve_partial_downloads=True, **asked
    )
    queue.submit_download_job(job)
    return job


def _watch(session: Session, jobs: Sequence[DownloadJobBase]) -> bool:
    """Draw how far all are until they have ended; return whether Ctrl-C paused them."""
    label = jobs[0].dest.name if len(jobs) == 1 else f"{len(jobs)} files"
    teller = _Teller(session, jobs)
    try:
        with Bar(label or "download", is_shown=not session.quiet) as bar:
            while any(_is_going_on(job) for job in jobs):
                running = sum(job.connections for job in jobs)
                bar.show(
                    sum(job.bytes for job in jobs),
                    sum(job.total_bytes for job in jobs),
                    came=sum(job.bytes - job.resumed_bytes for job in jobs),
                    also=counted(running, "connection") if running else "",
                )
                teller.tell()
                time.sleep(0.02)
    except KeyboardInterrupt:
        queue = session.manager.downloads
        queue.pause_all_jobs()
        queue.join(5)
        return True
    return False


def _is_going_on(job: DownloadJobBase) -> bool:
    """Tell whether a job will end by itself, or by what somebody does in another terminal."""
    return job.waiting or job.running or (job.paused and job.exception is None)


class _Teller:
    """Tells on the way what a bar does not show."""

    def __init__(self, session: Session, jobs: Sequence[DownloadJobBase]) -> None:
        self._session = session
        self._jobs = jobs
        self._told = time.monotonic()
        self._speeds = {job.id: Speed(self._told) for job in jobs}
        self._paused: set[int] = set()
        self._notes: set[str] = set()

    def tell(self) -> None:
        """Tell what is new."""
        for job in self._jobs:
            if job.paused and job.id not in self._paused:
                self._session.say(f"\nPaused. Go on with: modelkeep resume {job.id}")
            (self._paused.add if job.paused else self._paused.discard)(job.id)
            if job.note and job.note not in self._notes:
                self._notes.add(job.note)
                self._session.say(f"\n{source_text(str(job.source))}: {job.note}")
        now = time.monotonic()
        if self._session.json and now - self._told >= _TELL_SECONDS:
            self._told = now
            for job in self._jobs:
                rate = self._speeds[job.id].note(job.bytes - job.resumed_bytes, now)
                _tell_json(self._session, job, rate)


def _tell_end(session: Session, job: DownloadJobBase) -> bool:
    """Print what came of a job; tell whether it failed."""
    if session.json:
        _tell_json(session, job, 0.0)
    if job.complete:
        if session.quiet:
            session.print(path_to_text(job.download_path or job.dest))
        elif not session.json:
            size = size_text(job.total_bytes)
            checked = "" if getattr(job, "is_verified", False) else ", no hash to check it by"
            session.print(f"{shown(job.download_path or job.dest)} ({size}{checked})")
        return False
    source = source_text(str(job.source))
    if job.exception is not None:
        session.report(job.exception, source)
        if job.paused:
            kept = _what_is_kept([job])
            session.say(f"       {kept[0].upper()}{kept[1:]}: modelkeep resume {job.id}")
    elif job.cancelled:
        hint = f"Begin it again with: modelkeep retry {job.id}"
        message = f"The download of {source} was cancelled from elsewhere"
        session.report(JobCancelledError(message, hint=hint))
    return True


def _tell_json(session: Session, job: DownloadJobBase, rate: float) -> None:
    path = job.download_path
    left = time_left(job.total_bytes - job.bytes, rate) if job.running else None
    session.print_json(
        {
            "id": job.id,
            "source": source_text(str(job.source)),
            "status": job.status.value,
            "bytes": job.bytes,
            "total_bytes": job.total_bytes,
            "bytes_per_second": round(rate),
            "seconds_left": None if left is None else round(left, 1),
            "connections": job.connections,
            "path": path_to_text(path) if path else None,
            "error": message_of(job.exception) if job.exception else None,
        }
    )
