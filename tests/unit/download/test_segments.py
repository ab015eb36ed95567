"""Leases of a file's bytes: nobody writes what another one may write, and all comes at last."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from modelkeep.download.segments import Segment, Segments, merged, missing
from support.rounds import rounds

KIB = 1024
TOTAL = 2048 * KIB
SMALLEST = 64 * KIB


@dataclass
class Reader:
    """A connection: what it was leased, and which of the bytes of its answer comes next."""

    segment: Segment
    next: int


def _nowhere(data: memoryview, position: int) -> None:
    del data, position


class Fetching(RuleBasedStateMachine):
    """Connections that are begun, slow, cut and stuck in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.segments = Segments(TOTAL, min_segment=256 * KIB)
        self.readers: list[Reader] = []
        self.gone: list[Segment] = []
        self.written: list[tuple[int, int]] = []
        self.read = 0
        self.wasted = 0

    def _write(self, data: memoryview, position: int) -> None:
        end = position + len(data)
        assert not any(start < end and position < stop for start, stop in self.written)
        self.written = merged([*self.written, (position, end)])

    @rule(rate=st.sampled_from([0.0, 1e3, 1e8]), request_time=st.sampled_from([0.001, 0.1, 5.0]))
    def begin(self, rate: float, request_time: float) -> None:
        segment = self.segments.take(self.now, rate, request_time=request_time)
        if segment is None:
            assert not self.segments.has_free
        else:
            segment.reach = segment.end
            self.readers.append(Reader(segment, segment.position))
        for reader in [each for each in self.readers if each.segment.was_taken]:
            self._drop(reader)

    @precondition(lambda self: self.readers)
    @rule(which=st.integers(0, 50), kib=st.integers(1, 400))
    def bring(self, which: int, kib: int) -> None:
        reader = self.readers[which % len(self.readers)]
        segment = reader.segment
        count = min(kib * KIB, segment.reach - segment.position)
        end = segment.end
        goes_on = segment.write(memoryview(bytes(count)), self._write, self.now)
        self.read += count
        self.wasted += max(0, reader.next + count - end)
        reader.next += count
        assert goes_on == (segment.position < segment.end)
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
        segment = self.gone[which % len(self.gone)]
        before = list(self.written)
        assert not segment.write(memoryview(bytes(KIB)), self._write, self.now)
        assert self.written == before

    def _drop(self, reader: Reader) -> None:
        self.readers.remove(reader)
        reader.segment.release()
        self.gone.append(reader.segment)

    @invariant()
    def nobody_shares_a_byte(self) -> None:
        live = sorted((each.position, each.end) for each in self.segments.live)
        assert all(one[1] <= other[0] for one, other in pairwise(live))
        done = self.segments.done_ranges()
        for start, end in ((a, b) for a, b in live if a < b):
            assert not any(a < end and start < b for a, b in done)

    @invariant()
    def what_is_done_was_written_once(self) -> None:
        assert self.written == self.segments.done_ranges()
        assert self.segments.received == sum(end - start for start, end in self.written)
        assert self.read - self.wasted == self.segments.received

    def teardown(self) -> None:
        for _ in range(10_000):
            if self.segments.is_complete:
                break
            self.now += 1.0
            self.begin(0.0, 1.0)
            if self.readers:
                self.bring(0, 400)
        assert self.segments.is_complete
        assert self.segments.done_ranges() == [(0, TOTAL)]


TestFetching = Fetching.TestCase
TestFetching.settings = settings(max_examples=rounds(100), stateful_step_count=40, deadline=None)


def test_a_rest_goes_back_to_the_answer_that_has_it() -> None:
    segments = Segments(TOTAL, min_segment=SMALLEST)
    first = segments.take(0.0)
    assert first is not None
    first.reach = TOTAL
    second = segments.take(0.1)
    assert second is not None
    assert first.end == second.start
    second.release()
    assert first.end == TOTAL
    assert not segments.has_free


def test_a_rest_beyond_the_answer_is_free() -> None:
    segments = Segments(TOTAL, min_segment=SMALLEST)
    first = segments.take(0.0)
    second = segments.take(0.1)
    assert first is not None
    assert second is not None
    first.reach = first.end
    second.release()
    third = segments.take(0.2, free_only=True)
    assert third is not None
    assert (third.start, third.end) == (second.start, TOTAL)


def test_one_that_is_stuck_while_others_go_on_loses_its_rest() -> None:
    segments = Segments(1000, min_segment=SMALLEST)
    stuck = segments.take(0.0)
    assert stuck is not None
    assert segments.take(2.0) is None  # nothing shows that it is not the line
    assert segments.take(4.0) is not None
    assert stuck.was_taken


def test_a_line_that_is_stuck_as_a_whole_changes_nothing() -> None:
    segments = Segments(4 * SMALLEST, min_segment=10 * SMALLEST)
    taken: list[Segment] = []
    for _ in range(2):
        segment = segments.take(0.0, free_only=not taken)
        assert segment is not None
        segment.write(memoryview(bytes(100)), _nowhere, 0.5)
        taken.append(segment)
    segments.take(1.6)
    assert not any(segment.was_taken for segment in taken)


def test_a_length_that_is_known_late_ends_the_file() -> None:
    segments = Segments(None)
    segment = segments.take(0.0)
    assert segment is not None
    assert segment.write(memoryview(bytes(10)), _nowhere, 0.0)
    assert segments.take(0.0) is None
    segments.end_at(10)
    segment.release()
    assert segments.is_complete
    assert segments.done_ranges() == [(0, 10)]


def test_an_empty_file_is_complete() -> None:
    assert Segments(0).is_complete


def test_what_was_done_before_is_not_given_out() -> None:
    segments = Segments(100, [(10, 20), (15, 40), (90, 100)])
    found = []
    while segment := segments.take(0.0, free_only=True):
        found.append((segment.start, segment.end))
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
