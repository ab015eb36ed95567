"""Leases of a file's bytes: nobody writes what another one may write, and all comes at last."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from modelkeep.download.pieces import Lease, Pieces, merged, missing
from support.rounds import rounds

KIB = 1024
TOTAL = 2048 * KIB
SMALLEST = 64 * KIB


@dataclass
class Reader:
    """A connection: what it was leased, and which of the bytes of its answer comes next."""

    lease: Lease
    next: int


def _nowhere(data: memoryview, position: int) -> None:
    del data, position


class Fetching(RuleBasedStateMachine):
    """Connections that are begun, slow, cut and stuck in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.pieces = Pieces(TOTAL, min_segment=256 * KIB)
        self.readers: list[Reader] = []
        self.gone: list[Lease] = []
        self.written: list[tuple[int, int]] = []
        self.read = 0
        self.wasted = 0

    def _write(self, data: memoryview, position: int) -> None:
        end = position + len(data)
        assert not any(start < end and position < stop for start, stop in self.written)
        self.written = merged([*self.written, (position, end)])

    @rule(rate=st.sampled_from([0.0, 1e3, 1e8]), patience=st.sampled_from([1.0, 30.0]))
    def begin(self, rate: float, patience: float) -> None:
        lease = self.pieces.lease(self.now, rate, patience=patience)
        if lease is None:
            assert not self.pieces.has_free
        else:
            lease.reach = lease.end
            self.readers.append(Reader(lease, lease.position))
        for reader in [each for each in self.readers if each.lease.was_taken]:
            self._drop(reader)

    @precondition(lambda self: self.readers)
    @rule(which=st.integers(0, 50), kib=st.integers(1, 400))
    def bring(self, which: int, kib: int) -> None:
        reader = self.readers[which % len(self.readers)]
        lease = reader.lease
        count = min(kib * KIB, lease.reach - lease.position)
        end = lease.end
        goes_on = lease.write(memoryview(bytes(count)), self._write, self.now)
        self.read += count
        self.wasted += max(0, reader.next + count - end)
        reader.next += count
        assert goes_on == (lease.position < lease.end)
        if not goes_on:
            self._drop(reader)

    @precondition(lambda self: self.readers)
    @rule(which=st.integers(0, 50))
    def cut(self, which: int) -> None:
        self._drop(self.readers[which % len(self.readers)])

    @rule(seconds=st.sampled_from([0.01, 0.4, 2.0, 40.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.gone)
    @rule(which=st.integers(0, 50))
    def come_late(self, which: int) -> None:
        lease = self.gone[which % len(self.gone)]
        before = list(self.written)
        assert not lease.write(memoryview(bytes(KIB)), self._write, self.now)
        assert self.written == before

    def _drop(self, reader: Reader) -> None:
        self.readers.remove(reader)
        reader.lease.release()
        self.gone.append(reader.lease)

    @invariant()
    def nobody_shares_a_byte(self) -> None:
        live = sorted((each.position, each.end) for each in self.pieces.live)
        assert all(one[1] <= other[0] for one, other in pairwise(live))
        done = self.pieces.done_ranges()
        for start, end in ((a, b) for a, b in live if a < b):
            assert not any(a < end and start < b for a, b in done)

    @invariant()
    def what_is_done_was_written_once(self) -> None:
        assert self.written == self.pieces.done_ranges()
        assert self.pieces.received == sum(end - start for start, end in self.written)
        assert self.read - self.wasted == self.pieces.received

    def teardown(self) -> None:
        for _ in range(10_000):
            if self.pieces.is_complete:
                break
            self.now += 1.0
            self.begin(0.0, 1.0)
            if self.readers:
                self.bring(0, 400)
        assert self.pieces.is_complete
        assert self.pieces.done_ranges() == [(0, TOTAL)]


TestFetching = Fetching.TestCase
TestFetching.settings = settings(max_examples=rounds(100), stateful_step_count=40, deadline=None)


def test_a_rest_goes_back_to_the_answer_that_has_it() -> None:
    pieces = Pieces(TOTAL, min_segment=SMALLEST)
    first = pieces.lease(0.0)
    assert first is not None
    first.reach = TOTAL
    second = pieces.lease(0.1)
    assert second is not None
    assert first.end == second.start
    second.release()
    assert first.end == TOTAL
    assert not pieces.has_free


def test_a_rest_beyond_the_answer_is_free() -> None:
    pieces = Pieces(TOTAL, min_segment=SMALLEST)
    first = pieces.lease(0.0)
    second = pieces.lease(0.1)
    assert first is not None
    assert second is not None
    first.reach = first.end
    second.release()
    third = pieces.lease(0.2, free_only=True)
    assert third is not None
    assert (third.start, third.end) == (second.start, TOTAL)


def test_one_that_is_stuck_while_others_go_on_loses_its_rest() -> None:
    pieces = Pieces(1000, min_segment=SMALLEST)
    stuck = pieces.lease(0.0)
    assert stuck is not None
    assert pieces.lease(2.0) is None  # nothing shows that it is not the line
    assert pieces.lease(4.0) is not None
    assert stuck.was_taken


def test_a_line_that_is_stuck_as_a_whole_changes_nothing() -> None:
    pieces = Pieces(4 * SMALLEST, min_segment=10 * SMALLEST)
    leases: list[Lease] = []
    for _ in range(2):
        lease = pieces.lease(0.0, free_only=not leases)
        assert lease is not None
        lease.write(memoryview(bytes(100)), _nowhere, 0.5)
        leases.append(lease)
    pieces.lease(1.6)
    assert not any(lease.was_taken for lease in leases)


def test_a_length_that_is_known_late_ends_the_file() -> None:
    pieces = Pieces(None)
    lease = pieces.lease(0.0)
    assert lease is not None
    assert lease.write(memoryview(bytes(10)), _nowhere, 0.0)
    assert pieces.lease(0.0) is None
    pieces.end_at(10)
    lease.release()
    assert pieces.is_complete
    assert pieces.done_ranges() == [(0, 10)]


def test_an_empty_file_is_complete() -> None:
    assert Pieces(0).is_complete


def test_what_was_done_before_is_not_given_out() -> None:
    pieces = Pieces(100, [(10, 20), (15, 40), (90, 100)])
    found = []
    while lease := pieces.lease(0.0, free_only=True):
        found.append((lease.start, lease.end))
    assert found == [(0, 10), (40, 90)]


_ranges = st.lists(
    st.tuples(st.integers(0, 99), st.integers(0, 99)).map(lambda r: (min(r), max(r)))
)


@settings(max_examples=rounds(200))
@given(_ranges)
def test_missing_is_what_is_not_merged(ranges: list[tuple[int, int]]) -> None:
    done = {byte for start, end in ranges for byte in range(start, end)}
    assert {byte for start, end in merged(ranges) for byte in range(start, end)} == done
    rest = {byte for start, end in missing(ranges, 100) for byte in range(start, end)}
    assert rest == set(range(100)) - done
