"""First and last hit of the standalone track."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dtperf.geometry.table import DISTANCE_CM
from dtperf.synthetic.stages import Tracks
from dtperf.synthetic.tracks import BEND_PER_CM, MISSING
from dtperf.typing import F32, I64, U8, Bools

__all__ = ["Points", "track_ends"]

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


def _rays(tracks: Tracks) -> _Rays:
    phi, slope, charge = tracks.phi, np.sinh(tracks.eta), tracks.charge.astype(np.float32)
    dxy, dz = (np.where(tracks.exists, v, np.float32(0)) for v in (tracks.dxy, tracks.dz))
    room = np.maximum(SOLENOID_Z_CM - np.abs(dz), 0) / np.maximum(np.abs(slope), 1e-3)
    chord = np.minimum(SOLENOID_RADIUS_CM, room)
    # a helix from the closest approach: a chord turns by half its arc
    half = np.arcsin(np.minimum(BEND_PER_CM / 2 * chord / tracks.pt, 1))
    path = chord * half / np.maximum(np.sin(half), 1e-12)
    middle, end = phi - charge * half, phi - 2 * charge * half
    x = chord * np.cos(middle) - dxy * np.sin(phi)
    y = chord * np.sin(middle) + dxy * np.cos(phi)
    z = np.asarray(dz + path * slope, dtype=np.float32)
    return _Rays(x, y, z, np.cos(end), np.sin(end), slope)


def _at_station(rays: _Rays, station: I64, depth_cm: F32) -> tuple[F32, ...]:
    """Follow rays to stations, 0 to 3 for MB1 to MB4 and 4 to 7 for ME1 to ME4."""
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
    tracks: Tracks,
    station_mask: U8,
    is_standalone: Bools,
) -> tuple[Points, Points]:
    """Place the first and the last hit of each standalone track.

    They lie in the first and in the last station that the muon is matched to, on the helix of
    the inner track in the solenoid and on a straight line beyond. CMS takes them from the track in
    the muon system, as MuGEMMuonExtTableProducer.cc of cms-sw/cmssw has it, not from the inner one.

    Args:
        rng: Random numbers, for where in a chamber.
        tracks: The tracks.
        station_mask: DT stations in bits 0 to 3, CSC stations in bits 4 to 7.
        is_standalone: Whether there is a standalone track.
    """
    rows, depth = (
        np.flatnonzero(is_standalone),
        (rng.random(len(tracks.pt)) - 0.5).astype(np.float32),
    )
    bits = np.unpackbits(station_mask[rows, None], axis=1, bitorder="little")
    is_matched = station_mask[rows] > 0
    unmatched = np.where(np.abs(tracks.eta[rows]) < BARREL_ETA, 0, STATIONS)
    first = np.where(is_matched, bits.argmax(axis=1), unmatched)
    last = np.where(is_matched, 7 - bits[:, ::-1].argmax(axis=1), unmatched)
    columns: Any = (column[rows] for column in tracks)
    rays = _rays(Tracks(*columns))
    ends = np.full((2, 3, len(is_standalone)), MISSING, dtype=np.float32)
    for end, station in zip(ends, (first, last), strict=True):
        end[:, rows] = _at_station(rays, station, CHAMBER_DEPTH_CM * depth[rows])
    return Points(*ends[0]), Points(*ends[1])
