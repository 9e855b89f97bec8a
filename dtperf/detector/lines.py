"""Find the chambers that straight lines cross, and the points of crossing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dtperf.compiled import compiled
from dtperf.detector.edges import edge_distance
from dtperf.detector.frames import (
    HALF_LENGTH,
    HALF_WIDTH,
    frame_table,
    local_direction,
    local_point,
)
from dtperf.detector.numbering import N_STATION_CODES
from dtperf.detector.search import (
    INNER_RADIUS,
    MAX_CANDIDATES,
    OUTER_RADIUS,
    candidate_codes,
    search_table,
)
from dtperf.typing import F64, I16, I64, AnyArray

__all__ = ["LineCrossings", "chambers_on_lines"]


class LineCrossings(NamedTuple):
    """Chambers that lines meet, in order of line and station; arrays of shape (crossings,)."""

    line: I64
    """Index of the line."""
    code: I16
    """Chamber, `Chamber.code`."""
    x: F64
    """Local x, cm."""
    y: F64
    dxdz: F64
    """Slope dx/dz of the line in the chamber's frame."""
    dydz: F64


def chambers_on_lines(
    points_cm: npt.ArrayLike, directions: npt.ArrayLike, margin_cm: float = 0.0
) -> LineCrossings:
    """Find the chambers that half lines meet.

    Args:
        points_cm: Global coordinates of where each line starts, shape (n, 3).
        directions: Global vectors of any length, shape (n, 3).
        margin_cm: A chamber is met if the line, from its start on, crosses the chamber's plane with
            both edge distances below this.

    Returns:
        The crossings. A line in the chamber's plane or along the beam crosses nothing.
    """
    points = np.ascontiguousarray(points_cm, dtype=np.float64)
    vectors = np.ascontiguousarray(directions, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 3 or points.shape != vectors.shape:
        raise ValueError(
            f"points and directions have the shapes {points.shape} and {vectors.shape}: "
            "both must be (n, 3)"
        )
    index, place = _cross(
        frame_table(), search_table(float(margin_cm)), points, vectors, float(margin_cm)
    )
    return LineCrossings(index[0], index[1].astype(np.int16), *place)


@compiled
def _cross(frames: F64, search: F64, points: F64, vectors: F64, margin: float) -> tuple[I64, F64]:
    candidates = np.empty(MAX_CANDIDATES, dtype=np.int64)
    parts = np.empty((2, 2))
    index = np.empty((2, 8 * len(points) + 64), dtype=np.int64)
    place = np.empty((4, index.shape[1]))
    count = 0
    for i in range(len(points)):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        vx, vy, vz = vectors[i, 0], vectors[i, 1], vectors[i, 2]
        for station in range(1, 5):
            row = (station - 1) * N_STATION_CODES
            n_parts = _parts_in_shell(
                parts, search[row, INNER_RADIUS], search[row, OUTER_RADIUS], x, y, vx, vy
            )
            for part in range(n_parts):
                start, stop = parts[part, 0], parts[part, 1]
                phi, half_phi = _azimuths(
                    x + start * vx, y + start * vy, x + stop * vx, y + stop * vy
                )
                mid_z, half_z = z + (start + stop) / 2 * vz, abs((stop - start) / 2 * vz)
                n_candidates = candidate_codes(
                    candidates, search, station, phi, mid_z, half_phi, half_z
                )
                for code in candidates[:n_candidates]:
                    path, local_x, local_y, dxdz, dydz = _crossing(
                        frames, code, x, y, z, vx, vy, vz
                    )
                    if (
                        start <= path <= stop
                        and edge_distance(local_x, frames[code, HALF_WIDTH]) < margin
                        and edge_distance(local_y, frames[code, HALF_LENGTH]) < margin
                    ):
                        if count == index.shape[1]:
                            index, place = _doubled(index), _doubled(place)
                        index[:, count] = i, code
                        place[:, count] = local_x, local_y, dxdz, dydz
                        count += 1
    return index[:, :count].copy(), place[:, :count].copy()


@compiled
def _crossing(
    frames: F64, code: int, x: float, y: float, z: float, vx: float, vy: float, vz: float
) -> tuple[float, float, float, float, float]:
    """Return path (in units of the vector), local x, y, dx/dz and dy/dz, or NaN for parallels."""
    px, py, pz = local_point(frames, code, x, y, z)
    ux, uy, uz = local_direction(frames, code, vx, vy, vz)
    if uz == 0.0:
        return np.nan, np.nan, np.nan, np.nan, np.nan
    dxdz, dydz = ux / uz, uy / uz
    return -pz / uz, px - pz * dxdz, py - pz * dydz, dxdz, dydz


@compiled
def _parts_in_shell(
    parts: F64, inner: float, outer: float, x: float, y: float, vx: float, vy: float
) -> int:
    """Find where a half line runs between two cylinders around the beam.

    Args:
        parts: Filled with the path at the start and end of each part, in units of the vector;
            shape (2, 2).
        inner: Radius, cm.
        outer: Radius, cm.
        x: Start of the line, cm.
        y: Start of the line, cm.
        vx: The line's vector.
        vy: The line's vector.

    Returns:
        How many parts there are, 0 to 2.
    """
    # |r + t v|^2 = R^2 with t = (-b ± sqrt(b^2 - a c)) / a
    a, b = vx * vx + vy * vy, x * vx + y * vy
    root_of = b * b - a * (x * x + y * y - outer * outer)
    if not (a > 0.0 and root_of > 0.0):
        return 0
    half_outer = np.sqrt(root_of) / a
    middle = -b / a
    if not middle + half_outer > 0.0:
        return 0
    root_of -= a * (outer * outer - inner * inner)
    if root_of <= 0.0:
        parts[0, 0], parts[0, 1] = max(middle - half_outer, 0.0), middle + half_outer
        return 1
    half_inner = np.sqrt(root_of) / a
    count = 0
    if middle - half_inner > 0.0:
        parts[0, 0], parts[0, 1] = max(middle - half_outer, 0.0), middle - half_inner
        count = 1
    parts[count, 0], parts[count, 1] = max(middle + half_inner, 0.0), middle + half_outer
    return count + 1


@compiled
def _azimuths(x_1: float, y_1: float, x_2: float, y_2: float) -> tuple[float, float]:
    """Return middle and half range of the azimuth between two points of a line."""
    phi = np.arctan2(y_1, x_1)
    turn = np.arctan2(x_1 * y_2 - y_1 * x_2, x_1 * x_2 + y_1 * y_2)
    return phi + turn / 2, abs(turn) / 2


@compiled
def _doubled(table: AnyArray) -> AnyArray:
    larger = np.empty((table.shape[0], 2 * table.shape[1]), dtype=table.dtype)
    larger[:, : table.shape[1]] = table
    return larger
