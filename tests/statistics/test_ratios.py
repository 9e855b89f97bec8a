"""Ratios of efficiencies: by the formulas of small errors, and by how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest

from dtperf.statistics import efficiency, efficiency_ratio


def test_an_efficiency_without_entries_is_none() -> None:
    passed, total = np.array([[3, 0], [0, 7]]), np.array([[4, 5], [0, 7]])
    np.testing.assert_array_equal(efficiency(passed, total), [[0.75, 0.0], [np.nan, 1.0]])


def test_many_counts_have_the_errors_of_small_ones() -> None:
    ratio, low, high = efficiency_ratio(900_000, 1_000_000, 480_000, 500_000)
    assert ratio == pytest.approx(0.9 / 0.96)
    relative = np.sqrt(0.1 / 900_000 + 0.04 / 480_000)  # sqrt(p (1 - p) / n) / p each
    assert high - ratio == pytest.approx(ratio * relative, rel=5e-3)
    assert ratio - low == pytest.approx(ratio * relative, rel=5e-3)


@pytest.mark.parametrize(("above", "below"), [(0.99, 0.995), (0.9, 0.97), (0.5, 0.6)])
def test_the_interval_holds_the_truth_as_often_as_one_sigma(above: float, below: float) -> None:
    rng = np.random.default_rng(1)
    passed, passed_below = rng.binomial(400, above, 20_000), rng.binomial(1000, below, 20_000)
    _, low, high = efficiency_ratio(passed, 400, passed_below, 1000)
    held = np.mean((low <= above / below) & (above / below <= high))
    # Clopper-Pearson's intervals hold it somewhat more often than they promise
    assert 0.68 < held < 0.80


def test_what_is_not_known() -> None:
    ratio, low, high = efficiency_ratio([5, 0, 3, 0], [10, 0, 4, 6], [0, 4, 0, 5], [10, 5, 0, 5])
    assert np.isnan(ratio).tolist() == np.isnan(low).tolist() == [True, True, True, False]
    assert (ratio[3], low[3]) == (0, 0)
    assert 0 < high[3] < 1
    with pytest.raises(ValueError, match="between 0 and total"):
        efficiency_ratio(2, 1, 1, 1)
