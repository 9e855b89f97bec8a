"""Mass and distance of two muons: the very numbers, in single precision, that ROOT gives.

The mass takes most of the search for pairs if it is computed as ROOT's TLorentzVector does. So it
is computed with half of the trigonometry, by polynomials, and with a bound on what rounding may
have done to it and to ROOT's own. Where all within that bound is the same number in single
precision, that is it; only elsewhere ROOT's operations follow.
"""

from __future__ import annotations

from math import copysign, cos, factorial, pi, sin, sinh, sqrt

import numpy as np

from dtperf.compiled import called, inlined

__all__ = ["delta_r", "invariant_mass"]

# Taylor series: what they leave out is below 3e-16 of the sums, for |x| up to LARGE_ETA and up to
# pi / 2. They take half of the time of the C library's functions.
SINH_SERIES = tuple(1 / factorial(2 * n + 1) for n in range(12))
"""Coefficients of sinh(x) / x, of powers of x^2."""
COS_SERIES = tuple((-1) ** n / factorial(2 * n) for n in range(12))
"""Coefficients of cos(x), of powers of x^2."""
LARGE_ETA = 2.5
LARGE_ANGLE = 7.0
"""Radians; two angles between -pi and pi are less apart."""

MUON_MASS_GEV = 0.106  # the reference's value, not the PDG's
ROUNDINGS = 90 * 2.0**-52
"""How far two ways to compute the square of a mass may be apart, of the square of the energy."""

Real = float | np.float32

# The functions below take numbers, not arrays: passing an array costs more than they do.


@inlined
def invariant_mass(
    pt1: Real, eta1: Real, phi1: Real, pt2: Real, eta2: Real, phi2: Real
) -> np.float32:
    """Return the invariant mass of two muons, GeV.

    It is what ROOT's TLorentzVector gives in double precision, rounded to single.
    """
    # numba's float() would leave these in single precision
    pt1, eta1, phi1 = np.float64(pt1), np.float64(eta1), np.float64(phi1)
    pt2, eta2, phi2 = np.float64(pt2), np.float64(eta2), np.float64(phi2)
    pt1, pt2 = abs(pt1), abs(pt2)  # as TLorentzVector is set
    low, high = _mass_between(pt1, eta1, phi1, pt2, eta2, phi2)
    is_usual = max(abs(eta1), abs(eta2)) < LARGE_ETA and abs(phi1 - phi2) < LARGE_ANGLE
    # nearly always both are the same; not where the mass is zero, or anything is not finite
    if is_usual and 0 < low == high:
        return low
    return _mass_of_root(pt1, eta1, phi1, pt2, eta2, phi2)


@inlined
def _mass_between(
    pt1: float, eta1: float, phi1: float, pt2: float, eta2: float, phi2: float
) -> tuple[np.float32, np.float32]:
    """Return numbers between which the mass is that ROOT's operations give, GeV.

    With half of their trigonometry: m2 = 2 (M2 + E1 E2 - pt1 pt2 (cos dphi + sinh eta1 sinh eta2)).
    Not so for |eta| above `LARGE_ETA` and |dphi| above `LARGE_ANGLE`.
    """
    dphi = phi1 - phi2
    dphi -= 2 * pi * np.rint(dphi / (2 * pi))
    half = _polynomial(COS_SERIES, 0.25 * dphi * dphi)
    cosine = 2 * half * half - 1
    sinh1 = eta1 * _polynomial(SINH_SERIES, eta1 * eta1)
    sinh2 = eta2 * _polynomial(SINH_SERIES, eta2 * eta2)
    m2 = MUON_MASS_GEV * MUON_MASS_GEV
    e1 = sqrt(pt1 * pt1 * (1 + sinh1 * sinh1) + m2)
    e2 = sqrt(pt2 * pt2 * (1 + sinh2 * sinh2) + m2)
    squared = 2 * (m2 + e1 * e2 - pt1 * pt2 * (cosine + sinh1 * sinh2))
    # ROOT's operations are off by at most 25, these by 30 roundings of the energy's square
    off = ROUNDINGS * (e1 + e2) * (e1 + e2)
    return np.float32(sqrt(max(squared - off, 0.0))), np.float32(sqrt(abs(squared + off)))


@inlined
def _polynomial(c: tuple[float, ...], x: float) -> float:
    """Return a polynomial of degree 11, by its coefficients from that of 1 to that of x^11.

    By Estrin's scheme, in which few operations wait for another one; Horner's is a chain of them.
    """
    x2 = x * x
    x4 = x2 * x2
    first = c[0] + c[1] * x + (c[2] + c[3] * x) * x2
    second = c[4] + c[5] * x + (c[6] + c[7] * x) * x2
    third = c[8] + c[9] * x + (c[10] + c[11] * x) * x2
    return first + second * x4 + third * (x4 * x4)


# seldom, so that it need not be a part of the loop
@called
def _mass_of_root(
    pt1: float, eta1: float, phi1: float, pt2: float, eta2: float, phi2: float
) -> np.float32:
    """Return the mass by the operations of TLorentzVector, in their order, GeV."""
    px1, py1, pz1 = pt1 * cos(phi1), pt1 * sin(phi1), pt1 * sinh(eta1)
    px2, py2, pz2 = pt2 * cos(phi2), pt2 * sin(phi2), pt2 * sinh(eta2)
    m2 = MUON_MASS_GEV * MUON_MASS_GEV
    energy = sqrt(px1 * px1 + py1 * py1 + pz1 * pz1 + m2)
    energy += sqrt(px2 * px2 + py2 * py2 + pz2 * pz2 + m2)
    px, py, pz = px1 + px2, py1 + py2, pz1 + pz2
    squared = energy * energy - (px * px + py * py + pz * pz)
    return np.float32(copysign(sqrt(abs(squared)), squared))  # rounding can make it negative


@inlined
def delta_r(eta1: Real, phi1: Real, eta2: Real, phi2: Real) -> np.float32:
    """Return the distance of two muons in (eta, phi), computed in double precision."""
    deta = np.float64(eta1) - np.float64(eta2)
    dphi = np.float64(phi1) - np.float64(phi2)
    dphi -= 2 * pi * np.rint(dphi / (2 * pi))
    return np.float32(sqrt(deta * deta + dphi * dphi))
