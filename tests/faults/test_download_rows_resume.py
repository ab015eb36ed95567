"""Downloads that break off, and servers that are wrong about ranges: the bytes are right anyway."""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path
from typing import Any

import pytest

from faults.pages import Page, Request, in_turn, once, status, times
from faults.server import FaultServer
from modelkeep.errors import (
    ConnectionFailedError,
    HashMismatchError,
    HttpStatusError,
    ProtocolError,
)
from support.downloads import MIB, Fetch, data, left

SEEDS = range(int(os.environ.get("MODELKEEP_FAULT_SEEDS", "2")))
SIZE = 300_001
MIDDLE = SIZE // 2
OLD, NEW = data(SIZE, 1), data(SIZE, 2)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# 1: the connection ends in the middle of a file


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("place", ["first", "second", "middle", "last"])
def test_1_a_cut_file_is_resumed_where_it_was(
    server: FaultServer, tmp_path: Path, place: str, seed: int, fetch: Fetch
) -> None:
    dice = random.Random(f"{place}{seed}")
    content = data(dice.randrange(2, 400_000), seed)
    middle = dice.randrange(len(content))
    cut = {"first": 0, "second": 1, "middle": middle, "last": len(content) - 1}[place]
    page = Page(content, etag='"v1"')
    how = dice.choice(["reset", "close"])
    url = server.serve("/m", once(page.but(cut_at=cut, how=how), page, cut))
    outcome = fetch(url, tmp_path / "m.bin")
    assert outcome.file.read_bytes() == content
    assert left(tmp_path) == ["m.bin"]
    first, second = server.requests
    assert first.range is None
    # A reset takes what the client's system had not handed out yet.
    assert cut - (16 * 1024 if how == "reset" else 0) <= second.start <= cut
    assert second.headers.get("if-range") == ('"v1"' if second.start else None)
    assert server.sent == len(content) + cut - second.start


@pytest.mark.parametrize("seed", SEEDS)
def test_1_cuts_of_many_connections_are_mended(
    server: FaultServer, tmp_path: Path, seed: int, fetch: Fetch
) -> None:
    dice = random.Random(seed)
    content = data(6 * MIB + dice.randrange(MIB), seed)
    page = Page(content, etag='"v1"', rate=6e6)
    cuts = [dice.randrange(MIB) for _ in range(6)]

    def script(request: Request) -> Page:
        del request
        return page.but(cut_after=cuts.pop(), how=dice.choice(["reset", "close"])) if cuts else page

    outcome = fetch(server.serve("/m", script), tmp_path / "m.bin", segments=8, tries=8)
    assert outcome.file.read_bytes() == content
    assert left(tmp_path) == ["m.bin"]
    assert server.sent <= 1.5 * len(content)


