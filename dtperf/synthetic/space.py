"""Tabulate field and matter on a grid, for the integration of tracks."""

from __future__ import annotations

from functools import cache
from math import sqrt
from typing import NamedTuple

import numpy as np

from dtperf.compiled import inlined
from dtperf.detector.field import solenoid_field
from dtperf.detector.material import REGIONS, in_iron, outside_field
from dtperf.typing import F64, I8, Bools

__all__ = ["Space", "field_at", "space"]


GRID_CM = 5.0
PER_GRID = 1 / GRID_CM
FIRST_Z_CM = -700.0
N_Z = 281
N_R = 62
STRETCH = {"solenoid": 2.2, "none": 5.0}  # smooth; straight, and scattering adds up exactly


class Space(NamedTuple):
    """Regions k from the beam outwards, with field and matter on a grid of 5 cm."""

    outer_cm: F64
    """Where each ends: a radius or a distance along the sector's normal, shape (regions,)."""
    is_flat: Bools
    """False: it ends at a cylinder; True: at the flat side of a dodecagon; shape (regions,)."""
    station: I8
    """Station whose chambers stand in it, 0 for none, shape (regions,)."""
    is_solenoid: Bools
    """Whether its field is that of `solenoid`, shape (regions,)."""
    has_field: Bools
    """Whether there is a field, shape (regions,)."""
    stretch: F64
    """Factor on the longest step in the yoke, shape (regions,)."""
    solenoid: F64
    """Radial field and field along the beam, T, by r and z, shape (r, z, 2)."""
    outside: F64
    """The same by region and z, shape (regions, z, 2)."""
    loss: F64
    """Mean energy loss of a muon of 20 GeV, GeV/cm, by region and z, shape (regions, z)."""
    per_x0: F64
    """Radiation lengths per cm, by region and z, shape (regions, z)."""


@cache
def space() -> Space:
    """Return the tables of field and matter."""
    z = FIRST_Z_CM + GRID_CM * np.arange(N_Z, dtype=np.float64)
    r = GRID_CM * np.arange(N_R, dtype=np.float64)
    iron = np.stack([in_iron(region, z) for region in REGIONS])
    loss = np.asarray([region.loss_gev_per_cm for region in REGIONS])
    per_x0 = np.asarray([1 / region.x0_cm for region in REGIONS])
    return Space(
        outer_cm=np.asarray([region.outer_cm for region in REGIONS], dtype=np.float64),
        is_flat=np.asarray([region.shape == "dodecagon" for region in REGIONS]),
        station=np.asarray([region.station for region in REGIONS], dtype=np.int8),
        is_solenoid=np.asarray([region.field == "solenoid" for region in REGIONS]),
        has_field=np.asarray([region.field != "none" for region in REGIONS]),
        stretch=np.asarray([STRETCH.get(region.field, 1.0) for region in REGIONS]),
        solenoid=np.asarray([[solenoid_field(each_r, each_z) for each_z in z] for each_r in r]),
        # radial first, as in the solenoid
        outside=np.stack([np.stack(outside_field(each, z)[::-1], axis=-1) for each in REGIONS]),
        loss=iron * loss[:, np.newaxis],
        per_x0=iron * per_x0[:, np.newaxis],
    )


@inlined
def field_at(
    solenoid: F64, outside: F64, in_solenoid: bool, k: int, x: float, y: float, z: float
) -> tuple[float, float, float]:
    """Return the field vector, T, at a point (cm) of region k."""
    r = sqrt(x * x + y * y)
    # unsigned, as numba looks at every signed index whether it counts from the end
    v = min(max((z - FIRST_Z_CM) * PER_GRID, 0.0), N_Z - 2.0)
    j = np.uint64(v)
    v -= np.float64(j)
    region = np.uint64(k)
    one = np.uint64(1)
    if in_solenoid:
        u = r * PER_GRID
        i = np.uint64(min(u, N_R - 2.0))
        u -= np.float64(i)
        a, b = (1 - u) * (1 - v), (1 - u) * v
        c, d = u * (1 - v), u * v
        radial = (
            a * solenoid[i, j, 0]
            + b * solenoid[i, j + one, 0]
            + c * solenoid[i + one, j, 0]
            + d * solenoid[i + one, j + one, 0]
        )
        along = (
            a * solenoid[i, j, 1]
            + b * solenoid[i, j + one, 1]
            + c * solenoid[i + one, j, 1]
            + d * solenoid[i + one, j + one, 1]
        )
    else:
        radial = (1 - v) * outside[region, j, 0] + v * outside[region, j + one, 0]
        along = (1 - v) * outside[region, j, 1] + v * outside[region, j + one, 1]
    if r == 0:
        return 0.0, 0.0, along
    radial /= r
    return radial * x, radial * y, along
