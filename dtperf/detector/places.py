"""Parts of the detector that can fail as a whole: wheels, sectors of a wheel, stations, chambers.

`Place(wheel=0, sector=5).name` is 'sector 5 of wheel 0', and its `chambers` are MB1 to MB4 there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from dtperf.detector.numbering import SECTOR_IN_PLACE, Chamber, chambers

__all__ = ["Place", "chamber_numbers", "places"]

SECTORS = 12


class Place(NamedTuple):
    """All chambers of some wheel, sector or station, or of several at once.

    Given all three it is one chamber, and equal to that `Chamber`.
    """

    wheel: int | None = None
    """None: all five."""
    sector: int | None = None
    """Without a station 4 and 10 hold 13 and 14, too; None: all of them."""
    station: int | None = None
    """None: all four."""

    @property
    def name(self) -> str:
        """Its usual name, such as 'sector 5 of wheel 0' or 'MB2 W-1 S12'."""
        if self.wheel is not None and self.sector is not None and self.station is not None:
            return Chamber(self.wheel, self.sector, self.station).name
        parts = [
            f"MB{self.station}" if self.station is not None else "",
            f"sector {self.sector}" if self.sector is not None else "",
            f"wheel {self.wheel:+d}".replace("+0", "0") if self.wheel is not None else "",
        ]
        return " of ".join(part for part in parts if part) or "the whole barrel"

    @property
    def level(self) -> int:
        """0 of a chamber, 1 of a sector or a station of a wheel, 2 of a wheel or a station, 3."""
        return self.count(None)

    @property
    def chambers(self) -> tuple[Chamber, ...]:
        """Its chambers, ordered by station, wheel and sector."""
        return _chambers(self)

    def holds(self, other: Place) -> bool:
        """Return whether all chambers of another place are chambers of this one."""
        return {*other.chambers} <= {*self.chambers}

    def is_near(self, other: Place) -> bool:
        """Return whether a muon may cross both: no more than one wheel and one sector apart."""
        return _near(self.wheel, other.wheel) and _near(
            _in_place(self.sector), _in_place(other.sector), around=SECTORS
        )


def _near(one: int | None, other: int | None, around: int = 0) -> bool:
    if one is None or other is None:
        return True
    apart = abs(one - other)
    return min(apart, around - apart if around else apart) <= 1


def _in_place(sector: int | None) -> int | None:
    return None if sector is None else SECTOR_IN_PLACE.get(sector, sector)


@cache
def _chambers(place: Place) -> tuple[Chamber, ...]:
    if place.level == 0:
        return tuple(chambers()[at] for at in [chamber_numbers().get(place)] if at is not None)
    fold = _in_place if place.station is None else int
    return tuple(
        chamber
        for chamber in chambers()
        if place.wheel in (None, chamber.wheel)
        and place.station in (None, chamber.station)
        and place.sector in (None, fold(chamber.sector))
    )


@cache
def chamber_numbers() -> Mapping[tuple[int | None, ...], int]:
    """Return the position of each chamber in `chambers()`."""
    return {chamber: number for number, chamber in enumerate(chambers())}


@cache
def places() -> tuple[Place, ...]:
    """Return the parts that may fail as a whole, the largest first.

    Returns:
        The whole barrel, 4 stations, 5 wheels, 20 stations of a wheel, 60 sectors, 250 chambers.
    """
    wheels, stations = range(-2, 3), range(1, 5)
    found = [
        Place(),
        *(Place(station=station) for station in stations),
        *(Place(wheel) for wheel in wheels),
        *(Place(wheel, station=station) for wheel in wheels for station in stations),
        *(Place(wheel, sector) for wheel in wheels for sector in range(1, SECTORS + 1)),
        *(Place(*chamber) for chamber in chambers()),
    ]
    return tuple(found)
