"""The places of the detector that are compared, and the share of false alarms of each."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from dtperf.detector import Place, chambers, places
from dtperf.typing import F64, I64, AnyArray, Bools

__all__ = ["Family", "family"]


class Family(NamedTuple):
    """Places, with their chambers and shares of the false alarms."""

    places: tuple[Place, ...]
    """From the barrel to the chambers, in order of station, wheel and sector."""
    members: Bools
    """Which of `detector.chambers()` each holds, shape (places, 250)."""
    holds: Bools
    """Whether one holds all of another, and more, shape (places, places)."""
    kinds: I64
    """Number of the kind of each, 0 up: stations are one kind."""
    shares: F64
    """Part of the false alarms that each may have: every kind as many, and every place of it."""

    @property
    def size(self) -> int:
        """Number of places."""
        return len(self.places)


@cache
def family() -> Family:
    """Return barrel, stations, wheels, sectors, stations and sectors of each wheel, chambers."""
    found = (*places(), *(Place(sector=sector) for sector in range(1, 13)))
    found = tuple(sorted(found, key=_order))
    at = {chamber: number for number, chamber in enumerate(chambers())}
    members = np.zeros((len(found), len(at)), dtype=np.bool_)
    for row, place in zip(members, found, strict=True):
        row[[at[chamber] for chamber in place.chambers]] = True
    size = members.sum(axis=1)
    common: AnyArray = members.astype(np.int64) @ members.T
    given = [tuple(part is not None for part in place) for place in found]
    # a sector of a wheel and its station are told apart by what their names give
    _, kinds, many = np.unique(given, axis=0, return_inverse=True, return_counts=True)
    kinds = kinds.ravel()
    return Family(
        places=found,
        members=members,
        holds=(common == size) & (size[:, np.newaxis] > size),
        kinds=kinds,
        shares=1 / (len(many) * many[kinds]),
    )


def _order(place: Place) -> tuple[int, ...]:
    given = [part is not None for part in (place.station, place.wheel, place.sector)]
    numbers = (place.station or 0, place.wheel or 0, place.sector or 0)
    return (sum(given), *(not each for each in given), *numbers)
