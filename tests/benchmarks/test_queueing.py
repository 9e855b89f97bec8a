"""The simulated cluster, where closed formulas tell what comes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.queueing import Costs, simulate
from dtperf.execution.task_sizes import PATIENCE, TASK_S

FREE = Costs(0, 0, 0, 0, 0)
seconds = st.lists(st.floats(0.1, 10), min_size=1, max_size=200)


@given(seconds)
def test_one_worker_does_one_after_the_other(times: list[float]) -> None:
    assert simulate(1, times, FREE) == pytest.approx(sum(times))


@given(seconds, st.integers(1, 50))
def test_within_the_bounds_of_list_scheduling(times: list[float], workers: int) -> None:
    found = simulate(workers, times, FREE)
    assert found >= max(*times, sum(times) / workers) * (1 - 1e-9)
    # Graham's bound, of tasks that are no longer than this, and of what they give back
    longest = PATIENCE * TASK_S + max(times)
    assert found <= sum(times) / workers + 2 * longest


@pytest.mark.parametrize("workers", [1, 7, 1000])
def test_equal_chunks_in_full_rounds(workers: int) -> None:
    # a worker that has a sum to do may have got a chunk less, and another one more
    assert 6.0 <= simulate(workers, [2.0] * (3 * workers), FREE) <= 8.0


def test_the_scheduler_hands_out_one_task_at_a_time() -> None:
    # chunks that are too long for two in a task; their sums come on top
    slow = simulate(1000, [100.0] * 640, Costs(0.1, 0, 0, 0, 0))
    assert 164 <= slow <= 164 + 40 * 0.1


def test_short_chunks_share_a_task() -> None:
    cheap = simulate(10, [0.01] * 20_000, Costs(0.05, 0, 0, 0, 0))
    assert cheap < 0.1 * 20_000 * 0.05


def test_adding_is_done_by_workers() -> None:
    # each task is packed and unpacked, and each sum of one or two of them packed
    found = simulate(1, [10.0] * 10, Costs(0, 0.1, 0.2, 0, 0))
    assert 10 * 10.3 + 5 * 0.1 <= found <= 10 * 10.3 + 10 * 0.1 + 0.2 + 1e-9


def test_what_is_added_within_a_task_is_not_packed() -> None:
    found = simulate(1, [0.1] * 1000, Costs(0, 1.0, 0, 0.01, 0))
    assert 100 + 10 < found < 100 + 10 + 0.2 * 1000 * 1.0
