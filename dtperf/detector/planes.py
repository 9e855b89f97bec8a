"""Find the chambers that tracks cross in one station."""

from __future__ import annotations

from math import cos, sin, sqrt
from typing import NamedTuple

import numpy as np

from dtperf.compiled import compiled, inlined
from dtperf.detector.flight import (
    ANGLE2,
    CURVATURE,
    MIXED,
    NUMBER,
    NX,
    NY,
    PLACE2,
    SECTOR,
    SLOPE,
    STRETCH,
    UX,
    UY,
    X,
    Y,
    Z,
)
from dtperf.detector.frames import DISTANCE, FACING, HALF_LENGTH, HALF_WIDTH, OFFSET
from dtperf.detector.frames import Z as Z_CENTRE
from dtperf.detector.helix import advance, to_plane
from dtperf.detector.numbering import chamber_code, second_sector
from dtperf.typing import F32, F64, I16, I64

__all__ = ["LARGEST_OVERLAP_CM", "N_VALUES", "SLOTS", "Propagated", "append", "cross_station"]

SLOTS = 8  # two chambers a station: that of the track's sector and that of a neighbour
N_VALUES = 8
WHEEL_PITCH_CM = 267.75
PER_PITCH = 1 / WHEEL_PITCH_CM
LARGEST_OVERLAP_CM = 45  # of chambers in neighbouring sectors, where they stand closest (MB4)
COS_SECTOR, SIN_SECTOR = cos(SECTOR), sin(SECTOR)


class Propagated(NamedTuple):
    """Chambers crossed by each track, in order of track and station; local frame, cm."""

    offsets: I64
    """Entries offsets[i] to offsets[i + 1] belong to track i, shape (n + 1,)."""
    code: I16
    x: F32
    y: F32
    edge_x: F32
    """Distance from the edge, negative inside."""
    edge_y: F32
    dxdz: F32
    """Slope of the direction; the chamber's z points to the beam."""
    dydz: F32
    sigma_x: F32
    """Uncertainty of x from multiple scattering."""
    sigma_y: F32


@inlined
def _code(station: int, wheel: int, number: int, t: float) -> int:
    """Return the code of a chamber; t distinguishes the two MB4 chambers of a sector."""
    second = second_sector(number + 1, station) if t > 0 else 0
    return chamber_code(wheel, second or number + 1, station)


@compiled(error_model="numpy")
def cross_station(
    state: F64,
    station: int,
    frames: F64,
    margin_cm: float,
    counts: I64,
    codes: I16,
    values: F32,
) -> None:
    """Find the chambers of one station that m tracks cross.

    Args:
        state: The tracks before the station, with the curvature looked ahead.
        station: 1 to 4.
        frames: Chambers, `dtperf.detector.frame_table`.
        margin_cm: Upper limit on both edge distances.
        counts: Chambers found so far, shape (m,); changed in place.
        codes: The chambers, shape (m, SLOTS); changed in place.
        values: Columns x to sigma_y of `Propagated`, shape (m, SLOTS, 8); changed in place.
    """
    for i in range(state.shape[1]):
        x, y, ux, uy = state[X, i], state[Y, i], state[UX, i], state[UY, i]
        slope, curvature = state[SLOPE, i], state[CURVATURE, i]
        nx, ny = state[NX, i], state[NY, i]
        number = int(state[NUMBER, i])
        leans = 1 if y * nx - x * ny > 0 else -1
        for neighbour in range(2):
            if neighbour:
                sine = leans * SIN_SECTOR
                nx, ny = nx * COS_SECTOR - ny * sine, ny * COS_SECTOR + nx * sine
                number = (number + leans) % 12
            ahead = frames[_code(station, 0, number, 0.0), DISTANCE] - x * nx - y * ny
            tau = to_plane(ux * nx + uy * ny, ux * ny - uy * nx, curvature, ahead)
            cx, cy, vx, vy, length = advance(x, y, ux, uy, curvature, tau)
            cz = state[Z, i] + slope * length
            if not abs(cz) < 3 * WHEEL_PITCH_CM:  # also if the track has ended
                continue
            wheel = int(np.rint(cz * PER_PITCH))
            if abs(wheel) > 2:
                continue
            t = cy * nx - cx * ny
            code = _code(station, wheel, number, t)
            facing = frames[code, FACING]
            local_x = facing * (frames[code, OFFSET] - t)
            local_y = facing * (cz - frames[code, Z_CENTRE])
            edge_x = abs(local_x) - frames[code, HALF_WIDTH]
            edge_y = abs(local_y) - frames[code, HALF_LENGTH]
            if not (edge_x < margin_cm and edge_y < margin_cm):
                if edge_x < -LARGEST_OVERLAP_CM:
                    break
                continue
            inwards = -facing / (vx * nx + vy * ny)
            dxdz = (vx * ny - vy * nx) * inwards
            dydz = slope * inwards
            way = length * state[STRETCH, i]
            variance = state[PLACE2, i] + way * (2 * state[MIXED, i] + way * state[ANGLE2, i])
            slot = counts[i]
            counts[i] += 1
            codes[i, slot] = code
            values[i, slot, 0], values[i, slot, 1] = local_x, local_y
            values[i, slot, 2], values[i, slot, 3] = edge_x, edge_y
            values[i, slot, 4], values[i, slot, 5] = dxdz, dydz
            values[i, slot, 6] = sqrt(variance * (1 + dxdz * dxdz))
            values[i, slot, 7] = sqrt(variance * (1 + dydz * dydz))
            if edge_x < -LARGEST_OVERLAP_CM:
                break


@compiled
def append(
    row: int,
    counts: I64,
    codes: I16,
    values: F32,
    code: I16,
    columns: F32,
) -> int:
    """Append the chambers of m tracks to those of earlier tracks.

    Args:
        row: Where to begin.
        counts: As in `cross_station`.
        codes: As in `cross_station`.
        values: As in `cross_station`.
        code: All chambers; changed in place.
        columns: All values, one row a column; changed in place.

    Returns:
        Where to go on.
    """
    for i in range(len(counts)):
        for slot in range(counts[i]):
            code[row] = codes[i, slot]
            for column in range(N_VALUES):
                columns[column, row] = values[i, slot, column]
            row += 1
    return row
