"""``download``: files from links, without installing them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelkeep.app.outcomes import EXIT_INTERRUPTED, exit_status_of
from modelkeep.app.text import source_text
from modelkeep.cli.progress import Bar
from modelkeep.cli.session import Session
from modelkeep.cli.tokens import read_token
from modelkeep.core.names import counted
from modelkeep.core.speed import Speed, time_left
from modelkeep.errors import JobCancelledError

if TYPE_CHECKING:
    from modelkeep.download.job import DownloadJobBase

#: Progress is printed so often in JSON, seconds.
_PRINT_SECONDS = 1.0


def download(
    ctx: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="URL... [DEST]",
            help="Links, then a file or folder (default: here); FOLDER/ is made if missing.",
            show_default=False,
        ),
    ],
    sha256: Annotated[
        str | None, typer.Option(metavar="HEX", help="Expected sha256; one link only.")
    ] = None,
    segments: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=64, help="Connections for one file.")
    ] = None,
    priority: Annotated[int, typer.Option(metavar="N", help="Lower numbers start first.")] = 10,
    token: Annotated[
        str | None,
        typer.Option(
            metavar="TOKEN", help="Token for the link's host: - reads standard input, @FILE a file."
        ),
    ] = None,
) -> int:
    """Download files from links over several connections, with resuming and checks."""
    from modelkeep.app.download import DownloadRequest, read_words, submit
    from modelkeep.core.names import names_folder

    session = ctx.ensure_object(Session)
    links, dest = read_words(words)
    request = DownloadRequest(
        links,
        Path(dest),
        is_folder=names_folder(dest),
        sha256=sha256,
        priority=priority,
        token=read_token(session, token),
    )
    if segments is not None:
        session.options["segments"] = segments
    return finish_downloads(session, submit(session.manager, request), is_first=True)


def finish_downloads(
    session: Session, jobs: Sequence[DownloadJobBase], *, is_first: bool = False
) -> int:
    """Wait for downloads of this process, print the results, return the exit status.

    Args:
        session: Of the command.
        jobs: The downloads.
        is_first: The command asks for them by their links, and may be given again.
    """
    from modelkeep.app.download import kept_text

    is_interrupted = _watch(session, jobs)
    failed = sum(_print_end(session, job) for job in jobs)
    if is_interrupted:
        held = " ".join(str(job.id) for job in jobs if job.paused)
        ways = ["the same command"] if is_first else []
        ways += [f"modelkeep resume {held}"] if held else []
        how = f" Continue with: {', or '.join(ways)}" if ways else ""
        session.say(f"Paused: {kept_text(jobs)}.{how}")
        return EXIT_INTERRUPTED
    return exit_status_of(failed, len(jobs))


def _watch(session: Session, jobs: Sequence[DownloadJobBase]) -> bool:
    """Draw how far all are until they have ended; return whether Ctrl-C paused them."""
    label = jobs[0].dest.name if len(jobs) == 1 else f"{len(jobs)} files"
    news = _News(session, jobs)
    try:
        with Bar(label or "download", is_shown=not session.quiet) as bar:
            while any(job.is_going_on for job in jobs):
                running = sum(job.connections for job in jobs)
                bar.show(
                    sum(job.bytes for job in jobs),
                    sum(job.total_bytes for job in jobs),
                    came=sum(job.bytes - job.resumed_bytes for job in jobs),
                    also=counted(running, "connection") if running else "",
                )
                news.print()
                time.sleep(0.02)
    except KeyboardInterrupt:
        queue = session.manager.downloads
        queue.pause_all_jobs()
        queue.join(5)
        return True
    return False


class _News:
    """Prints messages that a progress bar does not show."""

    def __init__(self, session: Session, jobs: Sequence[DownloadJobBase]) -> None:
        self._session = session
        self._jobs = jobs
        self._printed = time.monotonic()
        self._speeds = {job.id: Speed(self._printed) for job in jobs}
        self._paused: set[int] = set()
        self._notes: set[str] = set()

    def print(self) -> None:
        """Print what is new."""
        from modelkeep.app.download import DownloadView

        for job in self._jobs:
            is_held = job.paused and job.exception is None
            if is_held and job.id not in self._paused:
                self._session.say_paused(job.id)
            (self._paused.add if is_held else self._paused.discard)(job.id)
            if job.note and job.note not in self._notes:
                self._notes.add(job.note)
                self._session.say(f"\n{source_text(str(job.source))}: {job.note}")
        now = time.monotonic()
        if self._session.json and now - self._printed >= _PRINT_SECONDS:
            self._printed = now
            for job in self._jobs:
                rate = self._speeds[job.id].note(job.bytes - job.resumed_bytes, now)
                left = time_left(job.total_bytes - job.bytes, rate) if job.running else None
                self._session.show(DownloadView(job, rate, left))


def _print_end(session: Session, job: DownloadJobBase) -> bool:
    """Print the result of a job; tell whether it failed."""
    from modelkeep.app.download import DownloadView, kept_text

    if session.json or job.complete:
        session.show(DownloadView(job))
    if job.complete:
        return False
    source = source_text(str(job.source))
    if job.exception is not None:
        session.report(job.exception, source, in_json=False)
        if job.paused:
            kept = f"{kept_text([job])}. ".capitalize() if job.bytes else ""
            session.say(f"       {kept}Continue with: modelkeep resume {job.id}")
    elif job.cancelled:
        hint = f"Restart it with: modelkeep retry {job.id}"
        message = f"The download of {source} was cancelled by another process"
        session.report(JobCancelledError(message, hint=hint), in_json=False)
    return True
