"""The memory that chunks have taken sets how many events the next ones have."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from pathlib import Path

import pytest
from coffea.processor.executor import WorkItem
from hypothesis import given
from hypothesis import strategies as st

import dtperf
from dtperf.errors import DtperfError
from dtperf.execution.attempt import Outcome
from dtperf.execution.chunk_meta import meta_of
from dtperf.execution.chunk_sizes import GROWTH, LEAST, ChunkSizes
from dtperf.execution.executor import ChunkExecutor, ChunkResult, Update
from dtperf.execution.planning import LARGEST, USED
from dtperf.execution.pools import FinishedAttempts, InProcessPool
from tests.helpers.golden import GOLDEN

BASE = 300_000_000


def whole(events: int) -> WorkItem:
    return WorkItem("", "a.root", "Events", 0, events, bytes(16))


def outcomes(of_event: int, fixed: int = 0) -> Callable[[int], Outcome]:
    """A process whose memory grows by so much with each event of its largest chunk."""
    peak = BASE

    def measured(events: int) -> Outcome:
        nonlocal peak
        before, peak = peak, max(peak, BASE + fixed + events * of_event)
        return Outcome(None, 0, 1.0, "w", memory=peak, memory_before=before)

    return measured


def work(sizes: ChunkSizes, events: int, measure: Callable[[int], Outcome]) -> Iterator[WorkItem]:
    for item in sizes.cut([whole(events)]):
        sizes.note(len(item), measure(len(item)))
        yield item


@given(
    memory=st.integers(700_000_000, 20_000_000_000),
    expected=st.integers(500, 200_000),
    truth=st.integers(500, 200_000),
    fixed=st.integers(0, 50_000_000),
)
def test_chunks_fit_whatever_was_expected(
    memory: int, expected: int, truth: int, fixed: int
) -> None:
    sizes, total = ChunkSizes(memory, expected), 3_000_000
    first = sizes.events
    items = [item for item, _ in zip(work(sizes, total, outcomes(truth, fixed)), range(60))]  # noqa: B905
    # nothing is lost or twice
    assert items[0].entrystart == 0
    assert all(one.entrystop == other.entrystart for one, other in pairwise(items))
    for one, other in pairwise(map(len, items)):
        assert other <= GROWTH * one or one < sizes.events
    # what is had once is not an event's; there is a least chunk, whatever an event takes
    last = len(items[-2])
    if last > LEAST * first and len(items) < 60:
        assert BASE + last * truth <= USED * memory


def test_what_takes_less_than_expected_is_read_in_larger_chunks() -> None:
    sizes = ChunkSizes(2_000_000_000, 45_000)
    expected = sizes.events
    items = [*work(sizes, 1_000_000, outcomes(10_000))]
    assert len(items[0]) < expected / 2
    assert max(map(len, items)) > 3 * expected


def test_chunks_are_small_until_a_worker_has_ended_two_however_many_are_asked_for() -> None:
    sizes = ChunkSizes(2_000_000_000, 3_000)
    expected, cut = sizes.events, sizes.cut([whole(20_000_000)])
    asked_for = [len(next(cut)) for _ in range(64)]
    assert max(asked_for) <= expected / 4
    measured = outcomes(2_000)
    sizes.note(asked_for[0], measured(asked_for[0]))
    assert len(next(cut)) == asked_for[0]
    sizes.note(asked_for[0], measured(asked_for[0]))
    assert len(next(cut)) > max(asked_for)


@pytest.mark.parametrize(("workers", "first"), [(2, 16), (100, 200)])
def test_few_small_chunks_are_handed_in_before_one_has_ended(workers: int, first: int) -> None:
    most: list[int] = []

    class Greedy(InProcessPool):
        capacity = 5000

        def collect(self, timeout: float, *, last: bool) -> list[FinishedAttempts]:
            most.append(len(self._waiting))
            return super().collect(timeout, last=last)

    pool, sizes = Greedy(), ChunkSizes(None, 3_000)
    pool.workers = workers

    def note(update: Update) -> None:
        for each in update.ended:
            sizes.note(len(each.item), each.outcome)

    executor = ChunkExecutor(pool=pool, on_progress=note, cut=sizes.cut, ahead=sizes.ahead)
    executor([whole(100_000_000)], lambda item: {"out": None, "bytes": len(item)}, None)
    assert most[0] == first
    assert max(most) > 2 * first


def test_where_nothing_tells_of_memory_chunks_are_as_large_as_expected() -> None:
    sizes = ChunkSizes(2_000_000_000, 3_000)
    expected, cut = sizes.events, sizes.cut([whole(20_000_000)])
    # workers of a run before this one have had as much already
    for _ in range(2):
        sizes.note(len(next(cut)), Outcome(None, 0, 1.0, "w", memory=BASE, memory_before=BASE))
    assert len(next(cut)) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("had", [0, 1_900_000_000])
def test_what_a_worker_has_had_before_or_loads_at_first_does_not_count(had: int) -> None:
    libraries, of_event = 250_000_000, 20_000
    sizes, peak, loaded = ChunkSizes(2_000_000_000, 45_000), BASE + had, 0
    largest = 0
    for item in islice(sizes.cut([whole(10_000_000)]), 40):
        if is_pilot := meta_of(item).is_pilot:
            peak = BASE + loaded  # as `give_back` does
        before, loaded = peak, libraries
        peak = max(peak, BASE + libraries + of_event * len(item))
        sizes.note(len(item), Outcome(None, 0, 1.0, "w", 0.0, peak, "", 0.0, before, is_pilot))
        largest = max(largest, len(item))
    fitting = (USED * 2_000_000_000 - BASE - libraries) / of_event
    assert 0.9 * fitting < largest <= fitting


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not begin anew")
def test_a_run_in_a_process_that_has_had_more_cuts_as_the_first_one() -> None:
    """In a process of its own: tests before this one would have filled it."""
    program = """
