"""Shifts and their uncertainties are those of toys and of closed formulas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtperf.diagnostics.systematics.shifts import least_moved, moved, subtracted

COUNTS = st.lists(st.integers(0, 50), min_size=2, max_size=2)


def joint(**counts: int) -> np.ndarray:
    """Make counts of names such as 'passed_failed': nominal, then changed."""
    outcomes = ("out", "failed", "passed")
    made = np.zeros((3, 3), dtype=np.int64)
    for name, count in counts.items():
        made[tuple(outcomes.index(part) for part in name.split("_"))] = count
    return made


def test_probes_that_turn() -> None:
    shift = moved(joint(passed_passed=960, failed_failed=15, passed_failed=25))
    assert shift.value == pytest.approx(-0.025)
    assert shift.uncertainty == pytest.approx(np.sqrt(0.025 * 0.975 / 1000))


def test_nothing_moves() -> None:
    shift = moved(joint(passed_passed=960, failed_failed=15))
    assert shift.value == 0
    assert shift.uncertainty == 0


def test_no_probes() -> None:
    assert np.isnan(moved(joint(passed_out=3)).value)
    assert np.isnan(moved(joint(out_passed=3)).value)
    assert np.isnan(moved(joint(out_passed=3)).uncertainty)


def test_a_few_more_that_all_passed_are_no_evidence() -> None:
    shift = moved(joint(passed_passed=9_900, failed_failed=100, out_passed=20))
    assert shift.value > 0
    assert shift.value / shift.uncertainty < 1


@pytest.mark.parametrize(
    "share",
    [
        [[0, 0.002, 0.1], [0.004, 0.05, 0.001], [0.2, 0.003, 0.64]],
        [[0, 0.05, 0.05], [0.05, 0.2, 0.05], [0.1, 0.1, 0.4]],
    ],
)
def test_the_uncertainty_is_the_spread_of_toys(share: list[list[float]]) -> None:
    rng = np.random.default_rng(1)
    toys = rng.multinomial(5_000, np.ravel(share) / np.sum(share), 4_000).reshape(-1, 3, 3)
    shift = moved(toys)
    assert shift.value.std() == pytest.approx(shift.uncertainty.mean(), rel=0.05)


def test_the_uncertainty_of_a_subtraction_is_the_spread_of_toys() -> None:
    rng = np.random.default_rng(2)
    good = np.stack([rng.poisson(100, 4_000), rng.poisson(4_900, 4_000)], axis=-1)
    fakes, others = (
        np.stack([rng.poisson(mean, 4_000) for mean in (60 * by, 20 * by)], axis=-1)
        for by in (1, 2)
    )
    shift = subtracted(good + fakes, others, 0.5)
    nominal = (good + fakes)[:, 1] / (good + fakes).sum(axis=1)
    assert (nominal + shift.value).mean() == pytest.approx(0.98, abs=2e-4)
    assert shift.value.std() == pytest.approx(shift.uncertainty.mean(), rel=0.05)


def test_more_background_than_probes_is_no_estimate() -> None:
    assert np.isnan(subtracted(np.array([1, 2]), np.array([3, 3])).value)


@given(COUNTS, COUNTS)
def test_the_least_moved_keeps_both_sums(before: list[int], after: list[int]) -> None:
    made = least_moved(np.array(before), np.array(after))
    assert made.min() >= 0
    assert made.sum(axis=1)[1:].tolist() == before
    assert made.sum(axis=0)[1:].tolist() == after
    # no other table with these sums leaves more probes where they are
    assert made[1, 1] + made[2, 2] == sum(map(min, before, after))
