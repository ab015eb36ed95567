"""One door to downloads for the fault tests: what was asked, and all that came of it."""

from __future__ import annotations

import random
import threading
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

from faults.server import HOSTS
from modelkeep.download.control import TransferProgress
from modelkeep.download.drivers import Fetcher
from modelkeep.download.job import DownloadJobURL
from modelkeep.download.queue import DownloadQueueService
from modelkeep.download.transfer import Transfer
from modelkeep.errors import ConnectionFailedError, HttpStatusError, ModelKeepError, NoSpaceError
from modelkeep.http.options import TransferOptions
from modelkeep.http.request import HttpRequest
from modelkeep.http.retry import wait
from modelkeep.http.session import Transport, make_session
from modelkeep.http.urls import Token, origin_of
from modelkeep.jobs.control import JobControl
from modelkeep.jobs.state_jobs import StateJobs

__all__ = ["MIB", "Fetch", "Outcome", "TransferProgress", "Waiter", "control", "data", "left"]

#: ``transfer`` or ``by_queue``, which take the same words.
Fetch = Callable[..., "Outcome"]

MIB = 1 << 20
_QUICK: dict[str, Any] = {
    "segments": 1,
    "first_byte_timeout": 10.0,
    "idle_timeout": 10.0,
    "backoff_base": 0.005,
    "backoff_cap": 0.01,
    "allow_private_hosts": HOSTS[1:],
}


def data(size: int, seed: int) -> bytes:
    """Make bytes that look like no page; each seed gives others."""
    return (b"\x10\x00\x00\x00\x00\x00\x00\x00" + random.Random(seed).randbytes(size))[:size]


def left(folder: Path) -> list[str]:
    """Return the names of all that lies in a folder."""
    return sorted(each.name for each in folder.iterdir())


def threads() -> list[str]:
    """Return the threads of transfers that run now."""
    ours = {"modelkeep-connection", "modelkeep-sync", "modelkeep-hash"}
    return [thread.name for thread in threading.enumerate() if thread.name in ours]


def control() -> JobControl:
    """Make what pauses and cancels a download."""
    return JobControl()


@dataclass
class Waiter:
    """Waits for nothing and remembers how long it should have.

    Attributes:
        waited: Seconds of each wait.
    """

    waited: list[float] = field(default_factory=list)

    def __call__(self, seconds: float, cancelled: Callable[[], bool]) -> bool:
        self.waited.append(seconds)
        return cancelled()


@dataclass
class Outcome:
    """What came of a download.

    Attributes:
        path: The file, or None.
        verified: Its bytes had the hash that was asked for.
        error: What was raised, or None.
        states: What was told on the way.
    """

    path: Path | None
    verified: bool
    error: ModelKeepError | None
    states: list[TransferProgress]

    @property
    def file(self) -> Path:
        """The file; raises what the download raised when there is none."""
        if self.error is not None:
            raise self.error
        assert self.path is not None
        return self.path

    @property
    def text(self) -> str:
        """All that a user or a log could get to see of it."""
        error = self.error
        told = "" if error is None else "".join(traceback.format_exception(error)) + error.hint
        return told + repr(self.states)

    def failure(self, *kinds: type[ModelKeepError]) -> ModelKeepError:
        """Return the error, which has to be of one of these kinds."""
        if self.error is not None and not isinstance(self.error, kinds):
            raise self.error
        assert self.error is not None, "it worked"
        return self.error


def transfer(
    url: str,
    dest: Path,
    *,
    token: str | None = None,
    aliases: Iterable[str] = (),
    sha256: str | None = None,
    size: int | None = None,
    session: requests.Session | None = None,
    control: JobControl | None = None,
    waiter: Waiter | None = None,
    told: Callable[[TransferProgress], None] = lambda _: None,
    **options: Any,
) -> Outcome:
    """Download ``url`` to the file ``dest``, by the engine alone; never raises what it raises."""
    chosen = TransferOptions(**{**_QUICK, **options})
    asked = HttpRequest(
        url,
        token=Token(token, origin_of(url)) if token else None,
        size=size,
        hashes={"sha256": sha256} if sha256 else {},
        aliases=frozenset(map(origin_of, aliases)),
    )
    states: list[TransferProgress] = []

    def tell(state: TransferProgress) -> None:
        states.append(state)
        told(state)

    own = session or make_session(chosen)
    try:
        engine = Transfer(
            asked,
            dest,
            transport=Transport(own),
            options=chosen,
            on_progress=tell,
            control=control or JobControl(),
            wait=waiter or wait,
        )
        fetched = engine.run()
    except ModelKeepError as error:
        return Outcome(None, verified=False, error=error, states=states)
    finally:
        if session is None:
            own.close()
    return Outcome(fetched.path, verified=fetched.verified, error=None, states=states)


def by_queue(
    url: str,
    dest: Path,
    *,
    token: str | None = None,
    sha256: str | None = None,
    size: int | None = None,
    session: requests.Session | None = None,
    **options: Any,
) -> Outcome:
    """Download ``url`` to the file ``dest`` as a stored job of a queue.

    What the job and the state file say of it is compared with what came of it.
    """
    chosen = TransferOptions(**{**_QUICK, **options})
    with TemporaryDirectory() as folder:
        store = StateJobs.open(Path(folder) / "state.db")
        queue = DownloadQueueService(fetcher=Fetcher(session, chosen), store=store)
        fields: dict[str, Any] = {"hashes": {"sha256": sha256}} if sha256 else {}
        job = queue.make_job(
            url, dest, access_token=token, size=size, preserve_partial_downloads=True, **fields
        )
        queue.submit_download_job(job)
        queue.join()
        queue.stop()
        [row] = store.all()
        store.close()
    error = job.exception
    assert error is None or isinstance(error, ModelKeepError), error
    may_go_on = isinstance(error, ConnectionFailedError | NoSpaceError)
    status = "completed" if error is None else "paused" if may_go_on else "error"
    assert (job.status, row.status) == (status, status)
    assert isinstance(job, DownloadJobURL)
    kind = f"HTTPError({error.reason})" if isinstance(error, HttpStatusError) else None
    assert job.error_type == row.error_type == (kind or (type(error).__name__ if error else None))
    assert (row.ended_at is None) is may_go_on
    assert error is None or (row.error and (row.hint or "") == (error.hint or ""))
    states = [
        TransferProgress("done", job.bytes, job.total_bytes, note=f"{job!r} {row} {job.error}")
    ]
    return Outcome(job.download_path if error is None else None, job.is_verified, error, states)
