"""Draw the hits of inner tracks, and first and last hit of the standalone track."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from dtperf.detector.table import DISTANCE_CM
from dtperf.synthetic.rows import take
from dtperf.synthetic.stages import DrawnTracks, MuonOrigin, TrueMuons
from dtperf.synthetic.tracks import BEND_PER_CM, MISSING
from dtperf.typing import F32, I16, I64, U8, Bools

__all__ = ["NO_COUNT", "Points", "TrackHits", "track_ends", "track_hits"]

NO_COUNT = -1
"""What the ntuple holds for a count or an algorithm where there is no inner track."""
TRANSITION_ETA = 1.2
PIXELLESS = (9, 10)
MUON_SEEDED = 13

# reco::TrackBase::TrackAlgorithm: 4 initialStep, 5 lowPtTriplet, 6 pixelPair, 7 detachedTriplet,
# 8 mixedTriplet, 9 pixelLess, 10 tobTec, 14 muonSeededOutIn, 22 highPtTriplet, 23 lowPtQuad,
# 24 detachedQuad
REAL_ALGORITHMS = {4: 950, 5: 5, 6: 3, 7: 3, 9: 5, 14: 7, 22: 20, 23: 7}
FAKE_TRIPLET_STEPS = {5: 34, 7: 31, 8: 7, 22: 60}
FAKE_OTHER_STEPS = {4: 369, 6: 28, 9: 92, 10: 26, 14: 62, 23: 200, 24: 91}
REAL_PIXEL_HITS = {0: 2, 1: 3, 2: 5, 3: 100, 4: 450, 5: 270, 6: 120, 7: 42, 8: 8}
FAKE_PIXEL_HITS = {0: 3, 1: 28, 2: 37, 3: 185, 4: 340, 5: 194, 6: 126, 7: 61, 8: 20, 9: 5, 10: 1}
PIXELLESS_PIXEL_HITS = {0: 650, 1: 350}
BARREL_LAYERS = {9: 4, 10: 26, 11: 70, 12: 190, 13: 360, 14: 350}
ENDCAP_LAYERS = {10: 10, 11: 20, 12: 40, 13: 80, 14: 150, 15: 260, 16: 300, 17: 137, 18: 3}
SHORT_FAKE_LAYERS = {3: 25, 4: 45, 5: 97, 6: 74, 7: 53, 8: 50, 9: 55, 10: 66}
LONG_FAKE_LAYERS = {11: 95, 12: 122, 13: 114, 14: 75, 15: 74, 16: 45, 17: 10}


def _lookup(*shares: Mapping[int, int]) -> I16:
    rows = [np.repeat(list(row), list(row.values())) for row in shares]
    return np.stack(rows).astype(np.int16)


ALGORITHMS = _lookup(REAL_ALGORITHMS, FAKE_TRIPLET_STEPS | FAKE_OTHER_STEPS)
PIXEL_HITS = _lookup(REAL_PIXEL_HITS, FAKE_PIXEL_HITS, PIXELLESS_PIXEL_HITS)
LAYERS = _lookup(BARREL_LAYERS, ENDCAP_LAYERS, SHORT_FAKE_LAYERS | LONG_FAKE_LAYERS)


class TrackHits(NamedTuple):
    """Hits and algorithm of each inner track, NO_COUNT without one; all int16 as stored."""

    pixel_hits: I16
    layers: I16
    valid_fraction: I16
    """1 where every layer that was crossed has a hit, else 0: an integer in the ntuple."""
    algorithm: I16
    original_algorithm: I16


def track_hits(rng: np.random.Generator, muons: TrueMuons, tracks: DrawnTracks) -> TrackHits:
    """Draw the hits of each inner track and the iteration that found it; fakes have fewer hits."""
    n = len(muons.pt)
    fake = (muons.kind == MuonOrigin.FAKE).astype(np.int8)
    endcap = np.abs(muons.eta) > TRANSITION_ETA
    draws = rng.integers(0, 1000, (4, n), dtype=np.int16)
    original = ALGORITHMS[fake, draws[0]]
    pixel_row = np.where((original == PIXELLESS[0]) | (original == PIXELLESS[1]), 2, fake)
    columns = (
        PIXEL_HITS[pixel_row, draws[1]],
        LAYERS[np.where(fake, 2, endcap), draws[2]],
        (draws[3] < 800).astype(np.int16),
        # the last iteration that found the track: muons are searched again from the muon system
        np.where(draws[3] % 20 == 0, np.int16(MUON_SEEDED), original),
        original,
    )
    missing = ~tracks.exists
    for column in columns:
        column[missing] = NO_COUNT
    return TrackHits(*columns)


SOLENOID_RADIUS_CM, SOLENOID_Z_CM = 295.0, 570.0
"""The end of the field that bends, beyond which tracks are taken to be straight."""
BARREL_CM = np.array(list(DISTANCE_CM.values()), dtype=np.float32)
ENDCAP_Z_CM = np.array([600, 830, 935, 1020], dtype=np.float32)
"""ME1 to ME4."""
CHAMBER_DEPTH_CM = 25.0
BARREL_ETA = 1.0
STATIONS = 4


class Points(NamedTuple):
    """Global coordinates in cm, MISSING without a standalone track; arrays of one shape."""

    x: F32
    y: F32
    z: F32


class _Rays(NamedTuple):
    """Straight lines on which tracks leave the solenoid."""

    x: F32
    y: F32
    z: F32
    cosine: F32
    sine: F32
    slope: F32
    """dz over the transverse path, sinh(eta)."""


def _rays(tracks: DrawnTracks) -> _Rays:
    phi, slope, charge = tracks.phi, np.sinh(tracks.eta), tracks.charge.astype(np.float32)
    dxy, dz = (np.where(tracks.exists, v, np.float32(0)) for v in (tracks.dxy, tracks.dz))
    to_end = np.maximum(SOLENOID_Z_CM - np.abs(dz), 0) / np.maximum(np.abs(slope), 1e-3)
    chord = np.minimum(SOLENOID_RADIUS_CM, to_end)
    # a helix from the closest approach: a chord turns by half its arc
    half = np.arcsin(np.minimum(BEND_PER_CM / 2 * chord / tracks.pt, 1))
    path = chord * half / np.maximum(np.sin(half), 1e-12)
    middle, end = phi - charge * half, phi - 2 * charge * half
    x = chord * np.cos(middle) - dxy * np.sin(phi)
    y = chord * np.sin(middle) + dxy * np.cos(phi)
    z = np.asarray(dz + path * slope, dtype=np.float32)
    return _Rays(x, y, z, np.cos(end), np.sin(end), slope)


def _at_station(rays: _Rays, station: I64, depth_cm: F32) -> tuple[F32, ...]:
    """Return where rays cross stations, 0 to 3 for MB1 to MB4 and 4 to 7 for ME1 to ME4."""
    number = station % STATIONS
    radius, distance = BARREL_CM[number] + depth_cm, ENDCAP_Z_CM[number] + depth_cm
    along = rays.x * rays.cosine + rays.y * rays.sine
    to_radius = np.sqrt(np.maximum(along**2 + radius**2 - rays.x**2 - rays.y**2, 0)) - along
    slope = np.where(rays.slope < 0, -1, 1) * np.maximum(np.abs(rays.slope), 1e-3)
    to_distance = (np.sign(slope) * distance - rays.z) / slope
    path = np.where(station < STATIONS, to_radius, to_distance)
    return rays.x + path * rays.cosine, rays.y + path * rays.sine, rays.z + path * rays.slope


def track_ends(
    rng: np.random.Generator,
    tracks: DrawnTracks,
    station_mask: U8,
    is_standalone: Bools,
) -> tuple[Points, Points]:
    """Draw the positions of the first and the last hit of each standalone track.

    They lie in the first and in the last station that the muon is matched to (DT in bits 0 to 3
    of the mask, CSC in bits 4 to 7), on the helix of the inner track in the solenoid and on a
    straight line beyond. CMS takes them from the track in the muon system, as
    MuGEMMuonExtTableProducer.cc of cms-sw/cmssw has it, not from the inner one.
    """
    rows = np.flatnonzero(is_standalone)
    depth = (rng.random(len(tracks.pt)) - 0.5).astype(np.float32)
    bits = np.unpackbits(station_mask[rows, None], axis=1, bitorder="little")
    is_matched = station_mask[rows] > 0
    unmatched = np.where(np.abs(tracks.eta[rows]) < BARREL_ETA, 0, STATIONS)
    first = np.where(is_matched, bits.argmax(axis=1), unmatched)
    last = np.where(is_matched, 7 - bits[:, ::-1].argmax(axis=1), unmatched)
    rays = _rays(take(tracks, rows))
    ends = np.full((2, 3, len(is_standalone)), MISSING, dtype=np.float32)
    for end, station in zip(ends, (first, last), strict=True):
        end[:, rows] = _at_station(rays, station, CHAMBER_DEPTH_CM * depth[rows])
    return Points(*ends[0]), Points(*ends[1])