def test_1_what_came_is_kept_when_the_tries_are_used_up(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    content = data(3 * MIB, 3)
    page = Page(content, etag='"v1"')
    url = server.serve("/m", once(page.but(cut_at=MIB), page.but(cut_after=0)))
    outcome = fetch(url, tmp_path / "m.bin", tries=3)
    error = outcome.failure(ConnectionFailedError)
    assert "127.0.0.1" in str(error)
    assert "3 tries" in str(error)
    assert "1.0 of 3.1 MB" in str(error)
    assert error.hint
    assert left(tmp_path) == ["m.bin.part", "m.bin.part.json"]
    asked = len(server.requests)
    server.serve("/m", page)
    assert fetch(url, tmp_path / "m.bin").file.read_bytes() == content
    assert [request.range for request in server.requests[asked:]] == [(MIB, None)]
    assert left(tmp_path) == ["m.bin"]


def test_1_a_partial_file_that_is_not_ours_is_not_gone_on_with(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    (tmp_path / "m.bin.part").write_bytes(b"somebody else's work")
    url = server.serve("/m", Page(OLD, etag='"v1"'))
    outcome = fetch(url, tmp_path / "m.bin")
    kept = [(tmp_path / name).read_bytes() for name in left(tmp_path)]
    assert b"somebody else's work" in kept
    assert outcome.error is not None or outcome.file.read_bytes() == OLD
    assert all(request.start == 0 for request in server.requests)


# 2: the server answers a range with the whole file


@pytest.mark.parametrize("etag", ['"v1"', None])
def test_2_a_whole_file_in_answer_to_a_range_starts_anew(
    server: FaultServer, tmp_path: Path, etag: str | None, fetch: Fetch
) -> None:
    page = Page(OLD, etag=etag)
    whole = page.but(ranges=False)
    url = server.serve("/m", page.but(cut_at=MIDDLE), whole)
    outcome = fetch(url, tmp_path / "m.bin", sha256=_sha256(OLD))
    assert outcome.file.read_bytes() == OLD
    assert server.requests[1].start == MIDDLE
    assert len(server.requests) == 2
    assert left(tmp_path) == ["m.bin"]


def test_2_a_shorter_whole_file_leaves_nothing_of_the_longer_one(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    url = server.serve(
        "/m", Page(OLD, etag='"v1"', cut_at=MIDDLE), Page(NEW[:1000], etag='"v2"', ranges=False)
    )
    assert fetch(url, tmp_path / "m.bin").file.read_bytes() == NEW[:1000]


@pytest.mark.parametrize("has_etag", [True, False])
def test_2_a_part_with_status_200_is_taken_for_the_part_that_it_names(
    server: FaultServer, tmp_path: Path, has_etag: bool, fetch: Fetch
) -> None:
    page = Page(OLD, etag='"v1"' if has_etag else None, part_status=200)
    url = server.serve("/m", page.but(cut_at=MIDDLE), page)
    outcome = fetch(url, tmp_path / "m.bin", sha256=None if has_etag else _sha256(OLD))
    assert outcome.file.read_bytes() == OLD
    assert [request.start for request in server.requests] == [0, MIDDLE]
    assert server.sent == SIZE


def test_2_parts_with_status_200_are_fetched_by_many_connections(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    content = data(8 * MIB, 4)
    page = Page(content, etag='"v1"', rate=4e6, part_status=200)
    outcome = fetch(server.serve("/m", page), tmp_path / "m.bin", segments=8)
    assert outcome.file.read_bytes() == content
    assert server.most_parallel["/m"] > 2
    assert server.sent < 1.5 * len(content)


_PARTS: dict[str, dict[str, Any]] = {
    "begin": {"body": OLD[:MIDDLE], "said": f"bytes 0-{MIDDLE - 1}/{SIZE}"},
    "end": {"body": OLD[MIDDLE:], "said": f"bytes {MIDDLE}-{SIZE - 1}/{SIZE}"},
    "unknown-total": {"body": OLD[:MIDDLE], "said": f"bytes 0-{MIDDLE - 1}/*"},
    "other-unit": {"body": OLD[:MIDDLE], "said": f"items 0-{MIDDLE - 1}/{SIZE}"},
    "longer-than-it-says": {"body": OLD, "said": f"bytes 0-{MIDDLE - 1}/{SIZE}"},
    "no-length": {"body": OLD[:MIDDLE], "said": f"bytes 0-{MIDDLE - 1}/{SIZE}", "lengths": ()},
    "chunked": {"body": OLD[:MIDDLE], "said": f"bytes 0-{MIDDLE - 1}/{SIZE}", "chunked": True},
    "whole-but-shorter": {"body": OLD[:MIDDLE], "said": f"bytes 0-{SIZE - 1}/{SIZE}"},
}


def _part_for_all(part: str) -> Page:
    changes = dict(_PARTS[part])
    said = changes.pop("said")
    return Page(OLD, 200, headers=(("Content-Range", said),)).but(**changes)


@pytest.mark.parametrize("part", _PARTS)
def test_2_a_part_in_place_of_the_whole_file_begins_it_again(
    server: FaultServer, tmp_path: Path, part: str, fetch: Fetch
) -> None:
    url = server.serve("/m", _part_for_all(part), Page(OLD))
    assert fetch(url, tmp_path / "m.bin").file.read_bytes() == OLD
    assert left(tmp_path) == ["m.bin"]


@pytest.mark.parametrize("part", _PARTS)
@pytest.mark.parametrize("segments", [1, 8])
def test_2_a_part_in_place_of_the_whole_file_is_never_published(
    server: FaultServer, tmp_path: Path, part: str, segments: int, fetch: Fetch
) -> None:
    url = server.serve("/m", _part_for_all(part))
    outcome = fetch(url, tmp_path / "m.bin", segments=segments)
    assert "127.0.0.1" in str(outcome.failure(ConnectionFailedError, ProtocolError))
    assert left(tmp_path) == []
    assert len(server.requests) <= 10


@pytest.mark.parametrize("etag", ['"v1"', None], ids=["etag", "none"])
@pytest.mark.parametrize("status", [200, 206])
def test_2_half_a_file_that_never_goes_on_is_begun_three_times(
    server: FaultServer, tmp_path: Path, status: int, etag: str | None, fetch: Fetch
) -> None:
    url = server.serve("/m", _part_for_all("begin").but(status=status, etag=etag))
    error = fetch(url, tmp_path / "m.bin", tries=10).failure(ProtocolError)
    assert "arrived incomplete 3 times" in str(error)
    assert [request.range for request in server.requests].count(None) == 3
    assert left(tmp_path) == []


@pytest.mark.parametrize("said", [f"bytes 0-{SIZE - 1}/{SIZE}", f"bytes */{SIZE}"])
def test_2_a_range_that_covers_all_of_a_file_changes_nothing(
    server: FaultServer, tmp_path: Path, said: str, fetch: Fetch
) -> None:
    url = server.serve("/m", Page(OLD, 200, headers=(("Content-Range", said),)))
    assert fetch(url, tmp_path / "m.bin").file.read_bytes() == OLD
    assert len(server.requests) == 1


# 3: 206 answers that are wrong

_WRONG: dict[str, dict[str, Any]] = {
    "starts-later": {"shift": 5, "content_range": f"bytes {MIDDLE + 5}-{SIZE - 1}/{SIZE}"},
    "starts-earlier": {"shift": -5, "content_range": f"bytes {MIDDLE - 5}-{SIZE - 6}/{SIZE}"},
    "starts-at-0": {"shift": -MIDDLE, "content_range": f"bytes 0-{SIZE - MIDDLE - 1}/{SIZE}"},
    "larger-total": {"shift": -1, "content_range": f"bytes {MIDDLE}-{SIZE - 1}/{SIZE + 1}"},
    "smaller-total": {"shift": -1, "content_range": f"bytes {MIDDLE}-{SIZE - 2}/{SIZE - 1}"},
    "no-content-range": {"shift": -1, "content_range": ""},
    "multipart": {
        "body": OLD[:MIDDLE] + b"--x\r\nContent-Range: bytes 0-9/10\r\n\r\n" + OLD[MIDDLE:],
        "content_type": "multipart/byteranges; boundary=x",
        "content_range": "",
    },
    "other-unit": {"shift": -1, "content_range": f"items {MIDDLE}-{SIZE - 1}/{SIZE}"},
    "ends-before-it-starts": {"shift": -1, "content_range": f"bytes {MIDDLE}-{MIDDLE - 1}/{SIZE}"},
    "garbage": {"shift": -1, "content_range": "bytes soon"},
    "ends-past-the-total": {"shift": -1, "content_range": f"bytes {MIDDLE}-{SIZE + 9}/{SIZE}"},
    "longer-than-it-says": {
        "body": OLD[:MIDDLE] + bytes(10) + OLD[MIDDLE:],
        "content_range": f"bytes {MIDDLE}-{SIZE - 1}/{SIZE}",
    },
    "two-content-ranges": {
        "shift": -1,
        "headers": (("Content-Range", f"bytes {MIDDLE - 1}-{SIZE - 2}/{SIZE}"),) * 2
        + (("Content-Range", f"bytes {MIDDLE}-{SIZE - 1}/{SIZE}"),),
    },
}


@pytest.mark.parametrize("wrong", _WRONG)
def test_3_a_wrong_206_is_thrown_away(
    server: FaultServer, tmp_path: Path, wrong: str, fetch: Fetch
) -> None:
    page = Page(OLD, etag='"v1"')
    liar = page.but(status=206, **_WRONG[wrong])

    def script(request: Request) -> Page:
        if request.number == 0:
            return page.but(cut_at=MIDDLE)
        return liar if request.range else page

    outcome = fetch(server.serve("/m", script), tmp_path / "m.bin")
    assert outcome.file.read_bytes() == OLD
    assert server.requests[1].start == MIDDLE
    assert server.requests[-1].range is None
    assert left(tmp_path) == ["m.bin"]


def test_3_both_offsets_are_named_in_the_log(
    server: FaultServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, fetch: Fetch
) -> None:
    page = Page(OLD, etag='"v1"')
    later = page.but(content_range=f"bytes {MIDDLE + 5}-{SIZE - 1}/{SIZE}", shift=5)
    url = server.serve("/m", page.but(cut_at=MIDDLE), later, page)
    fetch(url, tmp_path / "m.bin")
    assert str(MIDDLE) in caplog.text
    assert str(MIDDLE + 5) in caplog.text


def test_3_a_206_to_a_plain_request_counts_only_when_it_is_the_whole_file(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    part = Page(OLD, 206, content_range=f"bytes 10-{SIZE - 1}/{SIZE}", shift=10, lengths=())
    outcome = fetch(server.serve("/m", part), tmp_path / "m.bin", tries=2)
    assert outcome.error is not None
    assert "m.bin" not in left(tmp_path)


# 4: another version of the file, and servers that say little about versions


@pytest.mark.parametrize("obeys", [True, False], ids=["if-range-obeyed", "if-range-ignored"])
def test_4_a_new_version_is_fetched_from_its_start(
    server: FaultServer, tmp_path: Path, obeys: bool, fetch: Fetch
) -> None:
    new = Page(NEW, etag='"v2"')

    def script(request: Request) -> Page:
        if request.number == 0:
            return Page(OLD, etag='"v1"', cut_at=MIDDLE)
        if not obeys:
            request.headers.pop("if-range", None)
        return new

    outcome = fetch(server.serve("/m", script), tmp_path / "m.bin")
    assert outcome.file.read_bytes() == NEW
    assert left(tmp_path) == ["m.bin"]


@pytest.mark.parametrize("etag", ['W/"v1"', None], ids=["weak", "none"])
def test_4_without_a_strong_validator_it_starts_anew(
    server: FaultServer, tmp_path: Path, etag: str | None, fetch: Fetch
) -> None:
    url = server.serve("/m", Page(OLD, etag=etag, cut_at=MIDDLE), Page(NEW, etag=etag))
    outcome = fetch(url, tmp_path / "m.bin")
    assert outcome.file.read_bytes() == NEW
    assert not any("if-range" in request.headers for request in server.requests)
    assert left(tmp_path) == ["m.bin"]


@pytest.mark.parametrize("etag", ['W/"v1"', None], ids=["weak", "none"])
def test_4_a_known_hash_lets_it_be_resumed_without(
    server: FaultServer, tmp_path: Path, etag: str | None, fetch: Fetch
) -> None:
    url = server.serve("/m", Page(OLD, etag=etag, cut_at=MIDDLE), Page(OLD, etag=etag))
    outcome = fetch(url, tmp_path / "m.bin", sha256=_sha256(OLD))
    assert outcome.file.read_bytes() == OLD
    assert [request.start for request in server.requests] == [0, MIDDLE]
    assert server.sent == SIZE


def test_4_and_the_hash_finds_two_versions_that_were_joined(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    url = server.serve("/m", Page(OLD, cut_at=MIDDLE), Page(NEW))
    outcome = fetch(url, tmp_path / "m.bin", sha256=_sha256(NEW))
    assert outcome.file.read_bytes() == NEW
    assert [request.start for request in server.requests] == [0, MIDDLE, 0]


@pytest.mark.parametrize("obeys", [True, False], ids=["if-range-obeyed", "if-range-ignored"])
def test_4_etags_that_always_differ_leave_one_connection(
    server: FaultServer, tmp_path: Path, obeys: bool, fetch: Fetch
) -> None:
    content = data(8 * MIB, 4)

    def script(request: Request) -> Page:
        if not obeys:
            request.headers.pop("if-range", None)
        return Page(content, etag=f'"v{request.number}"', rate=8e6)

    outcome = fetch(server.serve("/m", script), tmp_path / "m.bin", segments=8)
    assert outcome.file.read_bytes() == content
    assert left(tmp_path) == ["m.bin"]
    assert len(server.requests) < 20


def test_4_etags_that_always_differ_end_a_download_that_breaks_off(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    content = data(6 * MIB, 4)

    def script(request: Request) -> Page:
        return Page(content, etag=f'"v{request.number}"', rate=16e6, cut_at=4 * MIB)

    outcome = fetch(server.serve("/m", script), tmp_path / "m.bin", segments=8)
    error = outcome.failure(ProtocolError)
    assert "127.0.0.1" in str(error)
    assert "another ETag" in str(error)
    assert left(tmp_path) == []
    assert len(server.requests) < 20
    assert server.sent < 8 * len(content)


def test_4_a_known_hash_joins_what_has_differing_etags(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    cuts = [SIZE // 5 * part for part in (1, 2, 3, 4)]

    def script(request: Request) -> Page:
        page = Page(OLD, etag=f'"v{request.number}"')
        return page.but(cut_at=cuts[request.number]) if request.number < len(cuts) else page

    outcome = fetch(server.serve("/m", script), tmp_path / "m.bin", sha256=_sha256(OLD))
    assert outcome.file.read_bytes() == OLD
    assert server.requests[-1].start == cuts[-1]


# 5: 416


def test_5_a_file_that_became_shorter_starts_anew(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    def script(request: Request) -> Page:
        if request.number == 0:
            return Page(OLD, etag='"v1"', cut_at=SIZE - 10)
        request.headers.pop("if-range", None)
        return Page(NEW[:1000], etag='"v2"')

    outcome = fetch(server.serve("/m", script), tmp_path / "m.bin")
    assert outcome.file.read_bytes() == NEW[:1000]
    assert left(tmp_path) == ["m.bin"]


def test_5_a_416_completes_a_file_of_known_size_and_hash(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    url = server.serve(
        "/m",
        Page(OLD, etag='"v1"', chunked=True, cut_at=SIZE),
        status(416, ("Content-Range", f"bytes */{SIZE}")),
    )
    outcome = fetch(url, tmp_path / "m.bin", size=SIZE, sha256=_sha256(OLD))
    assert outcome.file.read_bytes() == OLD
    assert server.sent == SIZE


def test_5_a_416_completes_nothing_whose_hash_is_wrong(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    def script(request: Request) -> Page:
        if request.number == 0:
            return Page(OLD, etag='"v1"', chunked=True, cut_at=SIZE)
        if request.range:
            return status(416, ("Content-Range", f"bytes */{SIZE}"))
        return Page(OLD, etag='"v1"')

    outcome = fetch(
        server.serve("/m", script), tmp_path / "m.bin", size=SIZE, sha256=_sha256(NEW), tries=3
    )
    error = outcome.failure(HashMismatchError)
    assert _sha256(NEW)[:8] in str(error)
    assert "m.bin" not in left(tmp_path)


def test_5_a_server_that_says_416_to_everything_is_given_up(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    url = server.serve("/m", times(1, Page(OLD, etag='"v1"', cut_at=MIDDLE), status(416)))
    outcome = fetch(url, tmp_path / "m.bin")
    outcome.failure(HttpStatusError)
    assert "m.bin" not in left(tmp_path)
    assert len(server.requests) <= 8


def test_2_to_5_answers_in_any_order_never_make_a_wrong_file(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    """Whatever of this comes together, the file is one whole version or not there."""
    versions = {OLD: '"v1"', NEW: '"v2"'}
    for seed in range(len(SEEDS) * 10):
        dice = random.Random(seed)
        bodies = [dice.choice([OLD, NEW]) for _ in range(4)]
        pages = [
            Page(
                body,
                etag=dice.choice([versions[body], 'W/"same"', None]),
                cut_at=dice.choice([None, 0, 1, MIDDLE, SIZE - 1]),
                ranges=dice.random() < 0.8,
            )
            for body in bodies
        ]
        url = server.serve(f"/{seed}", in_turn(*pages, Page(NEW, etag='"v2"')))
        outcome = fetch(url, tmp_path / f"{seed}.bin")
        if isinstance(outcome.error, ProtocolError):  # its version changed all the time
            assert not (tmp_path / f"{seed}.bin").exists()
        else:
            assert outcome.file.read_bytes() in {OLD, NEW}, pages
