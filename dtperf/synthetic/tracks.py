"""Draw inner tracks as CMS reconstructs and stores them: ``reconstruct(rng, muons)``."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.synthetic.rows import round_mantissa
from dtperf.synthetic.stages import DrawnTracks, TrueMuons
from dtperf.typing import F64, Bools

__all__ = [
    "BEND_PER_CM",
    "MISSING",
    "ClosestApproach",
    "angle_resolution_rad",
    "closest_approach",
    "dxy_resolution_cm",
    "dz_resolution_cm",
    "pt_resolution",
    "reconstruct",
]


def _forwardness(eta: F64) -> F64:
    return np.asarray((eta / 2.4) ** 2)


def pt_resolution(pt_gev: F64, eta: F64) -> F64:
    """Return sigma(pT)/pT: 1.1 % at 40 GeV in the barrel, 2.1 % at the end of the endcaps."""
    scattering = 0.0100 + 0.0070 * _forwardness(eta)
    measurement = (1.0e-4 + 2.0e-4 * _forwardness(eta)) * pt_gev
    return np.asarray(np.hypot(scattering, measurement))


def angle_resolution_rad(pt_gev: F64) -> F64:
    """Return the resolution of phi and of eta: 0.1 mrad, and scattering of 1.5 mrad GeV / pT."""
    return np.asarray(np.hypot(1.0e-4, 1.5e-3 / pt_gev))


def dxy_resolution_cm(pt_gev: F64) -> F64:
    """Return the resolution of the transverse impact: 10 um, and scattering of 80 um GeV / pT."""
    return np.asarray(np.hypot(0.0010, 0.0080 / pt_gev))


def dz_resolution_cm(pt_gev: F64, eta: F64) -> F64:
    """Return the resolution of z at the closest approach: 30 um central, 100 um forward.

    To this adds scattering of 80 um GeV / pT, stretched like the rest by the track's inclination.
    """
    stretch = 1 + 2.3 * _forwardness(eta)
    return np.asarray(stretch * np.hypot(0.0030, 0.0080 / pt_gev))


BEND_PER_CM = 0.00299792458 * 3.8
"""Curvature in the solenoid's 3.8 T of a track of 1 GeV, rad/cm."""
MISSING = -999.0
"""What the ntuple holds for a length or an angle of an inner track that does not exist."""
LOST_TRACK_SHARE = np.array([0.003, 0.003, 0.02, 0.06])  # by Kind
CHARGE_FLIP_SHARE = 1e-5
PT_TAIL_SHARE, PT_TAIL_WIDENING = 0.05, 2.5
DZ_TAIL_SHARE, DZ_TAIL_WIDENING = 0.001, 20.0
STANDALONE_PT_RESOLUTION, STANDALONE_ANGLE_RAD = 0.12, 0.005
ANGLE_BITS, IMPACT_BITS = 12, 10


class ClosestApproach(NamedTuple):
    """True track parameters where it is closest to the beam line; arrays of one shape."""

    phi: F64
    dxy: F64
    dz: F64


def closest_approach(muons: TrueMuons) -> ClosestApproach:
    """Return the track parameters where the muons are closest to the line x = y = 0.

    An arc, dxy to second and the rest to first order in the vertex's distance from that line over
    the radius of curvature, which is 2.6 m at 3 GeV.
    """
    cosine, sine = np.cos(muons.phi), np.sin(muons.phi)
    path = -(muons.vx * cosine + muons.vy * sine)
    turn = -muons.charge * BEND_PER_CM / muons.pt * path
    dxy = muons.vy * cosine - muons.vx * sine + turn * path / 2
    return ClosestApproach(muons.phi + turn, dxy, muons.vz + path * np.sinh(muons.eta))


def _smeared_pt(rng: np.random.Generator, muons: TrueMuons, exists: Bools) -> F64:
    n = len(muons.pt)
    resolution = pt_resolution(muons.pt, muons.eta)
    resolution[rng.random(n) < PT_TAIL_SHARE] *= PT_TAIL_WIDENING
    resolution = np.where(exists, resolution, STANDALONE_PT_RESOLUTION)
    # What is measured is the curvature; the limit keeps a standalone muon from infinite momentum.
    return muons.pt / np.maximum(1 + resolution * rng.standard_normal(n), 0.1)


def _dz_resolutions(rng: np.random.Generator, muons: TrueMuons) -> F64:
    resolution = dz_resolution_cm(muons.pt, muons.eta)
    resolution[rng.random(len(muons.pt)) < DZ_TAIL_SHARE] *= DZ_TAIL_WIDENING
    return resolution


def _wrapped(phi: F64) -> F64:
    return np.asarray((phi + np.pi) % (2 * np.pi) - np.pi)


def reconstruct(rng: np.random.Generator, muons: TrueMuons) -> DrawnTracks:
    """Draw the measured tracks of muons: in the tracker, or without one in the muon system alone.

    The curvature has the resolution of `pt_resolution`, 2.5 times that for 5 % of the tracks,
    and dz that of `dz_resolution_cm`, 20 times that for 0.1 %. With no inner track, pT is
    measured to 12 % and angles to 5 mrad, and dxy and dz are -999. Eta and phi are rounded to
    12 bits of mantissa, dxy and dz to 10.
    """
    n = len(muons.pt)
    exists = rng.random(n) >= LOST_TRACK_SHARE[muons.kind]
    true = closest_approach(muons)
    angle = np.where(exists, angle_resolution_rad(muons.pt), STANDALONE_ANGLE_RAD)
    noise = rng.standard_normal((4, n))
    dxy = true.dxy + dxy_resolution_cm(muons.pt) * noise[0]
    dz = true.dz + _dz_resolutions(rng, muons) * noise[1]
    flipped = rng.random(n) < CHARGE_FLIP_SHARE
    return DrawnTracks(
        pt=_smeared_pt(rng, muons, exists).astype(np.float32),
        eta=round_mantissa(muons.eta + angle * noise[2], ANGLE_BITS),
        phi=round_mantissa(_wrapped(true.phi + angle * noise[3]), ANGLE_BITS),
        charge=np.where(flipped, -muons.charge, muons.charge),
        dxy=round_mantissa(np.where(exists, dxy, MISSING), IMPACT_BITS),
        dz=round_mantissa(np.where(exists, dz, MISSING), IMPACT_BITS),
        exists=exists,
    )
