"""What ROOT's TLorentzVector gives back of the pT, eta and phi that it was set from.

The reference program cuts on these numbers and fills histograms with them. They differ from those
that are stored in the last bits of a double, so only where a stored number sits on a cut or on an
edge; phi beyond pi comes back at the other end, and a pT below 0 without its sign. Formulas: ROOT's
TLorentzVector and TVector3.
"""

from __future__ import annotations

from math import atan2, cos, isfinite, log, sin, sinh, sqrt

import numpy as np

from dtperf.compiled import compiled, inlined
from dtperf.kernel_arrays import empty
from dtperf.typing import F32

__all__ = [
    "EITHER",
    "FOUR_VECTOR",
    "STORED",
    "is_above",
    "is_within",
    "size_of_eta",
    "vector_eta",
    "vector_etas",
    "vector_phi",
    "vector_phis",
    "vector_pt",
    "vector_pts",
]

STORED, FOUR_VECTOR, EITHER = 0, 1, 2
"""Which numbers are cut on: as they are stored, as they come back, or whichever lets more pass."""

ALONG_THE_BEAM = 10e10  # TVector3's eta where a direction has none
# Within these bounds what comes back is, in single precision, what is stored: doubles are off by
# less than 1e-12 in eta up to 4 and by 1e-15 of the value in pT and phi, half a step of a float by
# more than 3e-12 above 1e-4 and by 3e-8 of any value.
SMALL_ETA, LARGE_ETA = 1e-4, 4.0
BELOW_PI = np.float32(3.1415925)


@inlined
def vector_pt(pt: float, phi: float) -> float:
    """Return the pT that comes back, in double precision."""
    px, py = pt * cos(phi), pt * sin(phi)
    return sqrt(px * px + py * py)


@inlined
def vector_eta(pt: float, eta: float, phi: float) -> float:
    """Return the eta that comes back, in double precision."""
    size = abs(pt)  # as TLorentzVector is set, so that a negative pT does not turn it around
    px, py, pz = size * cos(phi), size * sin(phi), size * sinh(eta)
    p = sqrt(px * px + py * py + pz * pz)
    cosine = 1.0 if p == 0 else pz / p
    if cosine * cosine < 1:
        return -0.5 * log((1 - cosine) / (1 + cosine))
    if pz == 0:
        return 0.0
    return ALONG_THE_BEAM if pz > 0 else -ALONG_THE_BEAM


@inlined
def vector_phi(pt: float, phi: float) -> float:
    """Return the phi that comes back, in double precision, from -pi to pi."""
    px, py = abs(pt) * cos(phi), abs(pt) * sin(phi)
    return 0.0 if px == 0 and py == 0 else atan2(py, px)


@inlined
def is_above(pt: np.float32, phi: np.float32, limit: np.float32, which: int) -> bool | np.bool_:
    """Return whether a muon's pT is above a limit.

    Args:
        pt: As stored, GeV.
        phi: As stored.
        limit: In single precision, GeV.
        which: `STORED`, `FOUR_VECTOR` or `EITHER`.
    """
    if which == STORED:
        return pt > limit
    size = abs(pt)
    if which == EITHER:
        return size >= limit
    if size == limit or not isfinite(size):
        return vector_pt(np.float64(pt), np.float64(phi)) > limit
    # no rounding of doubles carries one float past another
    return size > limit and isfinite(phi)


@inlined
def is_within(
    pt: np.float32, eta: np.float32, phi: np.float32, limit: np.float32, which: int
) -> bool | np.bool_:
    """Return whether a muon's |eta| is below a limit.

    Args:
        pt: As stored, GeV.
        eta: As stored.
        phi: As stored.
        limit: In single precision.
        which: `STORED` or `FOUR_VECTOR`.
    """
    size = abs(eta)
    if which == STORED:
        return size < limit
    if abs(size - limit) > SMALL_ETA and size < LARGE_ETA and _is_ordinary(pt, phi):
        return size < limit
    return abs(vector_eta(np.float64(pt), np.float64(eta), np.float64(phi))) < limit


@inlined
def size_of_eta(
    pt: np.float32, eta: np.float32, phi: np.float32, limits: F32, which: int
) -> np.float32:
    """Return a number that is below a station's limit where `is_within` says that |eta| is.

    Args:
        pt: As stored, GeV.
        eta: As stored.
        phi: As stored.
        limits: By station, shape (5,); that of 0 is not used.
        which: `STORED` or `FOUR_VECTOR`.
    """
    size = abs(eta)
    is_stored = size < LARGE_ETA and _is_ordinary(pt, phi)
    for station in range(1, 5):
        is_stored &= abs(size - limits[station]) > SMALL_ETA
    if which == STORED or is_stored:
        return size
    exact = abs(vector_eta(np.float64(pt), np.float64(eta), np.float64(phi)))
    rounded = np.float32(exact)
    # down, so that it is below no limit that the double is not below
    return rounded if rounded <= exact else np.nextafter(rounded, np.float32(0))


@inlined
def _is_ordinary(pt: np.float32, phi: np.float32) -> bool | np.bool_:
    return 0 < abs(pt) < np.inf and isfinite(phi)


@compiled
def vector_pts(pt: F32, phi: F32) -> F32:
    """Return the pT that comes back of each muon, rounded to single precision, shape (muons,)."""
    back = empty(len(pt), np.float32)
    for i in range(len(pt)):
        if _is_ordinary(pt[i], phi[i]):
            back[i] = abs(pt[i])
        else:
            back[i] = vector_pt(np.float64(pt[i]), np.float64(phi[i]))
    return back


@compiled
def vector_etas(pt: F32, eta: F32, phi: F32) -> F32:
    """Return the eta that comes back of each muon, rounded to single precision, shape (muons,)."""
    back = empty(len(eta), np.float32)
    for i in range(len(eta)):
        if SMALL_ETA < abs(eta[i]) < LARGE_ETA and _is_ordinary(pt[i], phi[i]):
            back[i] = eta[i]
        else:
            back[i] = vector_eta(np.float64(pt[i]), np.float64(eta[i]), np.float64(phi[i]))
    return back


@compiled
def vector_phis(pt: F32, phi: F32) -> F32:
    """Return the phi that comes back of each muon, rounded to single precision, shape (muons,)."""
    back = empty(len(phi), np.float32)
    for i in range(len(phi)):
        if 0 < pt[i] < np.inf and abs(phi[i]) <= BELOW_PI:
            back[i] = phi[i]
        else:
            back[i] = vector_phi(np.float64(pt[i]), np.float64(phi[i]))
    return back
