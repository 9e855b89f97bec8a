"""Draw Drell-Yan bosons and their decays to two muons, which may radiate."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from dtperf.typing import F64

__all__ = [
    "CONTINUUM_POWER",
    "MASS_RANGE_GEV",
    "MUON_MASS_GEV",
    "Z_MASS_GEV",
    "Z_WIDTH_GEV",
    "Momenta",
    "continuum_masses",
    "decay",
    "pair_mass",
    "radiate",
    "transverse_momenta",
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
    """Return the Z's lineshape dN/dm before radiation, not normalised, at masses in GeV.

    A relativistic Breit-Wigner in s = m**2, s / ((s - M²)² + M²Γ²), times the fall of the
    parton luminosity, s**-1.2.
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


MUON_MASS_GEV = 0.1056583755
FINE_STRUCTURE = 1 / 137.036
SOFT_PT_SHARE = 0.62
SOFT_PT_SCALE_GEV, SOFT_PT_TAIL = 7.5, 1.2
HARD_PT_SCALE_GEV, HARD_PT_TAIL = 32.0, 2.0
RAPIDITY_PLATEAU = 3.0
RAPIDITY_EDGE = 0.6


class Momenta(NamedTuple):
    """Cartesian momenta of muons in GeV; arrays of one shape."""

    px: F64
    py: F64
    pz: F64

    @property
    def pt(self) -> F64:
        """Transverse momentum, GeV."""
        return np.asarray(np.hypot(self.px, self.py))

    @property
    def eta(self) -> F64:
        """Pseudorapidity."""
        return np.asarray(np.arcsinh(self.pz / self.pt))

    @property
    def phi(self) -> F64:
        """Azimuth, between -pi and pi."""
        return np.asarray(np.arctan2(self.py, self.px))

    @property
    def energy(self) -> F64:
        """Energy of a muon, GeV."""
        return np.sqrt(self.px**2 + self.py**2 + self.pz**2 + MUON_MASS_GEV**2)

    def scaled(self, factor: F64) -> Momenta:
        """Return the momenta times a factor each."""
        return Momenta(self.px * factor, self.py * factor, self.pz * factor)


def transverse_momenta(rng: np.random.Generator, n: int) -> F64:
    """Draw transverse momenta of the boson in GeV.

    The sum of two densities 2 pT / a² (1 + pT² / (k a²))**-(k + 1): with a = 7.5 GeV, k = 1.2 for
    soft gluons and a = 32 GeV, k = 2.0 for jets. Its peak is at 4.5 GeV, its median at 11 GeV, as
    in the measurement of CMS at 13 TeV (JHEP 12 (2019) 061), roughly.
    """
    is_soft = rng.random(n) < SOFT_PT_SHARE
    scale = np.where(is_soft, SOFT_PT_SCALE_GEV, HARD_PT_SCALE_GEV)
    tail = np.where(is_soft, SOFT_PT_TAIL, HARD_PT_TAIL)
    above = 1 - rng.random(n)  # random() may be 0, but never 1
    return np.asarray(scale * np.sqrt(tail * (above ** (-1 / tail) - 1)))


def rapidities(rng: np.random.Generator, n: int) -> F64:
    """Draw rapidities: flat to about 2.5, half at 3.0, as for the Z at 13.6 TeV."""
    flat = rng.uniform(-RAPIDITY_PLATEAU, RAPIDITY_PLATEAU, n)
    return np.asarray(flat + RAPIDITY_EDGE * rng.standard_normal(n))


def polar_cosines(rng: np.random.Generator, n: int) -> F64:
    """Draw cos(theta) with density 1 + cos(theta)**2, the root of c**3 + 3 c = 8 u - 4."""
    half = 4 * rng.random(n) - 2
    root = np.cbrt(half + np.sqrt(half**2 + 1))
    return np.asarray(root - 1 / root)


def decay(rng: np.random.Generator, mass_gev: F64) -> tuple[Momenta, Momenta]:
    """Draw bosons of these masses and the momenta of the two muons of each, shape (n,).

    The angle is that to the beam line in the boson's rest frame. The boost is exact.
    """
    n = len(mass_gev)
    pt, phi = transverse_momenta(rng, n), rng.uniform(-np.pi, np.pi, n)
    transverse_mass, y = np.hypot(mass_gev, pt), rapidities(rng, n)
    boson = (pt * np.cos(phi), pt * np.sin(phi), transverse_mass * np.sinh(y))
    energy = transverse_mass * np.cosh(y)

    cosine, azimuth = polar_cosines(rng, n), rng.uniform(-np.pi, np.pi, n)
    momentum = np.sqrt(mass_gev**2 / 4 - MUON_MASS_GEV**2)
    sine = np.sqrt(1 - cosine**2)
    rest = (
        momentum * sine * np.cos(azimuth),
        momentum * sine * np.sin(azimuth),
        momentum * cosine,
    )
    # p = p* + P (p*·P / (m (E + m)) ± E* / m) with E* = m / 2 for either muon
    along = sum(a * b for a, b in zip(rest, boson, strict=True)) / (mass_gev * (energy + mass_gev))
    first = Momenta(*(p + b * (along + 0.5) for p, b in zip(rest, boson, strict=True)))
    second = Momenta(*(b - p for p, b in zip(first, boson, strict=True)))
    return first, second


def radiate(rng: np.random.Generator, muons: Momenta, pair_mass_gev: F64) -> Momenta:
    """Return muons less the energy of final-state photons, emitted along the muon.

    The lost share x has the density b x**(b - 1) of soft photons resummed, with b = alpha/pi
    (ln(m²/m_mu²) - 1), about 0.029 at the Z for the mass m of the pair before radiation, times
    (1 + (1 - x)²)/2 for hard ones.
    """
    n = len(pair_mass_gev)
    strength = FINE_STRUCTURE / np.pi * (2 * np.log(pair_mass_gev / MUON_MASS_GEV) - 1)
    lost = rng.random(n) ** (1 / strength)
    lost[2 * rng.random(n) > 1 + (1 - lost) ** 2] = 0
    return muons.scaled(1 - lost)


def pair_mass(first: Momenta, second: Momenta) -> F64:
    """Return the invariant mass of two muons in GeV, element by element."""
    squares = [(a + b) ** 2 for a, b in zip(first, second, strict=True)]
    energy = first.energy + second.energy
    return np.sqrt(np.maximum(energy**2 - sum(squares), 0))
