"""Masses of pairs are those of ROOT's operations, to the last bit of single precision."""

from __future__ import annotations

from math import copysign, cos, sin, sinh, sqrt

import numpy as np
import pytest

from dtperf.compiled import compiled
from dtperf.selection.kinematics import invariant_mass
from dtperf.typing import F32


@compiled
def masses(pt: F32, eta: F32, phi: F32) -> F32:
    found = np.empty(len(pt), dtype=np.float32)
    for i in range(len(pt)):
        found[i] = invariant_mass(pt[i, 0], eta[i, 0], phi[i, 0], pt[i, 1], eta[i, 1], phi[i, 1])
    return found


def of_root(pt: F32, eta: F32, phi: F32) -> list[float]:
    """Add two four-vectors as TLorentzVector does, in Python's numbers."""
    expected = []
    for i in range(len(pt)):
        p = []
        for j in (0, 1):
            size, angle = float(pt[i, j]), float(phi[i, j])
            x, y, z = size * cos(angle), size * sin(angle), size * sinh(float(eta[i, j]))
            p.append((x, y, z, sqrt(x * x + y * y + z * z + 0.106 * 0.106)))
        x, y, z, e = (a + b for a, b in zip(*p, strict=True))
        squared = e * e - (x * x + y * y + z * z)
        expected.append(float(np.float32(copysign(sqrt(abs(squared)), squared))))
    return expected


# at the Z; nearly side by side, where energies cancel and each rounding is seen; far forward
@pytest.mark.parametrize("apart", [2.5, 1e-3, 1e-6, 0.0])
@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_any_pair(apart: float, scale: float) -> None:
    rng = np.random.default_rng(round(1e7 * apart + scale))
    n = 5000
    pt = (1 + rng.exponential(40, (n, 2)) ** scale).astype(np.float32)
    eta = np.cumsum(rng.normal(0, [scale, apart], (n, 2)), axis=1).astype(np.float32)
    phi = np.cumsum(rng.normal(0, [2, apart], (n, 2)), axis=1).astype(np.float32)
    assert masses(pt, eta, phi).tolist() == of_root(pt, eta, phi)


def test_angles_beyond_any_turn() -> None:
    rng = np.random.default_rng(3)
    pt, eta = rng.uniform(20, 60, (2, 1000, 2)).astype(np.float32)
    phi = (10 ** rng.uniform(0, 9, (1000, 2))).astype(np.float32)
    assert masses(pt, eta / 30, phi).tolist() == of_root(pt, eta / 30, phi)


def test_what_is_not_finite() -> None:
    for wrong in (np.nan, np.inf, -np.inf):
        pt = np.full((1, 2), 40, dtype=np.float32)
        assert not np.isfinite(masses(pt, np.array([[wrong, 0]], np.float32), pt)).any()
        assert not np.isfinite(masses(np.array([[wrong, 1]], np.float32), 0 * pt, pt)).any()
