from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chisquare, poisson

from dtperf.detector import widths_cm
from dtperf.synthetic.detector import Detector
from dtperf.synthetic.segments import draw_noise
from tests.synthetic.crossings import ALL_CODES, code_of

N = 40_000


def draw(detector, seed=3):
    return draw_noise(np.random.default_rng(seed), N, detector)


def test_the_number_in_an_event_is_a_poisson_number():
    counts = np.bincount(draw(Detector(noise_segments=0.8)).event, minlength=N)
    observed = np.bincount(np.minimum(counts, 5), minlength=6)
    expected = N * np.append(poisson.pmf(range(5), 0.8), poisson.sf(4, 0.8))
    assert chisquare(observed, expected).pvalue > 1e-4


def test_chambers_are_equally_noisy_and_filled_evenly():
    noise = draw(Detector(noise_segments=2))
    assert set(noise.muon) == {-1}
    assert chisquare(np.bincount(noise.code, minlength=280)[ALL_CODES]).pvalue > 1e-4
    place = noise.x / widths_cm()[noise.code] + 0.5
    assert chisquare(np.histogram(place, bins=20, range=(0, 1))[0]).pvalue > 1e-4


def test_noise_has_few_hits():
    noise = draw(Detector(noise_segments=2))
    assert set(noise.phi_hits) == {3, 4}
    assert set(noise.z_hits) == {0, 3}
    in_mb4 = noise.code >= code_of("MB4 W-2 S1")
    assert not noise.z_hits[in_mb4].any()
    assert noise.phi_t0.min() == pytest.approx(-25, abs=0.1)
    assert noise.phi_t0.max() == pytest.approx(25, abs=0.1)


@pytest.mark.parametrize("detector", [Detector(noise_segments=0), Detector(efficiency=0)])
def test_no_noise_where_none_is_wanted_or_all_is_dead(detector):
    assert len(draw(detector).code) == 0
