"""First and last hit of the inner track."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dtperf.synthetic.stages import Tracks
from dtperf.synthetic.tracks import BEND_PER_CM, MISSING

__all__ = ["Points", "track_ends"]

Singles = npt.NDArray[np.float32]

PIXEL_RADII_CM = np.array([2.9, 6.8, 10.9, 16.0])
PIXEL_CUMULATIVE = np.array([0.88, 0.96, 0.985])
STRIP_RADIUS_CM = 25.5
LAST_RADIUS_CM, LAST_Z_CM = 108.0, 270.0


class Points(NamedTuple):
    """Global coordinates in cm, MISSING without an inner track; arrays of one shape."""

    x: Singles
    y: Singles
    z: Singles


class _Directions(NamedTuple):
    cosine: Singles
    sine: Singles
    slope: Singles
    """dz over the transverse path, sinh(eta)."""


def _directions(tracks: Tracks) -> _Directions:
    growth = np.exp(tracks.eta)
    slope = np.asarray((growth - 1 / growth) / 2, dtype=np.float32)
    return _Directions(np.cos(tracks.phi), np.sin(tracks.phi), slope)


def _at_radius(tracks: Tracks, directions: _Directions, radius_cm: Singles) -> Points:
    # a helix from the closest approach: a chord of length r turns by half its arc
    sine = np.minimum(np.float32(BEND_PER_CM / 2) * radius_cm / tracks.pt, np.float32(1))
    cosine, turned = np.sqrt(1 - sine**2), -tracks.charge.astype(np.float32) * sine
    along = radius_cm * cosine
    across = radius_cm * turned + tracks.dxy
    path = radius_cm * (1 + sine**2 / 6 + 3 * sine**4 / 40)  # arc over chord, to 1e-5 at 2.5 GeV
    points = (
        along * directions.cosine - across * directions.sine,
        along * directions.sine + across * directions.cosine,
        tracks.dz + path * directions.slope,
    )
    return Points(*(np.where(tracks.exists, v, np.float32(MISSING)) for v in points))


def track_ends(
    rng: np.random.Generator, tracks: Tracks, pixel_hits: npt.NDArray[np.int16]
) -> tuple[Points, Points]:
    """Place the first and the last hit of each inner track on a helix in 3.8 T.

    The first is on one of the four pixel layers, or, without pixel hits, at r = 25.5 cm; the last
    is where the track leaves the tracker, at r = 108 cm or |z| = 270 cm.

    Args:
        rng: Random numbers.
        tracks: The inner tracks.
        pixel_hits: Their numbers of pixel hits.
    """
    directions = _directions(tracks)
    layer = np.searchsorted(PIXEL_CUMULATIVE, rng.random(len(tracks.pt)))
    first = np.where(pixel_hits > 0, PIXEL_RADII_CM[layer], STRIP_RADIUS_CM)
    room = np.maximum(LAST_Z_CM - np.abs(tracks.dz), 0)
    last = np.minimum(LAST_RADIUS_CM, room / np.maximum(np.abs(directions.slope), 1e-3))
    return (
        _at_radius(tracks, directions, first.astype(np.float32)),
        _at_radius(tracks, directions, last.astype(np.float32)),
    )
