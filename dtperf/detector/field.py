"""The field inside the coil in closed form, and outside from a published map (data/README.md)."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from math import exp, sqrt
from typing import Literal

import numpy as np

from dtperf.compiled import compiled, inlined
from dtperf.typing import F64

__all__ = ["Part", "solenoid_field", "yoke_field"]

# lengths in m, fields in T
RADIUS_M = 4.24326
LENGTH_M = 15.0201
CENTRAL_T = 3.81492
SHIFT_M = 0.0178712
RADIAL_T = 0.000656527
RADIAL_ZERO_M = 2.45818
DIP_T = 0.00778695
DIP_M = 2.12500
DIP_WIDTH_M = 1.77436

ASPECT = LENGTH_M / (2 * RADIUS_M)
SCALE_PER_M = 1 / RADIUS_M
HALF_T = 0.5 * CENTRAL_T * sqrt(1 + 1 / ASPECT**2)


@inlined
def _end(u: float) -> tuple[float, float, float, float]:
    """Return u / sqrt(1 + u^2), the field of a half-infinite coil on its axis, and derivatives."""
    a = 1 / (1 + u * u)
    value = u * sqrt(a)
    first = a * sqrt(a)
    second = -3 * u * a * first
    third = 3 * (4 * u * u - 1) * a * a * first
    return value, first, second, third


@compiled
def solenoid_field(r_cm: float, z_cm: float) -> tuple[float, float]:
    """Return the field inside the coil.

    Args:
        r_cm: Distance from the beam, cm, at most 300: the coil begins there.
        z_cm: Place along the beam, cm.

    Returns:
        The radial field and the field along the beam, T.
    """
    r, z = r_cm / 100, z_cm / 100 - SHIFT_M
    near, far = _end(ASPECT - z * SCALE_PER_M), _end(ASPECT + z * SCALE_PER_M)
    half = 0.5 * r * SCALE_PER_M
    radial = HALF_T * half * (near[1] - far[1] - (near[3] - far[3]) * half * half / 2)
    along = HALF_T * (near[0] + far[0] - (near[2] + far[2]) * half * half)
    radial += RADIAL_T * r * z * (abs(z) - RADIAL_ZERO_M) ** 2
    width = DIP_WIDTH_M * DIP_WIDTH_M
    along -= DIP_T * (exp(-((z - DIP_M) ** 2) / width) + exp(-((z + DIP_M) ** 2) / width))
    return radial, along


Part = Literal["gap_mb1", "tail_catcher", "shell_1", "shell_2", "shell_3"]


@cache
def _columns() -> dict[str, F64]:
    text = files("dtperf.detector").joinpath("data/yoke_field.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    return {name: np.asarray([float(row[name]) for row in rows]) for name in rows[0]}


def yoke_field(part: Part, z_cm: F64) -> F64:
    """Return the absolute value of the field.

    Args:
        part: Where.
        z_cm: Places along the beam, cm, any shape; beyond 660 cm the last value holds.

    Returns:
        Field in T, of the same shape.
    """
    columns = _columns()
    return np.interp(np.abs(z_cm), columns["abs_z_cm"], columns[part])
