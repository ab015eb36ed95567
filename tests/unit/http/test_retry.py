"""Which failures pass, and how long is waited."""

from __future__ import annotations

import errno
import http.client
import random
import socket
import ssl
from typing import Any

import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.errors import ConnectionFailedError, HttpStatusError, ProtocolError
from modelkeep.http import retry
from modelkeep.http.retry import RetryPolicy, describe, is_network_error, is_transient

NOW = 1_795_521_600.0  # Tue, 24 Nov 2026 12:00:00 GMT


def refused(status: int, retry_after: float | None = None) -> HttpStatusError:
    return HttpStatusError("no", status=status, reason="NO", retry_after=retry_after)


def wrapped(error: BaseException) -> requests.ConnectionError:
    """Wrap an error as urllib3 and requests do: all of the address stands in the text."""
    outer = urllib3.exceptions.ProtocolError("Connection aborted.", error)
    return requests.ConnectionError(
        urllib3.exceptions.MaxRetryError(None, "/m?sig=hush", outer)  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        *[(refused(status), True) for status in (408, 425, 429, 500, 502, 503, 504, 520)],
        *[(refused(status), False) for status in (400, 401, 403, 404, 410, 416, 451, 501, 505)],
        (wrapped(ConnectionResetError(errno.ECONNRESET, "reset")), True),
        (wrapped(ssl.SSLCertVerificationError("no")), False),
        (requests.exceptions.SSLError(ssl.SSLError("eof")), True),
        (requests.exceptions.InvalidURL("no"), False),
        (requests.ReadTimeout("late"), True),
        (http.client.IncompleteRead(b""), True),
        (urllib3.exceptions.ReadTimeoutError(None, "", "late"), True),  # type: ignore[arg-type]
        (TimeoutError(), True),
        (socket.gaierror(socket.EAI_AGAIN, "later"), True),
        (OSError(errno.ENETUNREACH, "no way"), True),
        (OSError(errno.ENOSPC, "full"), False),
        (OSError(errno.EIO, "broken"), False),
        (ConnectionFailedError("gone"), True),
        (ConnectionFailedError("gone", is_lasting=True), False),
        (ProtocolError("two lengths"), False),
        (ValueError("ours"), False),
    ],
)
def test_what_may_work_later(error: Exception, transient: bool) -> None:
    assert is_transient(error) is transient


def test_errors_of_the_disk_are_none_of_the_network() -> None:
    assert not is_network_error(OSError(errno.ENOSPC, "full"))
    assert not is_network_error(PermissionError())
    assert is_network_error(wrapped(ConnectionResetError()))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (wrapped(ConnectionRefusedError(111, "x")), "refused"),
        (wrapped(ConnectionResetError(104, "x")), "broke off"),
        (wrapped(socket.gaierror(-2, "x")), "name"),
        (wrapped(OSError(errno.ENETUNREACH, "Network is unreachable")), "network is unreachable"),
        (wrapped(ssl.SSLCertVerificationError("x")), "certificate"),
        (wrapped(TimeoutError()), "in time"),
        (requests.ReadTimeout("/m?sig=hush"), "in time"),
        (http.client.IncompleteRead(b""), "closed early"),
        (requests.RequestException("/m?sig=hush"), "RequestException"),
    ],
)
def test_a_failure_is_described_without_its_address(error: Exception, text: str) -> None:
    assert text in describe(error)
    assert "hush" not in describe(error)
    cause = retry.root_cause(error)
    assert "hush" not in str(cause)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7),
        (7, 7),
        ("1.5", 1.5),
        ("0", 0),
        ("-7", None),
        ("999999999999", 600),
        ("Tue, 24 Nov 2026 12:01:30 GMT", 90),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 600),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("\u0667", None),
    ],
)
def test_how_long_a_server_wants_us_to_wait(value: Any, seconds: float | None) -> None:
    headers = {} if value is None else {"Retry-After": value}
    assert retry.retry_after(headers, NOW, 600) == seconds


@given(st.text())
def test_any_retry_after_is_bounded(text: str) -> None:
    found = retry.retry_after({"Retry-After": text}, NOW, 600)
    assert found is None or 0 <= found <= 600


class Longest:
    """Dice that always choose the longest wait."""

    def uniform(self, a: float, b: float, /) -> float:
        assert a == 0
        return b


def test_waits_double_up_to_a_cap_and_end() -> None:
    policy = RetryPolicy(6, 0.5, 3, Longest())
    assert [policy.delay(failed) for failed in range(1, 7)] == [0.5, 1, 2, 3, 3, None]


def test_a_wait_is_chosen_by_dice() -> None:
    one, other = (RetryPolicy(dice=random.Random(seed)).delay(3) for seed in (1, 2))
    assert one != other
    assert all(wait is not None and 0 <= wait <= 2 for wait in (one, other))


def test_a_server_that_asks_for_a_wait_gets_it() -> None:
    assert RetryPolicy(dice=Longest()).delay(1, refused(429, 90)) == 90
    assert RetryPolicy(dice=Longest()).delay(1, refused(503, 0)) == 0.5


def test_what_stays_is_not_tried_again() -> None:
    assert RetryPolicy(dice=Longest()).delay(1, refused(404)) is None


def test_a_wait_ends_at_once_when_it_is_cancelled() -> None:
    assert retry.wait(3600, lambda: True)
    assert not retry.wait(0, lambda: False)
    looks = iter([False, False, True])
    assert retry.wait(3600, lambda: next(looks))
