"""Two samples of many strata: against sums over all tables, and the formula of the difference."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import special, stats

from dtperf.statistics import Strata, conditional, student
from dtperf.statistics.conditional import EXACT

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
    assert found.sigmas[0] == pytest.approx(expected, rel=3e-3, abs=3e-3)


COUNTS = st.integers(0, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(new=COUNTS, old=COUNTS)
@example(new=(0, 26), old=(31, 31))
@example(new=(31, 31), old=(1968, 1969))
def test_one_stratum_is_fishers_exact_test(new: tuple[int, int], old: tuple[int, int]) -> None:
    (k, n), (k_old, m) = new, old
    found = Strata([k], [n], [k_old], [m]).differences(ALL)
    table = [[k, n - k], [k_old, m - k_old]]
    tails = [stats.fisher_exact(table, side).pvalue for side in ("less", "greater")]
    p = min(1.0, 2 * min(tails))
    assert 2 * stats.norm.sf(found.sigmas[0]) == pytest.approx(p, rel=1e-6)


@given(new=COUNTS, old=COUNTS)
def test_variance_of_what_is_expected_is_that_of_drawing(
    new: tuple[int, int], old: tuple[int, int]
) -> None:
    (k, n), (k_old, m) = new, old
    found = Strata([k], [n], [k_old], [m]).differences(ALL)
    if not (n and m):
        assert (found.weight.tolist(), found.variance.tolist()) == ([0], [0])
        return
    # all ways to share out what has passed
    ways = [comb(n, x) * comb(m, k + k_old - x) if x <= k + k_old else 0 for x in range(n + 1)]
    mean = Fraction(sum(x * many for x, many in enumerate(ways)), sum(ways))
    variance = sum((x - mean) ** 2 * many for x, many in enumerate(ways)) / sum(ways)
    assert found.weight[0] * found.value[0] == pytest.approx(float(k - mean), abs=1e-12)
    assert found.variance[0] == pytest.approx(float(variance), rel=1e-12, abs=1e-12)


SMALL = st.integers(0, 5).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(st.lists(st.tuples(SMALL, SMALL), min_size=1, max_size=4))
def test_several_strata_are_all_tables_counted_one_by_one(
    strata: list[tuple[tuple[int, int], tuple[int, int]]],
) -> None:
    # every way in which the failures of both samples may have been shared out
    ways = {0: 1}
    seen = 0
    for (k, n), (k_old, m) in strata:
        if not (n and m):
            continue
        seen += n - k
        failed, grown = n - k + m - k_old, dict.fromkeys(range(100), 0)
        for before, many in ways.items():
            for of_new in range(max(0, failed - m), min(failed, n) + 1):
                grown[before + of_new] += many * comb(n, of_new) * comb(m, failed - of_new)
        ways = {number: many for number, many in grown.items() if many}
    below = Fraction(sum(many for x, many in ways.items() if x <= seen), sum(ways.values()))
    above = Fraction(sum(many for x, many in ways.items() if x >= seen), sum(ways.values()))
    columns = [[each[side][part] for each in strata] for side in (0, 1) for part in (0, 1)]
    found = Strata(*columns).differences(np.ones((1, len(strata)), dtype=np.bool_))
    p = min(1.0, 2 * float(min(below, above)))
    assert 2 * stats.norm.sf(found.sigmas[0]) == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize("strata", [1, 3, 40, 250])
@pytest.mark.parametrize("before", [1.0, 0.97, 0.5])
@pytest.mark.parametrize("after", [0.0, 0.4, 0.95])
def test_what_is_approximated_goes_on_where_sums_end(
    strata: int, before: float, after: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, mean, values = np.random.default_rng(strata), 1.0, 0
    while values < EXACT:
        probes = np.maximum(rng.poisson(mean, (2, strata)), 1)
        later, earlier = rng.binomial(probes[0], after), rng.binomial(probes[1], before)
        failed = probes.sum(axis=0) - later - earlier
        fewest = np.maximum(failed - probes[1], 0)
        values, mean = int(np.sum(np.minimum(failed, probes[0]) - fewest)), 1.1 * mean
    counts = (later, probes[0], earlier, probes[1])
    all_of_them = np.ones((1, strata), dtype=np.bool_)
    found = []
    for limit in (10**6, 0):
        monkeypatch.setattr(conditional, "EXACT", limit)
        found.append(Strata(*counts).differences(all_of_them).sigmas[0])
    assert found[1] == pytest.approx(found[0], rel=3e-3, abs=3e-3)


@pytest.mark.parametrize("counts", [(0, 2600, 3100, 3100), (99_000, 100_000, 980_000, 1_000_000)])
def test_many_probes_of_one_chamber(counts: tuple[int, int, int, int]) -> None:
    k, n, k_old, m = counts
    found = Strata([k], [n], [k_old], [m]).differences(ALL).sigmas[0]
    of = n + m, n - k + m - k_old, n
    tails = stats.hypergeom.logcdf(n - k, *of), stats.hypergeom.logsf(n - k - 1, *of)
    logarithm = min(tails)
    assert found == pytest.approx(-special.ndtri_exp(logarithm), rel=1e-5)


def test_no_failure_on_either_side_or_failures_alone_tell_nothing() -> None:
    for counts in ((5, 5, 9, 9), (0, 5, 0, 9), (500, 500, 900, 900), (0, 500, 0, 900)):
        k, n, k_old, m = counts
        assert Strata([k], [n], [k_old], [m]).differences(ALL).sigmas[0] == 0


def test_what_is_as_expected_is_no_negative_zero() -> None:
    found = Strata([31], [31], [1968], [1969]).differences(ALL).sigmas[0]
    assert f"{found:.1f}" == "0.0"


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
