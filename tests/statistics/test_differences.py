"""Two efficiencies: against the hypergeometric distribution, and by toys of equal ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dtperf.statistics import exact_test, false_discovery


@pytest.mark.parametrize(
    ("new", "old"),
    [
        *(((3, 10), (9, 10)), ((95, 100), (480, 490)), ((0, 7), (7, 7)), ((5, 5), (5, 5))),
        # with likely tables far from one another
        *(((50_200, 100_000), (99_900, 200_000)), ((985_300, 1_000_000), (984_900, 1_000_000))),
    ],
)
def test_sum_over_all_tables_that_are_no_likelier(
    new: tuple[int, int], old: tuple[int, int]
) -> None:
    k, n = new[0] + old[0], new[1] + old[1]
    possible = np.arange(max(0, k - old[1]), min(k, new[1]) + 1)
    likely = stats.hypergeom.pmf(possible, n, k, new[1])
    mine = stats.hypergeom.pmf(new[0], n, k, new[1])
    expected = likely[likely <= mine * (1 + 1e-9)].sum()
    assert exact_test(*new, *old) == pytest.approx(expected, rel=1e-8)


def test_any_shape_and_nothing_to_compare() -> None:
    assert exact_test([[5, 0]], [[9, 0]], [[5, 3]], [[9, 4]]).shape == (1, 2)
    assert exact_test([5, 0], [9, 0], [0, 3], [0, 4]).tolist() == [1, 1]
    assert exact_test([], [], [], []).shape == (0,)
    assert false_discovery([]).shape == (0,)


def test_impossible_counts() -> None:
    with pytest.raises(ValueError, match=r"between 0 and total"):
        exact_test(1, 2, 3, 2)


def test_false_alarms_of_equal_chambers_are_as_few_as_promised() -> None:
    rng = np.random.default_rng(3)
    shape = (40, 250)
    total = rng.integers(20, 500, (2, *shape))
    passed = rng.binomial(total, 0.98)
    p_values = exact_test(passed[0], total[0], passed[1], total[1])
    for rate in (0.2, 0.05, 0.01):
        assert np.mean(p_values < rate) < rate
    # with nothing but equal chambers, any listed one is a false alarm
    alarmed = [false_discovery(row).min() < 0.05 for row in p_values]
    assert np.mean(alarmed) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(alarmed))


def test_a_change_is_found_among_250_looks() -> None:
    rng = np.random.default_rng(4)
    total = np.full((2, 250), 2000)
    passed = rng.binomial(total, 0.99)
    passed[1, 17] = rng.binomial(2000, 0.95)
    alarms = false_discovery(exact_test(passed[0], total[0], passed[1], total[1]))
    assert np.flatnonzero(alarms < 0.01).tolist() == [17]
    assert np.all(alarms >= exact_test(passed[0], total[0], passed[1], total[1]))
