"""What comes back of a four-vector, in the fast way of usual muons and in that of all others."""

from __future__ import annotations

import numpy as np

from dtperf.compiled import compiled
from dtperf.selection.fourvector import (
    FOUR_VECTOR,
    is_within,
    vector_etas,
    vector_phis,
    vector_pts,
)
from dtperf.selection.kinematics import invariant_mass
from dtperf.typing import F32, Bools

RNG = np.random.default_rng(4)
N = 3000
PT = (10 ** RNG.uniform(-2, 3, N)).astype(np.float32)
PT[: N // 3] = RNG.choice(np.array([20, 27, 45], dtype=np.float32), N // 3)
# fast, and too small and too large for that
ETA = (RNG.choice([-1, 1], N) * 10 ** RNG.uniform(-6, 1, N)).astype(np.float32)
PHI = RNG.uniform(-3.1415, 3.1415, N).astype(np.float32)
SIGN = RNG.choice(np.array([-1, 1], dtype=np.float32), N)
LIMIT = np.float32(0.9)


@compiled
def masses(pt: F32, eta: F32, phi: F32) -> F32:
    """Of each muon and the next one."""
    found = np.empty(len(pt) - 1, dtype=np.float32)
    for i in range(len(found)):
        found[i] = invariant_mass(pt[i], eta[i], phi[i], pt[i + 1], eta[i + 1], phi[i + 1])
    return found


@compiled
def within(pt: F32, eta: F32, phi: F32, limit: np.float32) -> Bools:
    found = np.empty(len(pt), dtype=np.bool_)
    for i in range(len(pt)):
        found[i] = is_within(pt[i], eta[i], phi[i], limit, FOUR_VECTOR)
    return found


def test_a_negative_pt_loses_its_sign_and_nothing_else() -> None:
    """TLorentzVector takes the size of pT: eta and phi do not turn around."""
    negative = SIGN * PT
    np.testing.assert_array_equal(vector_pts(negative, PHI), PT)
    # by less than half a step of single precision, but where doubles are off by more
    np.testing.assert_allclose(vector_etas(negative, ETA, PHI), ETA, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(vector_phis(negative, PHI), PHI, rtol=1e-7)
    np.testing.assert_array_equal(masses(negative, ETA, PHI), masses(PT, ETA, PHI))


def test_limits_do_not_depend_on_the_sign_of_pt() -> None:
    eta = np.nextafter(LIMIT, RNG.choice(np.float32([0.8, 0.9, 1]), N))
    np.testing.assert_array_equal(within(SIGN * PT, eta, PHI, LIMIT), within(PT, eta, PHI, LIMIT))
