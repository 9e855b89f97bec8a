"""Masses of muon pairs: the Z and the Drell-Yan continuum."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from dtperf.typing import F64

__all__ = [
    "CONTINUUM_POWER",
    "MASS_RANGE_GEV",
    "Z_MASS_GEV",
    "Z_WIDTH_GEV",
    "continuum_masses",
    "z_density",
    "z_masses",
]


Z_MASS_GEV = 91.1876
"""Particle Data Group."""
Z_WIDTH_GEV = 2.4952
"""Particle Data Group, as CMS simulation uses it."""
MASS_RANGE_GEV = (50.0, 1000.0)
LUMINOSITY_POWER = 1.2
CONTINUUM_POWER = 2.8
"""dN/dm of the continuum falls as m to minus this: with the Z, the CMS masses above 120 GeV."""
NODES = 4096


def z_density(mass_gev: F64) -> F64:
    """Evaluate the Z's lineshape dN/dm before radiation, not normalised.

    A relativistic Breit-Wigner in s = m**2, s / ((s - M²)² + M²Γ²), times the fall of the parton
    luminosity, s**-1.2.

    Args:
        mass_gev: Masses in GeV.
    """
    s = mass_gev**2
    pole, width = Z_MASS_GEV**2, Z_MASS_GEV * Z_WIDTH_GEV
    return 2 * mass_gev * s ** (1 - LUMINOSITY_POWER) / ((s - pole) ** 2 + width**2)


class _Quantiles(NamedTuple):
    shares: F64
    masses: F64


@cache
def _z_quantiles() -> _Quantiles:
    # In the angle theta with s = M² + MΓ tan(theta) the Breit-Wigner is flat, and what is left of
    # the density is smooth: a table is exact to parts in a million.
    low, high = ((m**2 - Z_MASS_GEV**2) / (Z_MASS_GEV * Z_WIDTH_GEV) for m in MASS_RANGE_GEV)
    angle = np.linspace(np.arctan(low), np.arctan(high), NODES)
    s = Z_MASS_GEV**2 + Z_MASS_GEV * Z_WIDTH_GEV * np.tan(angle)
    density = s ** (1 - LUMINOSITY_POWER)
    shares = np.concatenate(([0.0], np.cumsum(density[1:] + density[:-1])))
    return _Quantiles(shares / shares[-1], np.sqrt(s))


def z_masses(rng: np.random.Generator, n: int) -> F64:
    """Draw masses of Z bosons in GeV, within MASS_RANGE_GEV, distributed as `z_density`."""
    table = _z_quantiles()
    return np.interp(rng.random(n), table.shares, table.masses)


def continuum_masses(rng: np.random.Generator, n: int) -> F64:
    """Draw masses of continuum pairs in GeV, a power law within MASS_RANGE_GEV."""
    power = 1 - CONTINUUM_POWER
    low, high = (m**power for m in MASS_RANGE_GEV)
    return np.asarray((low + (high - low) * rng.random(n)) ** (1 / power))
