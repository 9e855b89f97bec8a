"""Distances from a chamber's edges, as CMS gives them: |position| - size / 2, negative inside."""

from __future__ import annotations

import numpy as np

from dtperf.compiled import compiled
from dtperf.detector.numbering import N_CODES
from dtperf.detector.superlayers import envelopes
from dtperf.detector.table import lengths_cm, widths_cm
from dtperf.typing import F64, Floating, Integers

__all__ = ["ACCEPT_CM", "edge_distance", "edge_distances", "sensitive_edge_distances"]

ACCEPT_CM = 5.0
"""CMS keeps an extrapolation if both edge distances are below this."""


@compiled
def edge_distance(position_cm: float, half_size_cm: float) -> float:
    """Return the distance from the nearer edge along one local axis, cm, negative inside."""
    return abs(position_cm) - half_size_cm


@compiled
def _fill(
    codes: Integers,
    positions: Floating,
    centres: F64,
    sizes: F64,
) -> Floating:
    edges = np.empty_like(positions)
    for i in range(len(codes)):
        code = codes[i]
        centre, half = (centres[code], sizes[code] / 2) if code >= 0 else (0.0, 0.0)
        edges[i] = edge_distance(np.float64(positions[i]) - centre, half)
    return edges


def edge_distances(
    codes: Integers,
    x: Floating,
    y: Floating,
) -> tuple[Floating, Floating]:
    """Return the distances of points from the edges of their chambers.

    Args:
        codes: Chambers, `Chamber.code`, or -1 for an unknown one, shape (n,).
        x: Local x, cm, shape (n,).
        y: Local y, cm, shape (n,).

    Returns:
        edge_x and edge_y, cm, shape (n,), worked out in double precision and rounded to the dtypes
        of x and y. An unknown chamber is taken to have no size.
    """
    middle = np.zeros(N_CODES)
    return _fill(codes, x, middle, widths_cm()), _fill(codes, y, middle, lengths_cm())


def sensitive_edge_distances(
    codes: Integers,
    x: Floating,
    y: Floating,
) -> tuple[Floating, Floating]:
    """Return the distances of points from the edges of what is sensitive in their chambers.

    Arguments and what is returned are those of `edge_distances`, with `envelopes` for chambers. The
    points are taken where a track crosses the middle of its chamber: how it is inclined, which
    shifts it by a few cm between the superlayers, does not count.
    """
    box, middle = envelopes(), np.zeros(N_CODES)
    in_x = _fill(codes, x, box.middle_x_cm, box.width_cm)
    return in_x, _fill(codes, y, middle, box.length_cm)
