"""Wrong tokens slow the address that they come from, and nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from modelkeep.web.guard.tries import SPAN, TRIES, FailedTries
from support.web import WebServer


@dataclass
class _Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_ten_wrong_tokens_in_a_minute_have_an_address_wait() -> None:
    clock = _Clock()
    tries = FailedTries(clock)
    for _ in range(TRIES):
        assert tries.wait("10.0.0.1") == 0
        tries.failed("10.0.0.1")
    seconds = tries.wait("10.0.0.1")
    assert seconds in range(1, int(SPAN) + 1)
    assert tries.wait("10.0.0.2") == 0
    clock.now += seconds
    assert tries.wait("10.0.0.1") == 0


def test_ten_wrong_tokens_in_an_hour_are_nothing() -> None:
    clock = _Clock()
    tries = FailedTries(clock)
    for _ in range(100):
        tries.failed("10.0.0.1")
        clock.now += SPAN / (TRIES - 2)
    assert tries.wait("10.0.0.1") == 0


def test_a_network_of_ipv6_is_one_address() -> None:
    tries = FailedTries(_Clock())
    for number in range(TRIES):
        tries.failed(f"2001:db8::{number:x}")
    assert tries.wait("2001:db8::ffff") > 0
    assert tries.wait("2001:db8:0:1::1") == 0


def test_whoever_was_in_stays_in_and_a_new_guess_waits() -> None:
    tries = FailedTries(_Clock())
    tries.succeeded("10.0.0.1", b"known")
    for _ in range(TRIES):
        tries.failed("10.0.0.1")
    assert tries.wait("10.0.0.1", b"known") == 0
    assert tries.wait("10.0.0.1", b"new") > 0
    assert tries.wait("10.0.0.1") > 0


def test_the_answer_says_how_long_to_wait(tmp_path: Path) -> None:
    with WebServer(tmp_path, trusted_proxies=["127.0.0.1"]) as web:
        wrong = {"Authorization": "Bearer wrong", "X-Forwarded-For": "203.0.113.1"}
        told = [web.get("/openapi.json", headers=wrong).status_code for _ in range(TRIES)]
        assert set(told) == {401}
        waits = web.get("/openapi.json", headers=wrong)
        assert waits.status_code == 429
        assert 0 < int(waits.headers["Retry-After"]) <= SPAN
        assert waits.json()["error"]["code"] == "TooManyTries"
        elsewhere = {"X-Forwarded-For": "203.0.113.2"}
        assert web.get("/openapi.json", headers=elsewhere).status_code == 200
        form = {"X-Forwarded-For": "203.0.113.1"}
        tried = web.ask("POST", "/login", data={"token": "x"}, headers=form)
        assert tried.status_code == 429
