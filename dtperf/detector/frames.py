"""Transform global coordinates to a chamber's own, and back.

    e_x = f (sin phi_n, -cos phi_n, 0)    e_y = f (0, 0, 1)    e_z = -n, towards the beam

with n = (cos phi_n, sin phi_n, 0), the outward normal of the sector, and the facing f = +1 or -1.
The origin is the chamber's centre. Global coordinates are those of CMS, with z along the field.

`to_local` and its like take arrays. Inside a kernel, `local_point` and its like take one point and
the rows of `frame_table()`, which the kernel is to be handed as an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dtperf.compiled import compiled
from dtperf.detector.numbering import N_CODES
from dtperf.detector.table import (
    centres_cm,
    distances_cm,
    facings,
    lengths_cm,
    offsets_cm,
    sector_angles,
    widths_cm,
)
from dtperf.typing import F64

__all__ = [
    "DISTANCE",
    "FACING",
    "HALF_LENGTH",
    "HALF_WIDTH",
    "NX",
    "NY",
    "OFFSET",
    "Z",
    "direction_to_global",
    "direction_to_local",
    "frame_table",
    "global_direction",
    "global_point",
    "local_direction",
    "local_point",
    "to_global",
    "to_local",
]


NX, NY, DISTANCE, OFFSET, Z, FACING, HALF_WIDTH, HALF_LENGTH = range(8)


@cache
def frame_table() -> F64:
    """Return what kernels need of each chamber, in one cache line each.

    Returns:
        Array of shape (N_CODES, 8), C-contiguous, NaN where no chamber exists. Its columns are

        - NX, NY: the outward normal n,
        - DISTANCE: d of the plane n.r = d, cm,
        - OFFSET: of the centre from the foot of the normal, along rising phi, cm,
        - Z: of the centre, cm,
        - FACING: f,
        - HALF_WIDTH, HALF_LENGTH: half sizes in local x and y, cm.
    """
    angle = sector_angles()
    columns = (
        *(np.cos(angle), np.sin(angle), distances_cm(), offsets_cm(), centres_cm()[:, 2]),
        *(facings(), widths_cm() / 2, lengths_cm() / 2),
    )
    table = np.column_stack(columns)
    table.setflags(write=False)
    return table


@compiled
def local_point(frames: F64, code: int, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Return one global point, cm, in the frame of a chamber that exists."""
    nx, ny, f = frames[code, NX], frames[code, NY], frames[code, FACING]
    return (
        f * (frames[code, OFFSET] - (nx * y - ny * x)),
        f * (z - frames[code, Z]),
        frames[code, DISTANCE] - (nx * x + ny * y),
    )


@compiled
def global_point(
    frames: F64, code: int, x: float, y: float, z: float
) -> tuple[float, float, float]:
    """Return one point, cm, of the frame of a chamber that exists in the global one."""
    nx, ny, f = frames[code, NX], frames[code, NY], frames[code, FACING]
    outward, along_phi = frames[code, DISTANCE] - z, frames[code, OFFSET] - f * x
    return (
        nx * outward - ny * along_phi,
        ny * outward + nx * along_phi,
        frames[code, Z] + f * y,
    )


@compiled
def local_direction(
    frames: F64, code: int, x: float, y: float, z: float
) -> tuple[float, float, float]:
    """Return one global vector in the frame of a chamber that exists."""
    nx, ny, f = frames[code, NX], frames[code, NY], frames[code, FACING]
    return f * (ny * x - nx * y), f * z, -(nx * x + ny * y)


@compiled
def global_direction(
    frames: F64, code: int, x: float, y: float, z: float
) -> tuple[float, float, float]:
    """Return one vector of the frame of a chamber that exists in the global one."""
    nx, ny, f = frames[code, NX], frames[code, NY], frames[code, FACING]
    return f * ny * x - nx * z, -f * nx * x - ny * z, f * y


@compiled
def _fill_local(frames: F64, codes: Any, x: Any, y: Any, z: Any, out: F64) -> None:
    for i in range(len(codes)):
        known = 0 <= codes[i] < N_CODES
        point = local_point(frames, codes[i] if known else 0, x[i], y[i], z[i])
        out[0, i], out[1, i], out[2, i] = point if known else (np.nan, np.nan, np.nan)


@compiled
def _fill_global(frames: F64, codes: Any, x: Any, y: Any, z: Any, out: F64) -> None:
    for i in range(len(codes)):
        known = 0 <= codes[i] < N_CODES
        point = global_point(frames, codes[i] if known else 0, x[i], y[i], z[i])
        out[0, i], out[1, i], out[2, i] = point if known else (np.nan, np.nan, np.nan)


@cache
def _rotations() -> F64:
    table = frame_table().copy()
    table[:, [DISTANCE, OFFSET, Z]] = 0.0
    return table


def _transform(
    fill: Callable[..., None],
    frames: F64,
    codes: npt.ArrayLike,
    vectors: tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike],
) -> tuple[F64, F64, F64]:
    doubles = (np.asarray(component, dtype=np.float64) for component in vectors)
    columns = np.broadcast_arrays(np.asarray(codes, dtype=np.int64), *doubles)
    out = np.empty((3, columns[0].size))
    fill(frames, *(column.flatten() for column in columns), out)
    x, y, z = out.reshape(3, *columns[0].shape)
    return x[()], y[()], z[()]


def to_local(
    codes: npt.ArrayLike, x: npt.ArrayLike, y: npt.ArrayLike, z: npt.ArrayLike
) -> tuple[F64, F64, F64]:
    """Return global points in the frames of chambers.

    Args:
        codes: Chambers, `Chamber.code`; scalar or array.
        x: Global x, cm; this, `y` and `z` are broadcast against the codes.
        y: Global y, cm.
        z: Global z, cm.

    Returns:
        Local x, y and z, cm, of the broadcast shape; NaN where no such chamber exists.
    """
    return _transform(_fill_local, frame_table(), codes, (x, y, z))


def to_global(
    codes: npt.ArrayLike, x: npt.ArrayLike, y: npt.ArrayLike, z: npt.ArrayLike
) -> tuple[F64, F64, F64]:
    """Return points of the frames of chambers in the global one: the inverse of `to_local`."""
    return _transform(_fill_global, frame_table(), codes, (x, y, z))


def direction_to_local(
    codes: npt.ArrayLike, x: npt.ArrayLike, y: npt.ArrayLike, z: npt.ArrayLike
) -> tuple[F64, F64, F64]:
    """Return global vectors in the frames of chambers, with arguments as in `to_local`."""
    return _transform(_fill_local, _rotations(), codes, (x, y, z))


def direction_to_global(
    codes: npt.ArrayLike, x: npt.ArrayLike, y: npt.ArrayLike, z: npt.ArrayLike
) -> tuple[F64, F64, F64]:
    """Return vectors of the frames of chambers in the global one, as `to_global` does points."""
    return _transform(_fill_global, _rotations(), codes, (x, y, z))
