"""Trends of few outcomes: against all that can be drawn, and against closed formulas."""

from __future__ import annotations

from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import brentq
from scipy.special import ndtri

from dtperf.statistics import exact_test, slope_interval, trend_in_sigmas


def exact(failed: np.ndarray, total: np.ndarray) -> float:
    """Add up the chances of all ways to draw as many failures that lie as far on their side."""
    many, score = int(failed.sum()), np.arange(len(total))
    seen, mean = failed @ score, many * (total @ score) / total.sum()
    tail = every = 0
    for drawn in product(*(range(min(n, many) + 1) for n in total)):
        if sum(drawn) != many:
            continue
        ways = int(np.prod([comb(int(n), k) for n, k in zip(total, drawn, strict=True)]))
        at = np.dot(drawn, score)
        every += ways
        tail += ways * (at >= seen if seen > mean else at <= seen)
    return tail / every


@pytest.mark.parametrize(
    ("failed", "total"),
    [
        ((0, 0, 1, 5), (40, 40, 40, 40)),
        ((0, 0, 0, 2), (300, 200, 200, 300)),
        ((6, 2, 1, 0), (50, 80, 20, 60)),
        ((36, 38, 39, 40), (40, 40, 40, 40)),
    ],
)
def test_the_tail_is_that_of_all_draws(failed: tuple[int, ...], total: tuple[int, ...]) -> None:
    k, n = np.array([failed]), np.array([total])
    found = trend_in_sigmas(np.array([0]), 1, n - k, n)[0]
    assert found == pytest.approx(-ndtri(exact(k[0], n[0])), abs=0.15)


def test_two_groups_are_a_comparison_of_two_samples() -> None:
    k, n = np.array([[990, 970]]), np.array([[1000, 1000]])
    found = trend_in_sigmas(np.array([0]), 1, k, n)[0]
    both_sides = exact_test([970], [1000], [990], [1000])[0]
    assert found == pytest.approx(-ndtri(both_sides / 2), abs=0.05)


def test_strata_are_added_and_nothing_is_no_trend() -> None:
    k, n = (
        np.array([[99, 96, 93], [198, 196, 193], [50, 50, 50]]),
        np.array([[100] * 3, [200] * 3, [50] * 3]),
    )
    one, both, none = trend_in_sigmas(np.array([0, 1, 1, 2]), 3, k[[0, 0, 1, 2]], n[[0, 0, 1, 2]])
    assert both > one > 1
    assert none == 0


counts = arrays(np.int64, (4, 5), elements=st.integers(0, 10_000))


@given(counts, counts)
def test_whatever_is_counted_has_a_finite_answer(passed: np.ndarray, failed: np.ndarray) -> None:
    total = passed + failed
    found = trend_in_sigmas(np.array([0, 0, 1, 2]), 3, passed, total)
    assert np.isfinite(found).all()


def test_all_or_nothing_from_some_group_on() -> None:
    k, n = np.array([[0, 0, 0, 900, 900]]), np.full((1, 5), 900)
    assert trend_in_sigmas(np.array([0]), 1, k, n)[0] > 30
    assert trend_in_sigmas(np.array([0]), 1, 0 * k, n)[0] == 0


def test_many_failures_give_the_interval_of_least_squares() -> None:
    x, n = np.linspace(0, 1, 9), np.full(9, 20_000)
    k = np.rint(n * (0.95 - 0.03 * x)).astype(int)
    best, low, high = (
        each[0] for each in slope_interval(x, k[None], n[None], np.ones(1), np.full(1, 4.0))
    )
    variance = k / n * (1 - k / n) / n
    weight = 1 / variance
    mean = weight @ x / weight.sum()
    error = 2 / np.sqrt(weight @ (x - mean) ** 2)  # four times the variance of counts
    assert best == pytest.approx(-0.03, abs=1e-5)
    assert (high - best, best - low) == pytest.approx((error, error), rel=0.03)


@pytest.mark.parametrize("sigmas", [1.0, 2.5])
def test_without_a_failure_the_interval_ends_where_the_likelihood_has_fallen(sigmas: float) -> None:
    x, n = np.linspace(0.1, 1, 5), np.array([300, 200, 400, 100, 300])
    length = np.full(1, sigmas)
    best, low, high = (each[0] for each in slope_interval(x, n[None], n[None], length, np.ones(1)))
    # the likeliest line with a loss b begins at 1
    loss = brentq(lambda b: -(n @ np.log1p(-b * x)) - sigmas**2 / 2, 1e-9, 0.5)
    gain = brentq(lambda b: -(n @ np.log1p(-b * (1 - x))) - sigmas**2 / 2, 1e-9, 0.5)
    assert best == pytest.approx(0, abs=1e-5)
    assert (low, high) == pytest.approx((-loss, gain), rel=1e-3)


def test_the_interval_covers_as_stated_with_few_failures() -> None:
    rng = np.random.default_rng(3)
    x, n, loss = np.linspace(0, 1, 12), np.full((400, 12), 60), 0.02
    k = rng.binomial(n, 0.995 - loss * x)
    ones = np.ones(len(k))
    _, low, high = slope_interval(x, k, n, ones, ones)
    assert np.mean((low <= -loss) & (-loss <= high)) == pytest.approx(0.683, abs=0.08)