import numpy
from coffea.processor.executor import WorkItem
from dtperf.execution.attempt import run_chunk
from dtperf.execution.chunk_sizes import ChunkSizes
from dtperf.memory import keep_freed, peak_memory_bytes
BLOCK = 50  # events whose arrays are 1 MB
def arrays(blocks):
    return [numpy.ones(1 << 20, numpy.uint8) for _ in range(blocks)]
def measured(item):
    arrays(len(item) // BLOCK)
    return {"out": None, "bytes": 0}
def largest():
    # four times what an event takes is expected: the first ones are small
    sizes, most = ChunkSizes(limit, 80_000), 0
    for item in sizes.cut([WorkItem("", "a.root", "Events", 0, 200_000, bytes(16))]):
        sizes.note(len(item), run_chunk(measured, item)[1])
        most = max(most, len(item))
    return most
keep_freed()
limit = peak_memory_bytes() + 500_000_000
first = largest()
arrays(450)
print(first, largest())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    first, later = map(int, done.stdout.split())
    assert later == pytest.approx(first, rel=0.1)


def test_chunks_of_a_worker_may_be_known_in_any_order() -> None:
    measured, found = outcomes(25_000), set()
    ended = [measured(20_000), measured(20_100)]
    for order in (ended, ended[::-1]):
        sizes = ChunkSizes(1_500_000_000, 10_000)
        for outcome in order:
            sizes.note(20_000, outcome)
        found.add(sizes.events)
    assert len(found) == 1


def test_without_a_limit_chunks_are_no_larger_than_gains_something() -> None:
    sizes = ChunkSizes(None, 3_000)
    assert max(map(len, work(sizes, 5_000_000, outcomes(500)))) <= LARGEST


def test_a_chunk_that_raised_nothing_tells_nothing() -> None:
    sizes = ChunkSizes(None, 3_000)
    before = sizes.events
    sizes.note(1000, Outcome(None, 0, 1.0, "w", memory=BASE, memory_before=BASE))
    sizes.note(1000, Outcome(DtperfError("x"), 0, 1.0, "w", memory=9 * BASE, memory_before=BASE))
    assert sizes.events == before


def test_few_events_are_cut_as_ever() -> None:
    sizes = ChunkSizes(None, 3_000)
    assert [len(item) for item in sizes.cut([whole(1000)])] == [1000]


class Killing(InProcessPool):
    """Workers that die of chunks with more events than this."""

    most = 300

    def collect(self, timeout: float, *, last: bool) -> list[FinishedAttempts]:
        ticket, item = self._waiting[0]
        if len(item) <= self.most:
            return super().collect(timeout, last=last)
        self._waiting.popleft()
        error = DtperfError("no worker lived", "worker-lost")
        return [FinishedAttempts(None, {ticket: Outcome(error, 0, 0.0, "")})]


@pytest.mark.parametrize(("events", "lost"), [(1000, 0), (1000_000, 1000_000)])
def test_a_chunk_that_kills_its_workers_is_halved_a_few_times(events: int, lost: int) -> None:
    ended: list[ChunkResult] = []
    sizes = ChunkSizes(None, 3_000)

    def note(update: Update) -> None:
        ended.extend(update.ended)

    executor = ChunkExecutor(pool=Killing(), on_progress=note, on_lost=sizes.lost)
    executor([whole(events)], lambda item: {"out": None, "bytes": len(item)}, None)
    ranges = sorted((each.item.entrystart, each.item.entrystop) for each in ended)
    assert ranges == [(n * events // 4, (n + 1) * events // 4) for n in range(4)]
    assert sum(len(each.item) for each in ended if each.outcome.error) == lost
    assert sizes.events <= events // 4 * 2


def test_a_run_learns_from_its_chunks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("dtperf.execution.chunk_sizes.events_at_once", lambda *_: 400)
    config = dtperf.load_config("reference_2023")
    result = dtperf.run(config, GOLDEN, out=tmp_path / "out")
    rows = sorted((row.start, row.stop) for row in result.ledger)
    assert rows[0] == (0, 100)
    assert [start for start, _ in rows] == [0, *(stop for _, stop in rows[:-1])]
    assert rows[-1][1] == 4000
    again = dtperf.run(config, GOLDEN)
    assert all(again[name] == result[name] for name in result)
    assert again.totals["crossings"] == result.totals["crossings"]
    assert f'"chunks": {len(rows)}' in (tmp_path / "out" / "run.json").read_text()
