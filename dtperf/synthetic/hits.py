"""Draw numbers of hits, times and chi2 of the two views of segments."""

from __future__ import annotations

import numpy as np

from dtperf.detector import stations
from dtperf.synthetic.efficiency import cms_table
from dtperf.typing import F32, F64, I16

__all__ = [
    "FOUR_Z_HITS",
    "NOT_FITTED",
    "NO_FIT",
    "PHI_HITS",
    "draw_chi2",
    "draw_phi_hits",
    "draw_t0",
    "draw_z_hits",
]

NOT_FITTED = -999.0
"""Stands in the ntuple for a t0 that a segment does not have."""
NO_FIT = -1.0
"""Stands in the ntuple for a chi2 or a drift velocity, which are positive, without the view."""

FEWEST_HITS = 3
PHI_HITS = np.array(
    [
        [0.0047, 0.0174, 0.0339, 0.1470, 0.3466, 0.4505],
        [0.0038, 0.0134, 0.0338, 0.1420, 0.3411, 0.4660],
        [0.0017, 0.0066, 0.0284, 0.1314, 0.3258, 0.5061],
        [0.0015, 0.0065, 0.0295, 0.1450, 0.3522, 0.4653],
    ]
)
"""Part of the segments with 3 to 8 phi hits, by station.

Source: effVsNHitsPhi of the reference program on real CMS data.
"""
FOUR_Z_HITS = 0.85

T0_TAIL = np.array([0.1408, 0.1238, 0.1141, 0.0389])
T0_CORE_WIDTH = np.array([0.8072, 0.8038, 0.7945, 0.9553])
T0_TAIL_WIDTH = np.array([1.8226, 1.9218, 1.9947, 2.9471])
"""Two Gaussians in units of the chamber's rms, by station, fitted to the t0 of real CMS data."""
T0_OUTLIERS = np.array([0.0135, 0.0122, 0.0097, 0.0044])
T0_OUTLIER_WIDTH_NS = 20.0
"""Chosen for the 0.3 % to 0.5 % of the entries that real data has above 12.5 ns, by station."""
T0_NOT_FITTED = 0.026
"""Part of the real entries below -12.5 ns that the upper side does not have."""


def draw_phi_hits(rng: np.random.Generator, code: I16) -> I16:
    """Draw the number of phi hits, 3 to 8, of segments in chambers `code`; shape (n,)."""
    bounds = np.cumsum(PHI_HITS, axis=1)[:, :-1]
    more = rng.random(len(code))[:, None] > bounds[stations()[code] - 1]
    hits: I16 = (FEWEST_HITS + more.sum(axis=1)).astype(np.int16)
    return hits


def draw_z_hits(rng: np.random.Generator, n: int) -> I16:
    """Draw 3 or 4 theta hits, shape (n,)."""
    return (FEWEST_HITS + (rng.random(n) < FOUR_Z_HITS)).astype(np.int16)


def draw_chi2(rng: np.random.Generator, hits: I16) -> F32:
    """Draw the reduced chi2 of lines through `hits` hits; NO_FIT for 0 hits; shape (n,)."""
    freedom = np.maximum(hits - 2, 1)
    chi2 = rng.chisquare(freedom) / freedom
    return np.where(hits > 0, chi2, NO_FIT).astype(np.float32)


def draw_t0(rng: np.random.Generator, code: I16, hits: I16) -> F32:
    """Draw the t0 (ns) of segments, as in the real data of each chamber; shape (n,).

    It is NOT_FITTED without hits in the view, and in 2.6 % of the others.
    """
    table, station = cms_table(), stations()[code] - 1
    kind = rng.random(len(code))
    in_units: F64 = rng.standard_normal(len(code))
    width = np.where(kind < T0_TAIL[station], T0_TAIL_WIDTH[station], T0_CORE_WIDTH[station])
    width = np.where(
        kind > 1 - T0_OUTLIERS[station], T0_OUTLIER_WIDTH_NS, width * table.t0_rms_ns[code]
    )
    is_fitted = (hits > 0) & (rng.random(len(code)) >= T0_NOT_FITTED)
    t0 = np.where(is_fitted, table.t0_mean_ns[code] + width * in_units, NOT_FITTED)
    return t0.astype(np.float32)
