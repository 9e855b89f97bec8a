"""Propagate the probe from its vertex to the chambers.

Helix after helix (`dtperf.detector.helix`) through the tables of `dtperf.detector.layers`: the
field in the middle of each step bends the track and changes its slope, matter takes the mean energy
loss, and multiple scattering adds to the uncertainty of the position.
"""

from __future__ import annotations

import numpy as np

from dtperf.compiled import compiled
from dtperf.detector.flight import ROWS, look_ahead, start, step
from dtperf.detector.layers import Layers
from dtperf.detector.planes import N_VALUES, SLOTS, Propagated, append, cross_station
from dtperf.typing import F32, F64, I32

__all__ = ["propagate"]

# Tracks go side by side, as the roots and divisions of one track wait for each other and those of
# many do not; so many that their state stays in the nearest cache.
TOGETHER = 128


@compiled
def propagate(
    pt: F32,
    eta: F32,
    phi: F32,
    charge: I32,
    dxy: F32,
    dz: F32,
    layers: Layers,
    frames: F64,
    margin_cm: float,
) -> Propagated:
    """Propagate tracks from their vertex to all chambers in reach.

    Args:
        pt: Transverse momentum at the point of closest approach, GeV, shape (n,).
        eta: Pseudorapidity there, shape (n,).
        phi: Azimuth of the direction there, rad, shape (n,).
        charge: +1 or -1, shape (n,).
        dxy: Signed distance from the beam, -x sin(phi) + y cos(phi), cm, shape (n,).
        dz: Place along the beam, cm, shape (n,).
        layers: Field and material.
        frames: Chambers, `dtperf.detector.frame_table`.
        margin_cm: A chamber is crossed if both edge distances are below this; at most 5.

    Returns:
        The crossings. A track that stops, turns round or is not finite has none from there on.
    """
    n = len(pt)
    offsets = np.zeros(n + 1, dtype=np.int64)
    # what is not written to takes no memory
    code = np.empty(n * SLOTS, dtype=np.int16)
    columns = np.empty((N_VALUES, n * SLOTS), dtype=np.float32)
    codes = np.empty((TOGETHER, SLOTS), dtype=np.int16)
    values = np.empty((TOGETHER, SLOTS, N_VALUES), dtype=np.float32)
    row = 0
    for a in range(0, n, TOGETHER):
        b = min(a + TOGETHER, n)
        counts = np.zeros(b - a, dtype=np.int64)
        state = np.empty((ROWS, b - a))
        start(state, pt[a:b], eta[a:b], phi[a:b], charge[a:b], dxy[a:b], dz[a:b])
        last = len(layers.outer_cm) - 1
        for k in range(last + 1):
            look_ahead(state, k, layers)
            if layers.station[k] > 0:
                cross_station(state, layers.station[k], frames, margin_cm, counts, codes, values)
            if k < last:
                step(state, k, layers)
        offsets[a + 1 : b + 1] = counts
        row = append(row, counts, codes, values, code, columns)
    for i in range(n):  # np.cumsum has numba import SciPy's linear algebra, which takes 0.1 s
        offsets[i + 1] += offsets[i]
    return Propagated(
        offsets,
        code[:row],
        columns[0, :row],
        columns[1, :row],
        columns[2, :row],
        columns[3, :row],
        columns[4, :row],
        columns[5, :row],
        columns[6, :row],
        columns[7, :row],
    )
