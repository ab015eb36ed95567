"""Files of a server that are read as local ones are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faults.pages import Page, in_turn, status
from faults.server import FaultServer
from modelkeep.core.reading import LocalFile, ReadAt
from modelkeep.errors import (
    ConnectionFailedError,
    CorruptModelError,
    HttpStatusError,
    UnsupportedSourceError,
)
from modelkeep.http.client import Client
from modelkeep.http.options import TransferOptions
from modelkeep.http.remote_bytes import FIRST_BYTES, RemoteBytes
from modelkeep.http.request import HttpRequest
from modelkeep.identification.engine import identify_path, identify_view
from modelkeep.identification.known_families import load_rules
from modelkeep.identification.readers.detect import read_header
from modelkeep.identification.view import ModelView
from support import tiny
from support.rounds import rounds

SIZE = 3_000_000
CONTENT = bytes(range(251)) * (SIZE // 251 + 1)
CONTENT = CONTENT[:SIZE]
PAGE = Page(CONTENT, etag='"v1"')
QUICK = TransferOptions(
    connect_timeout=5, first_byte_timeout=5, idle_timeout=5, tries=3, backoff_base=0.01
)


def remote(url: str) -> RemoteBytes:
    return RemoteBytes(Client(options=QUICK), HttpRequest(url))


def test_it_reads_as_a_local_file(server: FaultServer) -> None:
    file = remote(server.serve("/m", PAGE))
    assert isinstance(file, ReadAt)
    assert file.size == SIZE
    assert file.read_at(0, 8) == CONTENT[:8]
    assert (file.requests, file.bytes_read) == (1, FIRST_BYTES)
    assert file.read_at(SIZE - 10, 10) == CONTENT[-10:]
    assert file.read_at(SIZE - 60_000, 1000) == CONTENT[-60_000:-59_000]
    assert file.requests == 2
    with pytest.raises(CorruptModelError, match="ends at byte 3,000,000"):
        file.read_at(SIZE - 1, 2)


@settings(deadline=None, max_examples=rounds(30))
@given(st.lists(st.tuples(st.integers(0, SIZE), st.integers(0, 600_000)), max_size=6))
def test_any_reads_give_the_bytes_that_are_there(reads: list[tuple[int, int]]) -> None:
    with FaultServer() as server:
        file = remote(server.serve("/m", PAGE))
        for offset, count in reads:
            if offset + count <= SIZE:
                assert file.read_at(offset, count) == CONTENT[offset : offset + count]


def test_a_connection_that_breaks_off_is_tried_again(server: FaultServer) -> None:
    url = server.serve("/m", in_turn(PAGE.but(cut_at=1000), PAGE))
    assert remote(url).read_at(5, 5000) == CONTENT[5:5005]


@pytest.mark.parametrize("code", [429, 503])
def test_a_refusal_that_may_pass_is_tried_again(server: FaultServer, code: int) -> None:
    url = server.serve("/m", in_turn(status(code, ("Retry-After", "0")), PAGE))
    assert remote(url).read_at(5, 5000) == CONTENT[5:5005]
    with pytest.raises(HttpStatusError):
        remote(server.serve("/always", status(code)))
    with pytest.raises(HttpStatusError):
        remote(server.serve("/gone", status(404)))
    assert len(server.asked("/gone")) == 1


def test_parts_that_touch_become_one(server: FaultServer) -> None:
    file = remote(server.serve("/m", PAGE))
    assert file.read_at(FIRST_BYTES - 10, 1_000_000) == CONTENT[FIRST_BYTES - 10 :][:1_000_000]
    assert file.read_at(0, FIRST_BYTES + 500_000) == CONTENT[: FIRST_BYTES + 500_000]
    assert file.requests == 2
    assert file.bytes_read == FIRST_BYTES - 10 + 1_000_000, "nothing is fetched twice"


def test_one_that_always_breaks_off_is_given_up(server: FaultServer) -> None:
    with pytest.raises(ConnectionFailedError):
        remote(server.serve("/m", PAGE.but(cut_at=1000)))


def test_a_server_without_ranges_gives_the_begin_alone(server: FaultServer) -> None:
    file = remote(server.serve("/m", PAGE.but(ranges=False)))
    assert file.read_at(0, 100) == CONTENT[:100]
    with pytest.raises(UnsupportedSourceError, match="does not support range requests"):
        file.read_at(SIZE - 100, 100)


def test_one_of_unknown_length_cannot_be_looked_into(server: FaultServer) -> None:
    with pytest.raises(UnsupportedSourceError, match="does not send the size"):
        remote(server.serve("/m", PAGE.but(ranges=False, chunked=True)))


def test_a_model_is_identified_as_on_the_disk(server: FaultServer, tmp_path: Path) -> None:
    path = tiny.embedding(tmp_path / "one.safetensors", 1)
    with LocalFile(path) as local:
        data = local.read_at(0, local.size)
    file = remote(server.serve("/one.safetensors", Page(data)))
    rules = load_rules()
    view = ModelView("one", ("one",), header=read_header(file, thorough=False), names=rules.names)
    found = identify_view(view, rules=rules, source="one", size=file.size)
    there = identify_path(path, rules=rules)
    assert (found.type, found.base, found.size) == (there.type, there.base, there.size)
