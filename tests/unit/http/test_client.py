"""Requests to the API of a site."""

from __future__ import annotations

import json

import pytest

from faults.pages import Page, json_error, once, redirect
from faults.server import FaultServer
from modelkeep.errors import (
    DownloadError,
    HttpStatusError,
    NotAModelAnswerError,
    ProtocolError,
    RedirectRefusedError,
)
from modelkeep.http.client import Client
from modelkeep.http.options import TransferOptions
from modelkeep.http.request import HttpRequest

QUICK = TransferOptions(
    connect_timeout=5, first_byte_timeout=5, idle_timeout=5, tries=3, backoff_base=0.01
)
ANSWER = Page(b'{"items": [1, 2]}', content_type="application/json")


def test_an_answer_is_read_whole(server: FaultServer) -> None:
    url = server.serve("/api", ANSWER)
    reply = Client(options=QUICK).get(url, {"tag": ["a b", "c"], "limit": 3})
    assert reply.raise_for_status().json() == {"items": [1, 2]}
    assert reply.header("content-TYPE") == "application/json"
    assert server.asked("/api")[0].query == "tag=a+b&tag=c&limit=3"


def test_parameters_are_added_to_a_query_that_is_there(server: FaultServer) -> None:
    url = server.serve("/api", ANSWER)
    Client(options=QUICK).get(f"{url}?blobs=true", [("x", 1)])
    assert server.asked("/api")[0].query == "blobs=true&x=1"


def test_a_fault_that_passes_is_asked_again(server: FaultServer) -> None:
    url = server.serve("/api", once(json_error(503, "busy"), ANSWER))
    assert Client(options=QUICK).get(url).status == 200
    assert len(server.asked("/api")) == 2


def test_a_refusal_is_given_back_with_what_it_says(server: FaultServer) -> None:
    url = server.serve("/api", json_error(404, {"error": "No model with id 0"}))
    reply = Client(options=QUICK).get(url)
    assert (reply.status, json.loads(reply.body)) == (404, {"error": "No model with id 0"})
    with pytest.raises(HttpStatusError, match="No model with id 0"):
        reply.raise_for_status()
    assert len(server.asked("/api")) == 1


def test_a_fault_that_stays_is_given_back(server: FaultServer) -> None:
    url = server.serve("/api", json_error(500, "broken"))
    assert Client(options=QUICK).get(url).status == 500
    assert len(server.asked("/api")) == QUICK.tries


def test_what_is_no_json_is_told(server: FaultServer) -> None:
    for body, kind in ((b"<html>", "text/plain"), (b'{"a": ', "application/json"), (b"", "")):
        url = server.serve("/api", Page(body, content_type=kind))
        what = "a web page in place of JSON" if body == b"<html>" else "not JSON"
        error = NotAModelAnswerError if body == b"<html>" else ProtocolError
        with pytest.raises(error, match=what):
            Client(options=QUICK).get(url).json()


def test_an_answer_over_the_limit_is_refused(server: FaultServer) -> None:
    url = server.serve("/api", Page(b"x" * 2000))
    with pytest.raises(ProtocolError, match="more than 1,000 bytes"):
        Client(options=QUICK).get(url, limit=1000)


def test_a_redirect_does_not_turn_what_is_sent_into_something_else(server: FaultServer) -> None:
    url = server.serve("/api", redirect(server.serve("/other", ANSWER), 302))
    with pytest.raises(RedirectRefusedError, match="would be lost"):
        Client(options=QUICK).post(HttpRequest(url), ["a"])
    assert server.asked("/other") == []


def test_nothing_is_asked_offline(server: FaultServer) -> None:
    url = server.serve("/api", ANSWER)
    with pytest.raises(DownloadError, match="offline"):
        Client(options=QUICK, is_offline=True).get(url)
    assert server.asked("/api") == []


def test_a_wait_ends_when_nobody_wants_it_any_more(server: FaultServer) -> None:
    url = server.serve("/api", json_error(503, "busy"))
    asks: list[int] = []

    def is_enough() -> bool:
        asks.append(1)
        return len(asks) > 3

    client = Client(options=TransferOptions(tries=50, backoff_base=60, backoff_cap=60))
    with pytest.raises(Exception, match="stopped"):
        client.until(is_enough).get(url)
