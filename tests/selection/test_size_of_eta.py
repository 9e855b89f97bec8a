"""One number a muon stands for the comparison of its |eta| with the limits of all stations."""

from __future__ import annotations

import numpy as np
import pytest

from dtperf.compiled import compiled
from dtperf.selection.fourvector import FOUR_VECTOR, STORED, is_within, size_of_eta
from dtperf.typing import F32, Bools

LIMITS = np.array([0, 1.2, 1.05, 0.9, 0.75], dtype=np.float32)


@compiled
def both_ways(pt: F32, eta: F32, phi: F32, limits: F32, which: int) -> tuple[Bools, Bools]:
    expected = np.empty((len(eta), 4), dtype=np.bool_)
    found = np.empty((len(eta), 4), dtype=np.bool_)
    for i in range(len(eta)):
        size = size_of_eta(pt[i], eta[i], phi[i], limits, which)
        for station in range(1, 5):
            expected[i, station - 1] = is_within(pt[i], eta[i], phi[i], limits[station], which)
            found[i, station - 1] = size < limits[station]
    return expected, found


@pytest.mark.parametrize("which", [STORED, FOUR_VECTOR])
def test_on_the_limits_and_anywhere(which: int) -> None:
    rng = np.random.default_rng(7)
    n = 20_000
    # half of them on a limit, or a step of single precision beside it
    eta = rng.normal(0, 2, n).astype(np.float32)
    on = rng.choice(LIMITS[1:], n // 2)
    eta[: n // 2] = np.nextafter(on, on + rng.integers(-1, 2, n // 2).astype(np.float32))
    eta *= rng.choice(np.array([-1, 1], dtype=np.float32), n)
    pt = rng.uniform(1, 100, n).astype(np.float32)
    phi = rng.uniform(-np.pi, np.pi, n).astype(np.float32)
    for column, wrong in ((eta, [0, 5, 1e30, np.inf, np.nan]), (pt, [0, np.inf]), (phi, [np.nan])):
        for value in wrong:
            column[rng.integers(0, n, 20)] = value
    expected, found = both_ways(pt, eta, phi, LIMITS, which)
    assert (expected == found).all()
    if which == FOUR_VECTOR:  # the limit is not that of the stored numbers, or nothing is tested
        assert (expected != (abs(eta)[:, None] < LIMITS[1:])).any()
