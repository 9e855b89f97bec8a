"""Tracks for the tests of the propagation, and its results chamber by chamber."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dtperf.detector import frame_table
from dtperf.detector.layers import Layers, layers
from dtperf.detector.planes import Propagated
from dtperf.detector.propagation import propagate
from dtperf.synthetic.stages import DrawnCrossings
from dtperf.synthetic.transport import TrackStart, transport

__all__ = ["Common", "Tracks", "by_helix", "by_runge_kutta", "common", "tracks"]

Floats = npt.NDArray[np.float32]


class Tracks(NamedTuple):
    pt: Floats
    eta: Floats
    phi: Floats
    charge: npt.NDArray[np.int32]
    dxy: Floats
    dz: Floats


def tracks(n: int, seed: int, pt: tuple[float, float], eta: float = 1.25) -> Tracks:
    rng = np.random.default_rng(seed)
    columns = (
        rng.uniform(*pt, n),
        rng.uniform(-eta, eta, n),
        rng.uniform(-np.pi, np.pi, n),
        rng.normal(0, 0.01, n),
        rng.normal(0, 3.5, n),
    )
    p, e, f, dxy, dz = (column.astype(np.float32) for column in columns)
    return Tracks(p, e, f, rng.choice([-1, 1], n).astype(np.int32), dxy, dz)


def by_helix(tracks: Tracks, steps: Layers | None = None, margin_cm: float = 5.0) -> Propagated:
    return propagate(*tracks, steps or layers(), frame_table(), margin_cm)


def by_runge_kutta(
    tracks: Tracks, rng: np.random.Generator | None = None, margin_cm: float = 5.0
) -> DrawnCrossings:
    pt, eta, phi, _, dxy, dz = (np.asarray(column, dtype=np.float64) for column in tracks)
    vertex = (-dxy * np.sin(phi), dxy * np.cos(phi), dz)
    return transport(TrackStart(pt, eta, phi, tracks.charge, *vertex), margin_cm, rng)


class Common(NamedTuple):
    """What both found: rows of each, of the same track and chamber."""

    helix: npt.NDArray[np.intp]
    other: npt.NDArray[np.intp]
    only_one: int
    """How many crossings only one of them has."""


def common(helix: Propagated, track: npt.NDArray[np.int64], code: npt.NDArray[np.int16]) -> Common:
    of_helix = np.repeat(np.arange(len(helix.offsets) - 1), np.diff(helix.offsets))
    first, second = of_helix * 1000 + helix.code, track * 1000 + code
    both, i, j = np.intersect1d(first, second, return_indices=True)
    return Common(i, j, len(first) + len(second) - 2 * len(both))
