"""First and last hit of the standalone track."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dtperf.geometry.table import DISTANCE_CM
from dtperf.synthetic.stages import Bools, Floats, Indices, Tracks
from dtperf.synthetic.tracks import BEND_PER_CM, MISSING

__all__ = ["Points", "track_ends"]

Singles = npt.NDArray[np.float32]

SOLENOID_RADIUS_CM, SOLENOID_Z_CM = 295.0, 570.0
"""The end of the field that bends, beyond which tracks are taken to be straight."""
BARREL_CM = np.array(list(DISTANCE_CM.values()))
ENDCAP_Z_CM = np.array([600.0, 830.0, 935.0, 1020.0])
"""ME1 to ME4."""
CHAMBER_DEPTH_CM = 25.0
BARREL_ETA = 1.0
STATIONS = 4


class Points(NamedTuple):
    """Global coordinates in cm, MISSING without a standalone track; arrays of one shape."""

    x: Singles
    y: Singles
    z: Singles


class _Rays(NamedTuple):
    """Straight lines on which tracks leave the solenoid."""

    x: Floats
    y: Floats
    z: Floats
    cosine: Floats
    sine: Floats
    slope: Floats
    """dz over the transverse path, sinh(eta)."""


def _rays(tracks: Tracks) -> _Rays:
    phi, slope = tracks.phi.astype(np.float64), np.sinh(tracks.eta.astype(np.float64))
    dxy, dz = (np.where(tracks.exists, v, 0).astype(np.float64) for v in (tracks.dxy, tracks.dz))
    room = np.maximum(SOLENOID_Z_CM - np.abs(dz), 0) / np.maximum(np.abs(slope), 1e-3)
    chord = np.minimum(SOLENOID_RADIUS_CM, room)
    # a helix from the closest approach: a chord turns by half its arc
    half = np.arcsin(np.minimum(BEND_PER_CM / 2 * chord / tracks.pt, 1))
    path = chord * half / np.maximum(np.sin(half), 1e-12)
    middle, end = phi - tracks.charge * half, phi - 2 * tracks.charge * half
    x = chord * np.cos(middle) - dxy * np.sin(phi)
    y = chord * np.sin(middle) + dxy * np.cos(phi)
    return _Rays(x, y, dz + path * slope, np.cos(end), np.sin(end), slope)


def _at_station(rays: _Rays, station: Indices, depth_cm: Floats) -> tuple[Floats, ...]:
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
    station_mask: npt.NDArray[np.uint8],
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
    bits = np.unpackbits(station_mask[:, None], axis=1, bitorder="little")
    unmatched = np.where(np.abs(tracks.eta) < BARREL_ETA, 0, STATIONS)
    first = np.where(station_mask > 0, bits.argmax(axis=1), unmatched)
    last = np.where(station_mask > 0, 7 - bits[:, ::-1].argmax(axis=1), unmatched)
    rays, depth = _rays(tracks), CHAMBER_DEPTH_CM * (rng.random(len(tracks.pt)) - 0.5)
    missing = np.float32(MISSING)
    ends = (_at_station(rays, station, depth) for station in (first, last))
    inner, outer = (
        Points(*(np.where(is_standalone, v, missing).astype(np.float32) for v in point))
        for point in ends
    )
    return inner, outer
