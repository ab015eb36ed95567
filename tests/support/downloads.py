"""One door to downloads for the fault tests: what was asked, and all that came of it."""

from __future__ import annotations

import random
import threading
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from modelkeep.download.control import TransferControl, TransferState
from modelkeep.download.transfer import Transfer
from modelkeep.errors import ModelKeepError
from modelkeep.http.asked import Asked
from modelkeep.http.options import TransferOptions
from modelkeep.http.origins import Token, origin_of
from modelkeep.http.retries import wait
from modelkeep.http.session import Sender, make_session

__all__ = ["MIB", "Outcome", "TransferState", "Waiter", "control", "data", "fetch", "left"]

MIB = 1 << 20
_QUICK: dict[str, Any] = {
    "segments": 1,
    "first_byte_timeout": 10.0,
    "idle_timeout": 10.0,
    "backoff_base": 0.005,
    "backoff_cap": 0.01,
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


def control() -> TransferControl:
    """Make what pauses and cancels a download."""
    return TransferControl()


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
    states: list[TransferState]

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


def fetch(
    url: str,
    dest: Path,
    *,
    token: str | None = None,
    aliases: Iterable[str] = (),
    sha256: str | None = None,
    size: int | None = None,
    session: requests.Session | None = None,
    control: TransferControl | None = None,
    waiter: Waiter | None = None,
    told: Callable[[TransferState], None] = lambda _: None,
    **options: Any,
) -> Outcome:
    """Download ``url`` to the file ``dest``; never raises what a download may raise."""
    chosen = TransferOptions(**{**_QUICK, **options})
    asked = Asked(
        url,
        token=Token(token, origin_of(url)) if token else None,
        size=size,
        hashes={"sha256": sha256} if sha256 else {},
        aliases=frozenset(map(origin_of, aliases)),
    )
    states: list[TransferState] = []

    def tell(state: TransferState) -> None:
        states.append(state)
        told(state)

    own = session or make_session(chosen)
    try:
        transfer = Transfer(
            asked,
            dest,
            sender=Sender(own),
            options=chosen,
            on_progress=tell,
            control=control or TransferControl(),
            wait=waiter or wait,
        )
        fetched = transfer.run()
    except ModelKeepError as error:
        return Outcome(None, verified=False, error=error, states=states)
    finally:
        if session is None:
            own.close()
    return Outcome(fetched.path, verified=fetched.verified, error=None, states=states)
