from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chisquare

from dtperf.synthetic.hits import NO_FIT, NOT_FITTED, draw_chi2, draw_phi_hits, draw_t0, draw_z_hits
from tests.synthetic.crossings import code_of

N = 60_000

# passed counts of effVsNHitsPhi on real CMS data, for at least 3, 4, ... 8 hits
AT_LEAST = {
    1: [97663, 97203, 95505, 92197, 77840, 43994],
    2: [91580, 91235, 90005, 86912, 73912, 42675],
    3: [83042, 82901, 82354, 79998, 69085, 42028],
    4: [77469, 77356, 76852, 74564, 63328, 36046],
}


@pytest.mark.parametrize("station", [1, 2, 3, 4])
def test_phi_hits_are_those_of_real_data(station):
    code = np.full(N, code_of(f"MB{station} W0 S1"), dtype=np.int16)
    hits = draw_phi_hits(np.random.default_rng(11), code)
    exactly = -np.diff([*AT_LEAST[station], 0]) / AT_LEAST[station][0]
    counts = np.bincount(hits, minlength=9)
    assert counts[:3].sum() == 0
    assert chisquare(counts[3:9], N * exactly).pvalue > 1e-4


def test_a_theta_view_has_three_or_four_hits():
    hits = draw_z_hits(np.random.default_rng(2), N)
    assert hits.dtype == np.int16
    assert set(np.unique(hits)) == {3, 4}


def test_chi2_is_reduced_and_missing_without_view():
    hits = np.repeat([0, 3, 8], N).astype(np.int16)
    none, few, many = draw_chi2(np.random.default_rng(3), hits).reshape(3, N)
    assert set(none) == {NO_FIT} == {-1}
    # mean 1, and variance 2 / (hits - 2)
    assert [few.mean(), many.mean()] == pytest.approx([1, 1], abs=0.03)
    assert [few.var(), many.var()] == pytest.approx([2, 1 / 3], rel=0.08)


@pytest.mark.parametrize(
    ("name", "mean", "rms", "beyond"),
    # read off t0 and t0Profile of real CMS data
    [
        ("MB1 W+2 S1", 2.06, 2.58, 0.0048),
        ("MB3 W0 S7", -0.20, 2.18, 0.0028),
        ("MB4 W0 S1", -0.05, 4.48, 0.0106),
    ],
)
def test_t0_is_that_of_the_chamber(name, mean, rms, beyond):
    code = np.full(N, code_of(name), dtype=np.int16)
    t0 = draw_t0(np.random.default_rng(4), code, np.full(N, 8, dtype=np.int16))
    core = t0[np.abs(t0) <= 12.5].astype(np.float64)
    assert core.mean() == pytest.approx(mean, abs=0.08)
    assert core.std() == pytest.approx(rms, rel=0.06)
    assert np.mean(t0 == NOT_FITTED) == pytest.approx(0.026, abs=0.003)
    assert np.mean(t0 > 12.5) == pytest.approx(beyond, abs=0.002)


def test_t0_is_missing_without_view():
    code = np.zeros(10, dtype=np.int16)
    t0 = draw_t0(np.random.default_rng(5), code, np.zeros(10, dtype=np.int16))
    assert set(t0) == {NOT_FITTED}
