"""Name and number the chambers: wheel, sector and station, dense code, and CMS's number.

`Chamber(-1, 12, 2).code` is 95, `Chamber(-1, 12, 2).raw_id` is 582287360.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from dtperf.compiled import compiled, inlined
from dtperf.kernel_arrays import empty
from dtperf.typing import I16, I64, AnyArray, Integers

__all__ = [
    "N_CODES",
    "SECTOR_IN_PLACE",
    "Chamber",
    "chamber_code",
    "chamber_codes",
    "chambers",
    "codes_of_raw_ids",
    "of_chambers",
    "raw_ids",
    "second_sector",
    "sectors",
    "station_place",
    "stations",
    "wheels",
]

N_WHEELS = 5
N_SECTORS = 14
N_STATION_CODES = N_WHEELS * N_SECTORS
N_CODES = 4 * N_STATION_CODES
SECTOR_IN_PLACE = {13: 4, 14: 10}
"""The second chambers of MB4, and the sector that they share with the first."""

# CMS DetId: bits 28-31 hold the detector (2, muon), 25-27 its part (1, DT); a DTChamberId has
# station, sector and wheel below, and leaves the last bits to superlayer, layer and wire
DT_BITS = (2 << 28) | (1 << 25)
STATION_BIT, SECTOR_BIT, WHEEL_BIT = 22, 18, 15


def _code(wheel: int, sector: int, station: int) -> int:
    return (station - 1) * N_STATION_CODES + (wheel + 2) * N_SECTORS + sector - 1


chamber_code = inlined(_code)
"""Compute the code of a chamber within a compiled function, of wheel, sector and station."""


@inlined
def station_place(code: int) -> int:
    """Return the station of a chamber less one, 0 to 3, within a compiled function.

    Args:
        code: As in `Chamber.code`, not -1.
    """
    return int(np.uint64(code) // np.uint64(N_STATION_CODES))


class Chamber(NamedTuple):
    """One DT chamber, by wheel, sector and station."""

    wheel: int
    sector: int
    station: int

    @property
    def code(self) -> int:
        """Dense index of the chamber, 0 to N_CODES - 1."""
        return _code(self.wheel, self.sector, self.station)

    @property
    def name(self) -> str:
        """Name in the field's usual form, such as MB2 W-1 S12."""
        return f"MB{self.station} W{self.wheel:+d} S{self.sector}".replace("+0", "0")

    @property
    def raw_id(self) -> int:
        """Number of the chamber in CMS data, the raw value of its DTChamberId."""
        place = self.station << STATION_BIT | self.sector << SECTOR_BIT
        return DT_BITS | place | (self.wheel + 3) << WHEEL_BIT

    @classmethod
    def from_raw_id(cls, raw_id: int) -> Chamber:
        """Find the chamber that CMS gives a number.

        Args:
            raw_id: Raw value of a DTChamberId.

        Raises:
            ValueError: No chamber has this number.
        """
        code = int(codes_of_raw_ids(np.array([raw_id], dtype=np.int64))[0])
        if code < 0:
            raise ValueError(f"{raw_id} (0x{raw_id:x}) is not the raw id of a DT chamber")
        return cls(int(wheels()[code]), int(sectors()[code]), int(stations()[code]))


@inlined
def second_sector(sector: int, station: int) -> int:
    """Return the number that the second chamber of a sector bears, 0 where there is only one.

    Args:
        sector: 1 to 12.
        station: 1 to 4.
    """
    if station != 4:
        return 0
    return 13 if sector == 4 else 14 if sector == 10 else 0


@cache
def chambers() -> tuple[Chamber, ...]:
    """Return the 250 chambers, ordered by station, wheel and sector."""
    return tuple(
        Chamber(wheel, sector, station)
        for station in range(1, 5)
        for wheel in range(-2, 3)
        for sector in range(1, 15 if station == 4 else 13)
    )


def of_chambers(cells: AnyArray) -> AnyArray:
    """Return cells by chamber, in the order of `chambers()`.

    Args:
        cells: Shape (stations, wheels, sectors, …). Where there are but twelve sectors, chambers 13
            and 14 have 0; where there are but three stations, all of MB4.

    Returns:
        Shape (250, …).
    """
    missing = (4 - cells.shape[0], 0, N_SECTORS - cells.shape[2], *[0] * (cells.ndim - 3))
    padded = np.pad(cells, [(0, number) for number in missing])
    at = np.array([(c.station - 1, c.wheel + 2, c.sector - 1) for c in chambers()])
    return np.asarray(padded[tuple(at.T)])


def _place(which: int, first: int) -> I16:
    shape = (4, N_WHEELS, N_SECTORS)
    column: I16 = (np.indices(shape, dtype=np.int16)[which] + np.int16(first)).ravel()
    column.setflags(write=False)
    return column


@cache
def wheels() -> I16:
    """Return the wheel, -2 to 2, of each code, shape (N_CODES,)."""
    return _place(1, -2)


@cache
def sectors() -> I16:
    """Return the sector, 1 to 14, of each code, shape (N_CODES,).

    Codes of sectors 13 and 14 of MB1 to MB3 exist, chambers there do not.
    """
    return _place(2, 1)


@cache
def stations() -> I16:
    """Return the station, 1 to 4, of each code, shape (N_CODES,)."""
    return _place(0, 1)


@cache
def raw_ids() -> I64:
    """Return the CMS number of each chamber, shape (N_CODES,), 0 where no chamber exists."""
    table = np.zeros(N_CODES, dtype=np.int64)
    for chamber in chambers():
        table[chamber.code] = chamber.raw_id
    table.setflags(write=False)
    return table


def codes_of_raw_ids(raw_id: Integers) -> I16:
    """Find the chambers that CMS gives these numbers.

    Args:
        raw_id: Raw values of DTChamberId, shape (n,).

    Returns:
        Codes as in `Chamber.code`, shape (n,); -1 where no chamber has this number.
    """
    wheel = ((raw_id >> WHEEL_BIT) & 7) - 3
    codes: I16 = chamber_codes(wheel, (raw_id >> SECTOR_BIT) & 15, (raw_id >> STATION_BIT) & 7)
    codes[raw_ids()[codes] != raw_id] = -1
    return codes


@compiled
def chamber_codes(
    wheel: Integers,
    sector: Integers,
    station: Integers,
) -> I16:
    """Return the dense codes of chambers.

    Args:
        wheel: -2 to 2, shape (n,).
        sector: 1 to 14, shape (n,).
        station: 1 to 4, shape (n,).

    Returns:
        Codes as in `Chamber.code`, shape (n,); -1 where no such chamber exists.
    """
    codes = empty(len(wheel), np.int16)
    for i in range(len(wheel)):
        last = 14 if station[i] == 4 else 12
        if 1 <= station[i] <= 4 and -2 <= wheel[i] <= 2 and 1 <= sector[i] <= last:
            codes[i] = chamber_code(wheel[i], sector[i], station[i])
        else:
            codes[i] = -1
    return codes
