"""The simulated cluster, where closed formulas tell what comes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.queueing import Costs, simulate

FREE = Costs(0, 0, 0, 0, 0)
seconds = st.lists(st.floats(0.1, 10), min_size=1, max_size=200)


@given(seconds)
def test_one_worker_does_one_after_the_other(times: list[float]) -> None:
    assert simulate(1, times, FREE) == pytest.approx(sum(times))


@given(seconds, st.integers(1, 50))
def test_within_the_bounds_of_list_scheduling(times: list[float], workers: int) -> None:
    found = simulate(workers, times, FREE)
    assert found >= max(*times, sum(times) / workers) * (1 - 1e-9)
    # Graham's bound
    assert found <= sum(times) / workers + max(times) * (1 - 1 / workers) + 1e-9


@pytest.mark.parametrize("workers", [1, 7, 1000])
def test_equal_chunks_in_full_rounds(workers: int) -> None:
    assert simulate(workers, [2.0] * (3 * workers), FREE) == pytest.approx(6.0)


def test_the_scheduler_hands_out_one_task_at_a_time() -> None:
    # 640 chunks and their 20 sums
    slow = simulate(1000, [1e-6] * 640, Costs(0.01, 0, 0, 0, 0))
    assert slow == pytest.approx(0.01 * 660, rel=0.02)


def test_the_client_takes_one_sum_at_a_time() -> None:
    slow = simulate(1000, [1e-6] * 640, Costs(0, 0, 0, 0.5, 0.001))
    assert slow == pytest.approx(20 * 0.5 + 640 * 0.001, rel=0.02)


def test_adding_is_done_by_workers() -> None:
    assert simulate(1, [1.0] * 10, Costs(0, 0.1, 0.2, 0, 0)) == pytest.approx(10 * 1.3)
