"""Distances from a chamber's edges, as CMS gives them: |position| - size / 2, negative inside."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from dtperf.geometry.table import lengths_cm, widths_cm

__all__ = ["ACCEPT_CM", "edge_distance", "edge_distances"]

ACCEPT_CM = 5.0
"""CMS keeps an extrapolation if both edge distances are below this."""


@numba.njit(nogil=True, cache=True)
def edge_distance(position_cm: float, half_size_cm: float) -> float:
    """Give the distance from the nearer edge along one local axis, cm, negative inside."""
    return abs(position_cm) - half_size_cm


@numba.njit(nogil=True, cache=True)
def _fill(
    codes: npt.NDArray[np.integer],
    positions: npt.NDArray[np.floating],
    sizes: npt.NDArray[np.float64],
) -> npt.NDArray[np.floating]:
    edges = np.empty_like(positions)
    for i in range(len(codes)):
        half = sizes[codes[i]] / 2 if codes[i] >= 0 else 0.0
        edges[i] = edge_distance(np.float64(positions[i]), half)
    return edges


def edge_distances(
    codes: npt.NDArray[np.integer],
    x: npt.NDArray[np.floating],
    y: npt.NDArray[np.floating],
) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    """Give the distances of points from the edges of their chambers.

    Args:
        codes: Chambers, `Chamber.code`, or -1 for an unknown one, shape (n,).
        x: Local x, cm, shape (n,).
        y: Local y, cm, shape (n,).

    Returns:
        edge_x and edge_y, cm, shape (n,), worked out in double precision and rounded to the dtypes
        of x and y. An unknown chamber is taken to have no size.
    """
    return _fill(codes, x, widths_cm()), _fill(codes, y, lengths_cm())
