from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from dtperf.synthetic.physics_boson import (
    CONTINUUM_POWER,
    MASS_RANGE_GEV,
    continuum_masses,
    z_density,
    z_masses,
)

LOW, HIGH = MASS_RANGE_GEV


def z_share_below(masses):
    grid = np.concatenate((np.arange(LOW, 130, 0.005), np.arange(130, HIGH + 0.1, 0.1)))
    shares = integrate.cumulative_simpson(z_density(grid), x=grid, initial=0)
    return np.interp(masses, grid, shares / shares[-1])


def test_density_is_a_breit_wigner_of_the_known_mass_and_width():
    at_pole, aside = z_density(np.array([91.1876, np.sqrt(91.1876**2 + 91.1876 * 2.4952)]))

    # half of it, times s * s**-1.2 ds with ds = 2 m dm
    ratio = np.sqrt(1 + 2.4952 / 91.1876)
    assert aside / at_pole == pytest.approx(0.5 * ratio**0.6)


def test_z_masses_follow_the_density():
    masses = z_masses(np.random.default_rng(1), 200_000)

    assert stats.kstest(masses, z_share_below).pvalue > 0.01


def test_continuum_masses_follow_the_power_law():
    def share_below(mass):
        power = 1 - CONTINUUM_POWER
        return (LOW**power - mass**power) / (LOW**power - HIGH**power)

    masses = continuum_masses(np.random.default_rng(2), 200_000)

    assert stats.kstest(masses, share_below).pvalue > 0.01
