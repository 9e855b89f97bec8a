"""Two samples of many strata: against sums over all tables, and the formula of the difference."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dtperf.statistics import Strata, student

ALL = np.ones((1, 1), dtype=np.bool_)


def exact(failed: np.ndarray, total: np.ndarray, before: np.ndarray, size: np.ndarray) -> float:
    """The same by adding up the probabilities of all tables with these sums of failures."""
    chances, least = np.ones(1), 0
    for new, n, old, m in zip(failed, total, before, size, strict=True):
        possible = np.arange(max(0, new + old - m), min(new + old, n) + 1)
        chances = np.convolve(chances, stats.hypergeom.pmf(possible, n + m, new + old, n))
        least += int(possible[0])
    possible = np.arange(len(chances)) + least
    seen, mean = failed.sum(), possible @ chances
    tail = chances[possible >= seen] if seen >= mean else chances[possible <= seen]
    return float(stats.norm.isf(min(tail.sum(), 0.5)))


@pytest.mark.parametrize("loss", [-0.003, 0.0, 0.005, 0.02])
@pytest.mark.parametrize(
    ("strata", "probes", "efficiency", "ratio"),
    [
        (1, 2000, 0.99, 1),
        (1, 3000, 0.9, 0.2),
        (1, 2000, 0.5, 0.5),
        (4, 500, 0.99, 0.1),
        (60, 300, 0.995, 0.1),
        (60, 300, 0.995, 3),
        (20, 50, 0.97, 1),
        (5, 2000, 0.3, 0.1),
    ],
)
def test_as_sure_as_the_sum_over_all_tables(
    strata: int, probes: int, efficiency: float, ratio: float, loss: float
) -> None:
    rng = np.random.default_rng(int(1000 * efficiency) + strata)
    old = rng.integers(probes // 2, 2 * probes, strata)
    new = np.maximum(old * ratio, 1).astype(int)
    k_old, k_new = rng.binomial(old, efficiency), rng.binomial(new, efficiency - loss)
    found = Strata(k_new, new, k_old, old).differences(np.ones((1, strata), dtype=np.bool_))
    expected = exact(new - k_new, new, old - k_old, old)
    assert found.sigmas[0] == pytest.approx(expected, rel=0.02, abs=0.05)


@pytest.mark.parametrize("failed", [3, 6, 10, 20])
def test_all_failures_on_one_side(failed: int) -> None:
    found = Strata([500 - failed], [500], [2000], [2000]).differences(ALL)
    expected = exact(np.array([failed]), np.array([500]), np.array([0]), np.array([2000]))
    assert found.sigmas[0] == pytest.approx(expected, rel=0.06)


def test_a_difference_that_all_strata_have_in_common() -> None:
    old, new = np.array([1000, 4000, 500]), np.array([3000, 100, 500])
    k_old = np.array([900, 3000, 300])
    k_new = k_old / old * new + 0.02 * new
    strata = Strata(k_new, new, k_old, old)
    found = strata.differences(np.array([[1, 1, 1], [1, 0, 0], [0, 1, 1]], dtype=np.bool_))
    # the sums of counts differ by much more, and the other way round
    assert found.value == pytest.approx([0.02] * 3)
    pulled = np.sum(k_new) / new.sum() - np.sum(k_old) / old.sum()
    assert pulled > 0.1


def test_the_uncertainty_is_what_differences_vary_by() -> None:
    rng = np.random.default_rng(5)
    old, new = rng.integers(200, 2000, (2, 12))
    sets = np.ones((1, 12), dtype=np.bool_)
    found = [
        Strata(rng.binomial(new, 0.95), new, rng.binomial(old, 0.97), old).differences(sets)
        for _ in range(600)
    ]
    values = np.array([each.value[0] for each in found])
    told = np.mean([each.uncertainty[0] for each in found])
    assert values.std() == pytest.approx(told, rel=4 / np.sqrt(2 * 600))
    assert values.mean() == pytest.approx(-0.02, abs=4 * told / np.sqrt(600))


def test_equal_efficiencies_are_as_rarely_conspicuous_as_told() -> None:
    rng = np.random.default_rng(6)
    sets = np.ones((1, 8), dtype=np.bool_)
    p_values = []
    for _ in range(2000):
        old, new = rng.integers(20, 400, (2, 8))
        true = rng.uniform(0.9, 1, 8)
        strata = Strata(rng.binomial(new, true), new, rng.binomial(old, true), old)
        p_values.append(student(strata.differences(sets).sigmas)[0])
    for rate in (0.2, 0.05, 0.01):
        assert np.mean(np.array(p_values) < rate) < rate + 3 * np.sqrt(rate / 2000)


def test_nothing_to_compare() -> None:
    strata = Strata([5, 0, 7], [5, 0, 7], [9, 3, 0], [9, 4, 0])
    found = strata.differences(np.eye(3, dtype=np.bool_))
    assert found.sigmas.tolist() == [0, 0, 0]
    assert np.isnan(found.value).tolist() == [False, True, True]
    with pytest.raises(ValueError, match="between 0 and total"):
        Strata([3], [2], [1], [1])


def test_student() -> None:
    assert student([0.0, 1.0, -2.0]) == pytest.approx([1, 0.3173105, 0.0455003], rel=1e-6)
    assert student(3.0, [4, 30, 1e6]) == pytest.approx(2 * stats.t.sf(3, [4, 30, 1e6]))
