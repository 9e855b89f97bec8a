"""Size and position of every chamber.

Source: ideal geometry of CMS as the MIT-licensed package mplDTs describes it. It is so regular that
these few numbers stand for the whole of it; they give each of the 250 centres, widths and lengths
to 0.01 cm.

All functions give an array by code, NaN where no chamber exists. A sector's normal is
n = (cos phi_n, sin phi_n, 0); the plane of a chamber is n.r = d, its centre lies in it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from dtperf.detector.numbering import N_CODES, SECTOR_IN_PLACE, Chamber, chambers
from dtperf.typing import F64, I16

__all__ = [
    "centres_cm",
    "distances_cm",
    "facings",
    "lengths_cm",
    "offsets_cm",
    "sector_angles",
    "thicknesses_cm",
    "twelve_sectors",
    "widths_cm",
]


DISTANCE_CM = {1: 431.175, 2: 512.475, 3: 617.875, 4: 720.2}
MB4_FEET_DISTANCE_CM = 722.65
"""Sectors 9 and 11 of MB4, above the feet of the yoke."""

OFFSET_CM = {1: 39.12, 2: -21.43, 3: 22.08}
MB4_OFFSET_CM = {
    **dict.fromkeys((1, 2, 3), -94.895),
    **dict.fromkeys((5, 6, 7), 94.895),
    4: -160.75,
    13: 160.75,
    8: 86.5,
    12: -86.5,
    9: 5.983,
    11: -5.983,
    10: -136.77,
    14: 136.77,
}

WIDTH_CM = {1: 218.0, 2: 266.8, 3: 315.92}
MB4_WIDTH_CM = {
    **dict.fromkeys((1, 2, 3, 5, 6, 7), 416.34),
    **dict.fromkeys((4, 13), 311.6),
    **dict.fromkeys((8, 12), 412.664),
    **dict.fromkeys((9, 11), 209.2),
    **dict.fromkeys((10, 14), 260.94),
}
MB4_CHIMNEY_WIDTH_CM = 315.92
"""Sectors 4 and 13 of wheel +1."""

LENGTH_CM = 251.1
CHIMNEY_LENGTH_CM = 212.1

THICKNESS_CM = {1: 36.2, 2: 36.2, 3: 32.7, 4: 32.6}
MB3_CHIMNEY_THICKNESS_CM = 32.65

Z_CM = {0: 0.85, 1: 267.75, 2: 533.35}
CHIMNEY_Z_CM = 287.25

WHEEL0_NEGATIVE_SECTORS = frozenset((1, 4, 5, 8, 9, 12, 13))
"""Sectors of wheel 0 that are built like those of the negative wheels."""


@cache
def twelve_sectors() -> I16:
    """Return for sector 1 to 14 its sector of the twelve that trigger and RPCs know, shape (15,).

    Element 0 stands for no sector and is 0.
    """
    sectors = np.array([SECTOR_IN_PLACE.get(s, s) for s in range(15)], dtype=np.int16)
    sectors.setflags(write=False)
    return sectors


def is_at_chimney(chamber: Chamber) -> bool:
    """Return whether a cryogenic chimney of the solenoid shortens a chamber."""
    sector = SECTOR_IN_PLACE.get(chamber.sector, chamber.sector)
    return (chamber.wheel, sector) in ((-1, 3), (1, 4))


def facing(chamber: Chamber) -> int:
    """Return the sign of local y along z: +1 or -1."""
    if chamber.wheel == 0:
        return -1 if chamber.sector in WHEEL0_NEGATIVE_SECTORS else 1
    return 1 if chamber.wheel > 0 else -1


def _distance(chamber: Chamber) -> float:
    if chamber.station == 4 and chamber.sector in (9, 11):
        return MB4_FEET_DISTANCE_CM
    return DISTANCE_CM[chamber.station]


def _angle(chamber: Chamber) -> float:
    steps = SECTOR_IN_PLACE.get(chamber.sector, chamber.sector) - 1
    return np.pi / 6 * (steps if steps <= 6 else steps - 12)


def _offset(chamber: Chamber) -> float:
    return MB4_OFFSET_CM[chamber.sector] if chamber.station == 4 else OFFSET_CM[chamber.station]


def _width(chamber: Chamber) -> float:
    if chamber.station < 4:
        return WIDTH_CM[chamber.station]
    if chamber.sector in (4, 13) and is_at_chimney(chamber):
        return MB4_CHIMNEY_WIDTH_CM
    return MB4_WIDTH_CM[chamber.sector]


def _length(chamber: Chamber) -> float:
    return CHIMNEY_LENGTH_CM if is_at_chimney(chamber) else LENGTH_CM


def _thickness(chamber: Chamber) -> float:
    if chamber.station == 3 and is_at_chimney(chamber):
        return MB3_CHIMNEY_THICKNESS_CM
    return THICKNESS_CM[chamber.station]


def _z(chamber: Chamber) -> float:
    if chamber.wheel == 0:
        return -facing(chamber) * Z_CM[0]
    return facing(chamber) * (CHIMNEY_Z_CM if is_at_chimney(chamber) else Z_CM[abs(chamber.wheel)])


def _by_code(value: Callable[[Chamber], float]) -> F64:
    column = np.full(N_CODES, np.nan)
    for chamber in chambers():
        column[chamber.code] = value(chamber)
    column.setflags(write=False)
    return column


@cache
def distances_cm() -> F64:
    """Return the distance d of each chamber's plane from the beam line, shape (N_CODES,)."""
    return _by_code(_distance)


@cache
def sector_angles() -> F64:
    """Return the azimuth of each chamber's normal, rad in (-pi, pi], shape (N_CODES,)."""
    return _by_code(_angle)


@cache
def offsets_cm() -> F64:
    """Return the centres' offsets from the foot of the normal, along phi, shape (N_CODES,)."""
    return _by_code(_offset)


@cache
def facings() -> F64:
    """Return the sign of local y along z, +1 or -1, shape (N_CODES,)."""
    return _by_code(facing)


@cache
def widths_cm() -> F64:
    """Return the width (local x) of each chamber, shape (N_CODES,), NaN where none exists."""
    return _by_code(_width)


@cache
def lengths_cm() -> F64:
    """Return the length (local y) of each chamber, shape (N_CODES,), NaN where none exists."""
    return _by_code(_length)


@cache
def thicknesses_cm() -> F64:
    """Return the thickness (local z) of each chamber, shape (N_CODES,)."""
    return _by_code(_thickness)


@cache
def centres_cm() -> F64:
    """Return the centre (x, y, z) of each chamber, shape (N_CODES, 3)."""
    d, offset = distances_cm(), offsets_cm()
    cos, sin = np.cos(sector_angles()), np.sin(sector_angles())
    centres = np.column_stack((d * cos - offset * sin, d * sin + offset * cos, _by_code(_z)))
    centres.setflags(write=False)
    return centres
