"""Intervals against the golden file's, against hist's, and against the binomial they invert."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hist.intervals import clopper_pearson_interval
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dtperf.statistics import ONE_SIGMA, bayesian, clopper_pearson, wilson
from tests.helpers.golden import EXPECTED

EFFICIENCIES = [name for name, item in EXPECTED.items() if "low" in item]


def test_golden_errors() -> None:
    assert len(EFFICIENCIES) == 24
    for name in EFFICIENCIES:
        item = EXPECTED[name]
        passed, total = (np.array(item[key][1:-1]) for key in ("passed", "total"))
        filled = total > 0
        low, high = (end[filled] for end in clopper_pearson(passed, total))
        value = passed[filled] / total[filled]
        assert np.abs(value - low - np.array(item["low"])[filled]).max() < 1e-9, name
        assert np.abs(high - value - np.array(item["high"])[filled]).max() < 1e-9, name


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.floats(0.5, 0.999))
def test_agrees_with_hist(a: int, b: int, coverage: float) -> None:
    passed, total = min(a, b), max(a, b, 1)
    expected = clopper_pearson_interval(np.array(passed), np.array(total), coverage=coverage)
    assert np.allclose(clopper_pearson(passed, total, coverage), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("passed", "total"), [(1, 3), (7, 10), (250, 251), (5, 5000)])
def test_ends_are_where_the_binomial_tails_hold_their_share(passed: int, total: int) -> None:
    low, high = clopper_pearson(passed, total)
    tail = (1 - ONE_SIGMA) / 2
    assert stats.binom.sf(passed - 1, total, low) == pytest.approx(tail, rel=1e-9)
    assert stats.binom.cdf(passed, total, high) == pytest.approx(tail, rel=1e-9)


def test_no_entries_and_all_or_none() -> None:
    low, high = clopper_pearson([0, 0, 5], [0, 5, 5])
    assert low.tolist()[:2] == [0, 0]
    assert high.tolist()[0] == high.tolist()[2] == 1
    assert 0 < low[2] < high[2]
    assert 0 < high[1] < 1


def test_coverage_by_toys() -> None:
    rng = np.random.default_rng(1)
    passed = rng.binomial(40, 0.93, 20_000)
    low, high = clopper_pearson(passed, np.full(20_000, 40))
    covered = np.mean((low <= 0.93) & (high >= 0.93))
    assert covered > ONE_SIGMA  # never less, by construction


@pytest.mark.parametrize(("passed", "total"), [(2, 1), (-1, 3)])
def test_impossible_counts(passed: int, total: int) -> None:
    for interval in (clopper_pearson, wilson, bayesian):
        with pytest.raises(ValueError, match=r"between 0 and total"):
            interval(passed, total)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0.5, 0.999))
def test_wilson_agrees_with_scipy(a: int, b: int, coverage: float) -> None:
    passed, total = min(a, b), max(a, b, 1)
    expected = stats.binomtest(passed, total).proportion_ci(coverage, method="wilson")
    assert np.allclose(wilson(passed, total, coverage), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("prior", [(0.5, 0.5), (1, 1)])
@pytest.mark.parametrize(("passed", "total"), [(0, 0), (0, 5), (5, 5), (250, 251), (5, 5000)])
def test_bayesian_holds_its_share_of_the_posterior(
    passed: int, total: int, prior: tuple[float, float]
) -> None:
    low, high = bayesian(passed, total, 0.9, prior)
    posterior = stats.beta(passed + prior[0], total - passed + prior[1])
    assert posterior.cdf([low, high]) == pytest.approx([0.05, 0.95], rel=1e-9)


def test_without_entries_nothing_is_known() -> None:
    assert wilson(0, 0) == (0, 1)


@pytest.mark.parametrize("interval", [wilson, bayesian])
def test_coverage_is_right_on_average(
    interval: Callable[..., tuple[np.ndarray, np.ndarray]],
) -> None:
    rng = np.random.default_rng(2)
    truth = rng.uniform(0, 1, 40_000)
    passed = rng.binomial(40, truth)
    low, high = interval(passed, np.full(40_000, 40))
    covered = np.mean((low <= truth) & (truth <= high))
    assert covered == pytest.approx(ONE_SIGMA, abs=0.012)
