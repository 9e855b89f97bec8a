"""Chamber numbering and sizes from the ideal CMS geometry.

Source: ideal geometry of the DT system as described by the MIT-licensed package mplDTs. It is
so regular that a few numbers and their exceptions stand for the whole table.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["N_CODES", "Chamber", "chamber_codes", "chambers", "lengths_cm", "widths_cm"]

N_WHEELS = 5
N_SECTORS = 14
N_CODES = 4 * N_WHEELS * N_SECTORS

WIDTH_CM = {1: 218.0, 2: 266.8, 3: 315.92}
MB4_WIDTH_CM = {
    **dict.fromkeys((1, 2, 3, 5, 6, 7), 416.34),
    **dict.fromkeys((4, 13), 311.6),
    **dict.fromkeys((8, 12), 412.66),
    **dict.fromkeys((9, 11), 209.2),
    **dict.fromkeys((10, 14), 260.94),
}
MB4_WHEEL1_SECTOR4_WIDTH_CM = 315.92
LENGTH_CM = 251.1
CHIMNEY_LENGTH_CM = 212.1


class Chamber(NamedTuple):
    """One DT chamber, named by its place."""

    wheel: int
    sector: int
    station: int

    @property
    def code(self) -> int:
        """Dense index of the chamber, 0 to N_CODES - 1."""
        return (
            (self.station - 1) * N_WHEELS * N_SECTORS
            + (self.wheel + 2) * N_SECTORS
            + self.sector
            - 1
        )

    @property
    def name(self) -> str:
        """Name in the field's usual form, such as MB2 W-1 S12."""
        return f"MB{self.station} W{self.wheel:+d} S{self.sector}".replace("+0", "0")


@cache
def chambers() -> tuple[Chamber, ...]:
    """List the 250 chambers, ordered by station, wheel and sector."""
    return tuple(
        Chamber(wheel, sector, station)
        for station in range(1, 5)
        for wheel in range(-2, 3)
        for sector in range(1, 15 if station == 4 else 13)
    )


def _width(chamber: Chamber) -> float:
    if chamber.station < 4:
        return WIDTH_CM[chamber.station]
    if chamber.wheel == 1 and chamber.sector in (4, 13):
        return MB4_WHEEL1_SECTOR4_WIDTH_CM
    return MB4_WIDTH_CM[chamber.sector]


def _length(chamber: Chamber) -> float:
    # the cryogenic chimneys of the solenoid shorten these chambers
    sector = 4 if chamber.sector == 13 else chamber.sector
    chimney = (chamber.wheel, sector) in ((-1, 3), (1, 4))
    return CHIMNEY_LENGTH_CM if chimney else LENGTH_CM


def _by_code(size: dict[Chamber, float]) -> npt.NDArray[np.float64]:
    table = np.full(N_CODES, np.nan)
    for chamber, value in size.items():
        table[chamber.code] = value
    table.setflags(write=False)
    return table


@cache
def widths_cm() -> npt.NDArray[np.float64]:
    """Give the width (local x) of each chamber, shape (N_CODES,), NaN where none exists."""
    return _by_code({chamber: _width(chamber) for chamber in chambers()})


@cache
def lengths_cm() -> npt.NDArray[np.float64]:
    """Give the length (local y) of each chamber, shape (N_CODES,), NaN where none exists."""
    return _by_code({chamber: _length(chamber) for chamber in chambers()})


@numba.njit(nogil=True, cache=True)
def chamber_codes(
    wheel: npt.NDArray[np.int16],
    sector: npt.NDArray[np.int16],
    station: npt.NDArray[np.int16],
) -> npt.NDArray[np.int16]:
    """Number chambers densely.

    Args:
        wheel: -2 to 2, shape (n,).
        sector: 1 to 14, shape (n,).
        station: 1 to 4, shape (n,).

    Returns:
        Codes as in `Chamber.code`, shape (n,); -1 where no such chamber exists.
    """
    codes = np.empty(len(wheel), dtype=np.int16)
    for i in range(len(wheel)):
        last = 14 if station[i] == 4 else 12
        if 1 <= station[i] <= 4 and -2 <= wheel[i] <= 2 and 1 <= sector[i] <= last:
            codes[i] = ((station[i] - 1) * 5 + wheel[i] + 2) * 14 + sector[i] - 1
        else:
            codes[i] = -1
    return codes
