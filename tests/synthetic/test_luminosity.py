from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtperf.nanoaod import branch_table
from dtperf.synthetic.luminosity import Events, _hashed, make_events, run_numbers

TOTAL, RUNS, BLOCKS = 10_000, 7, 20


def events(first=0, n=TOTAL):
    return make_events(
        first, n, total_events=TOTAL, runs=RUNS, first_run=367080, lumi_blocks_per_run=BLOCKS
    )


@given(st.integers(0, TOTAL - 1), st.integers(0, 300))
def test_an_event_depends_on_its_index_alone(first, n):
    n = min(n, TOTAL - first)

    for part, whole in zip(events(first, n), events(), strict=True):
        np.testing.assert_array_equal(part, whole[first : first + n])


def test_runs_increase_with_gaps_and_have_equal_numbers_of_events():
    numbers, counts = np.unique(events().run, return_counts=True)

    assert len(numbers) == RUNS
    assert numbers[0] == 367080
    assert counts.max() - counts.min() <= 1
    assert (np.diff(events().run.astype(int)) >= 0).all()
    np.testing.assert_array_equal(numbers, run_numbers(RUNS, 367080))


def test_many_runs_have_different_numbers():
    numbers = run_numbers(1000, 367080).astype(int)

    assert np.diff(numbers).min() > 0
    assert np.diff(numbers).max() > 1


def test_luminosity_blocks_of_a_run_are_equally_long():
    made = events()

    for run in np.unique(made.run):
        blocks, counts = np.unique(made.luminosityBlock[made.run == run], return_counts=True)
        np.testing.assert_array_equal(blocks, np.arange(1, BLOCKS + 1))
        assert counts.max() - counts.min() <= 1


def test_luminosity_falls_within_a_run_and_starts_anew_in_the_next():
    made = events()

    first_run = made.lumi_instLumi[made.run == 367080]
    assert (np.diff(first_run) <= 0).all()
    # in the middle of the first and of the last of 20 blocks, Hz/ub
    assert first_run[0] == pytest.approx(20_000 * 0.6**0.025)
    assert first_run[-1] == pytest.approx(20_000 * 0.6**0.975)
    assert made.lumi_instLumi[np.argmax(made.run != 367080)] == first_run[0]


def test_pile_up_is_proportional_to_luminosity():
    made = events()

    ratio = made.lumi_avgPileUp / made.lumi_instLumi
    np.testing.assert_allclose(ratio, 59.29 / 20_000, rtol=1e-3)  # 80 mb, 2,400 bunches, 11,245 Hz


def test_event_numbers_differ_and_increase():
    numbers = events().event

    assert (numbers[1:] > numbers[:-1]).all()
    assert numbers[0] >= 1


def test_bunch_crossings_are_spread_over_the_orbit():
    crossings = events().bunchCrossing

    assert crossings.min() >= 1
    assert crossings.max() <= 3564
    assert crossings.mean() == pytest.approx(1782.5, abs=4 * 3564 / np.sqrt(12 * TOTAL))
    assert abs(np.corrcoef(crossings[1:], crossings[:-1])[0, 1]) < 0.04


def test_an_event_beyond_32_bits_is_made():
    far = make_events(
        6_000_000_000,
        3,
        total_events=10_000_000_000,
        runs=3,
        first_run=1,
        lumi_blocks_per_run=1000,
    )

    assert (far.event > np.uint64(5_982_000_000_000)).all()
    assert far.luminosityBlock.min() >= 1


def test_hash_is_splitmix64():
    # the first three outputs for seed 0, from the reference implementation (S. Vigna)
    expected = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    np.testing.assert_array_equal(_hashed(np.arange(3), 0), np.array(expected, dtype=np.uint64))


@pytest.mark.parametrize("name", Events._fields)
def test_types_are_those_of_the_branches(name):
    table = branch_table("B")
    assert getattr(events(), name).dtype == np.dtype(table[name].dtype)
