"""The resolution of hits is that of the Gaussian they are drawn from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

from dtperf.diagnostics.resolution import fit_peak, resolutions
from dtperf.errors import InputError
from dtperf.measurements import KNOWN
from tests.helpers.ledgers import row
from tests.helpers.made_results import made

EDGES = np.linspace(-0.8, 0.8, 251)


def gaussian(mean: float, sigma: float, hits: int) -> np.ndarray:
    return hits * np.diff(ndtr((EDGES - mean) / sigma))


@pytest.mark.parametrize(("mean", "sigma"), [(0.0, 0.025), (0.004, 0.018), (-0.01, 0.06)])
def test_a_gaussian_is_found_again(mean: float, sigma: float) -> None:
    found = fit_peak(EDGES, gaussian(mean, sigma, 1_000_000))
    assert found is not None
    # bins of 64 um need no correction: the Gaussian is integrated over them
    assert found.sigma == pytest.approx(sigma, rel=1e-3)
    assert found.mean == pytest.approx(mean, abs=1e-5)
    assert found.entries == pytest.approx(1_000_000, rel=1e-3)
    assert found.high - found.low == pytest.approx(2.2 * sigma, abs=2 * (EDGES[1] - EDGES[0]))


def test_the_pull_of_the_width_has_width_one() -> None:
    rng, pulls = np.random.default_rng(1), []
    for _ in range(60):
        found = fit_peak(EDGES, rng.poisson(gaussian(0.0, 0.03, 20_000)))
        assert found is not None
        pulls.append((found.sigma - 0.03) / found.error)
    # of 60: errors of mean and width are 0.13 and 0.09
    assert abs(np.mean(pulls)) < 0.4
    assert 0.7 < np.std(pulls) < 1.35


def test_tails_are_left_out() -> None:
    tails = gaussian(0.0, 0.2, 30_000)
    found = fit_peak(EDGES, gaussian(0.0, 0.025, 1_000_000) + tails)
    assert found is not None
    assert found.sigma == pytest.approx(0.025, rel=0.02)


@pytest.mark.parametrize("entries", [gaussian(0, 0.025, 90), np.zeros(250), np.full(250, 3.0)])
def test_no_peak(entries: np.ndarray) -> None:
    found = fit_peak(EDGES, entries)
    assert found is None or found.sigma > 1  # as wide as nothing that is measured


def test_rows_of_a_result() -> None:
    counts = KNOWN["hit_residual"].empty()
    counts.view()[0, 0] = np.round(gaussian(0.001, 0.025, 50_000))
    counts.view()[3, 2] = np.round(gaussian(0.0, 0.025, 50))
    empty = replace(made([row("a.root", 0, 10)]), counts={})
    rows = resolutions(replace(empty, counts={"hit_residual": counts}))
    assert [(each.station, each.superlayer) for each in rows] == [(1, 1), (4, 3)]
    assert rows[0].sigma_um == pytest.approx(250, abs=5)
    assert rows[0].mean_um == pytest.approx(10, abs=3)
    assert rows[1].in_words == "too few hits"
    assert rows[1].sigma_um is None
    with pytest.raises(InputError, match=r"lacks 'hit_residual': run with .*residuals"):
        resolutions(empty)
