"""How many events are read at once, from the memory that there is."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dtperf
from dtperf.execution.dask_pool import DaskPool
from dtperf.execution.planning import (
    BASE_BYTES,
    COPIES,
    EVENT_BYTES,
    LARGEST,
    SMALLEST,
    USED,
    WIDE_EVENT_BYTES,
    event_bytes,
    events_at_once,
)
from dtperf.results.result import Result
from dtperf.selection import branches_of
from tests.helpers.golden import GOLDEN


@given(st.integers(1, 1 << 40))
def test_what_is_read_fits(memory: int) -> None:
    events = events_at_once(memory)
    assert SMALLEST <= events <= LARGEST
    if events > SMALLEST:
        assert BASE_BYTES + events * EVENT_BYTES <= USED * memory
    if events < LARGEST:
        assert BASE_BYTES + (events + 1) * EVENT_BYTES > USED * memory


@given(st.none() | st.integers(1, 1 << 40), st.integers(EVENT_BYTES, 10_000_000))
def test_larger_events_take_no_more_memory(memory: int | None, of_event: int) -> None:
    events = events_at_once(memory, of_event)
    assert events >= 1
    if events > 1:
        assert events * of_event <= events_at_once(memory) * EVENT_BYTES
    # and no less than there is for them
    assert (events + 2) * of_event > events_at_once(memory) * EVENT_BYTES


def test_hits_and_digis_are_large_where_nobody_has_looked() -> None:
    lean, full = (
        frozenset().union(*branches_of(dtperf.load_config(name)))
        for name in ("reference_2023", "dt_performance")
    )
    assert event_bytes(lean) == event_bytes(lean, [None, 9000.0]) == EVENT_BYTES
    assert event_bytes(full) == event_bytes(full, [None]) == WIDE_EVENT_BYTES
    assert event_bytes(full, [None, 9000.0, 2000.0]) == COPIES * 9000
    assert event_bytes(full, [10.0]) == EVENT_BYTES


def test_a_worker_of_the_reference_site() -> None:
    assert events_at_once(2_000_000_000) == LARGEST
    assert events_at_once(1_000_000_000) == 83_333
    assert events_at_once(None) == LARGEST


@pytest.mark.parametrize(
    ("workers", "memory"),
    [
        ([], None),
        ([(4 << 30, 2), (1 << 30, 1)], 1 << 30),
        ([(0, 1)], None),
        ([(2 << 30, 4)], 1 << 29),
    ],
)
def test_dask_workers(workers: list[tuple[int, int]], memory: int | None) -> None:
    info = {
        "workers": {str(i): {"memory_limit": m, "nthreads": n} for i, (m, n) in enumerate(workers)}
    }
    pool: Any = object.__new__(DaskPool)
    pool._client = SimpleNamespace(scheduler_info=lambda **_: info)
    assert pool.memory == memory


def test_a_run_cuts_by_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dtperf.execution.chunk_sizes.events_at_once", lambda *_: 1500)
    config = dtperf.load_config("reference_2023")
    assert config.run.chunksize is None
    assert [row.events for row in dtperf.run(config, GOLDEN).ledger] == [1500, 1500, 1000]


def test_a_chunk_takes_less_than_is_said(golden_result: Result) -> None:
    """In a process of its own, whose memory nothing else has filled, nor what compiles."""
    program = (
        "import dtperf, sys; from dtperf.memory import peak_memory_bytes; "
        "dtperf.run(dtperf.load_config('reference_2023'), sys.argv[1:]); "
        "print(peak_memory_bytes())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(GOLDEN)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < BASE_BYTES + 4000 * EVENT_BYTES
