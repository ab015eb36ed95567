"""Which failures are worth another try, and how long to wait before it."""

from __future__ import annotations

import errno
import http.client
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import requests
import urllib3

from modelkeep.errors import ConnectionFailedError, HttpStatusError
from modelkeep.http.response_head import header

_TRANSIENT = {408, 425, 429}
#: Refusals of the 5xx kind that stay: not implemented, version, login of a network.
_LASTING = {501, 505, 511}
_NETWORK_ERRNOS = {
    errno.ENETDOWN, errno.ENETUNREACH, errno.ENETRESET, errno.EHOSTDOWN, errno.EHOSTUNREACH,
    errno.ETIMEDOUT, errno.EADDRNOTAVAIL, errno.ENOTCONN, errno.EAGAIN,
}  # fmt: skip
#: Seconds between two looks at whether a wait is still wanted.
_LOOK_UP = 0.1
_DEPTH = 12


class Dice(Protocol):
    """What chooses a wait: ``random.Random`` does."""

    def uniform(self, a: float, b: float, /) -> float:
        """Return a number between two."""


def is_transient(error: BaseException) -> bool:
    """Tell whether the same request may work later.

    Args:
        error: As ``open_url`` or the reading of a body raised it.
    """
    if isinstance(error, HttpStatusError):
        is_fault = error.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR
        return (is_fault or error.status in _TRANSIENT) and error.status not in _LASTING
    if isinstance(error, ConnectionFailedError):
        return not error.is_lasting
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in _causes(error)):
        return False
    if isinstance(error, requests.RequestException):
        return isinstance(error, _TRANSIENT_REQUESTS)
    return is_network_error(error)


_TRANSIENT_REQUESTS = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
)


def is_network_error(error: BaseException) -> bool:
    """Tell whether an error comes from a connection, and not from the disk or from our code."""
    if isinstance(
        error,
        requests.RequestException | urllib3.exceptions.HTTPError | http.client.HTTPException,
    ):
        return True
    if isinstance(error, ConnectionError | TimeoutError | socket.gaierror | ssl.SSLError):
        return True
    return isinstance(error, OSError) and error.errno in _NETWORK_ERRNOS


def root_cause(error: BaseException) -> BaseException | None:
    """Return the innermost error of the system, or None.

    Its text has no address; those that requests and urllib3 put around it name all of the URL.
    """
    deepest: BaseException | None = None
    for each in _causes(error):
        is_wrapper = isinstance(each, requests.RequestException | urllib3.exceptions.HTTPError)
        if isinstance(each, OSError | http.client.HTTPException) and not is_wrapper:
            deepest = each
    return deepest


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what is inside it, outermost first."""
    now: Any = error
    for _ in range(_DEPTH):
        if not isinstance(now, BaseException):
            return
        yield now
        inner = [each for each in now.args if isinstance(each, BaseException)]
        now = getattr(now, "reason", None)
        if not isinstance(now, BaseException):
            now = next(iter(inner), None) or error.__cause__ or error.__context__
        error = now if isinstance(now, BaseException) else error


def describe(error: BaseException) -> str:
    """Say in a few words why a connection failed; no address is named.

    Args:
        error: Any that ``is_network_error``.
    """
    causes = list(_causes(error))
    for kinds, text in _WORDS:
        if any(isinstance(each, kinds) for each in causes):
            return text
    root = root_cause(error)
    if isinstance(root, OSError) and root.errno in _NETWORK_ERRNOS and root.strerror:
        return root.strerror.lower()
    is_late = any(isinstance(each, _TIMEOUTS) for each in causes)
    return "no data arrived in time" if is_late else f"it failed ({type(root or error).__name__})"


_Kinds = tuple[type[BaseException], ...]
_TIMEOUTS = (TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError)
#: The first that fits anywhere in a chain of causes says it best.
_WORDS: tuple[tuple[_Kinds, str], ...] = (
    ((ssl.SSLCertVerificationError,), "its certificate is not trusted by this system"),
    ((socket.gaierror,), "its name could not be resolved"),
    ((requests.exceptions.ProxyError,), "the proxy refused the connection"),
    ((ConnectionRefusedError,), "the connection was refused"),
    ((requests.ConnectTimeout,), "it did not accept a connection in time"),
    (
        (http.client.IncompleteRead, urllib3.exceptions.IncompleteRead),
        "the connection closed early",
    ),
    ((ConnectionResetError, BrokenPipeError), "the connection broke off"),
    ((http.client.RemoteDisconnected, ConnectionAbortedError), "the connection broke off"),
    ((http.client.HTTPException,), "its response is not HTTP"),
    ((ssl.SSLError,), "the encryption failed"),
)


def retry_after(headers: Mapping[str, Any], now: float, cap: float) -> float | None:
    """Return how many seconds a server asks us to wait, or None where it does not.

    Args:
        headers: Of its answer.
        now: Seconds since the epoch.
        cap: The longest wait; what is longer, or a date far away, is cut to it.
    """
    text = header(headers, "Retry-After")
    if not text:
        return None
    try:
        seconds = float(text) if text.isascii() and text.replace(".", "", 1).isdigit() else None
        if seconds is None:
            seconds = parsedate_to_datetime(text).timestamp() - now
    except (ValueError, OverflowError, TypeError):
        return None
    return min(max(0.0, seconds), cap)


def wait(seconds: float, cancelled: Callable[[], bool]) -> bool:
    """Wait, looking ten times a second whether it is cancelled; tell whether it was."""
    until = time.monotonic() + seconds
    pause = threading.Event()
    while not cancelled():
        left = until - time.monotonic()
        if left <= 0:
            return False
        pause.wait(min(left, _LOOK_UP))
    return True


@dataclass(frozen=True)
class RetryPolicy:
    """How often something is tried, and how long to wait before each try.

    Attributes:
        tries: Tries in all.
        base: The longest wait before the second try, in seconds; doubles with each further one.
        cap: The longest wait that it doubles to.
        dice: Chooses the wait between nothing and the longest: clients that failed together do
            not come back together.
    """

    tries: int = 5
    base: float = 0.5
    cap: float = 30.0
    dice: Dice = random

    def delay(self, failed: int, error: BaseException | None = None) -> float | None:
        """Return how many seconds to wait before the next try, or None when there is none.

        Args:
            failed: Tries that failed in a row, 1 or more.
            error: The last failure; one that will stay ends the tries, and a server that asks
                for a wait gets at least that.
        """
        if failed >= self.tries or (error is not None and not is_transient(error)):
            return None
        longest = min(self.cap, self.base * 2.0 ** min(failed - 1, 60))
        chosen = self.dice.uniform(0.0, longest)
        asked = error.retry_after if isinstance(error, HttpStatusError) else None
        return chosen if asked is None else max(chosen, asked)
