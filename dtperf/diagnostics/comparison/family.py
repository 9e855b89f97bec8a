"""The places of the detector that are compared, and the share of false alarms of each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from dtperf.detector import Place, chamber_numbers, chambers, places
from dtperf.typing import F64, I64, Bools

__all__ = ["Family", "family", "family_of"]


class Family(NamedTuple):
    """Places, with their chambers and shares of the false alarms."""

    places: tuple[Place, ...]
    """From the barrel to the chambers, in order of station, wheel and sector."""
    members: Bools
    """Which of the cells that are counted each holds, shape (places, cells)."""
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
    return family_of(tuple(Place(*chamber) for chamber in chambers()))


@cache
def family_of(cells: tuple[Place, ...]) -> Family:
    """Return the places that are made of such cells, from the barrel to the cells themselves.

    Args:
        cells: The smallest places that are counted: chambers, or stations of the wheels, …
    """
    all_places = sorted((*places(), *(Place(sector=sector) for sector in range(1, 13))), key=_order)
    # in floats, which numpy multiplies faster, and exactly: there are 250 chambers
    outside: F64 = _chambers_of(cells).astype(np.float64) @ ~_chambers_of(all_places).T
    held = (outside == 0).T
    # a place that cuts a cell in two is not counted, nor is the same set of cells twice
    in_cells = held @ np.array([len(cell.chambers) for cell in cells])
    is_whole = (in_cells > 0) & (in_cells == [len(place.chambers) for place in all_places])
    rows = sorted({held[row].tobytes(): row for row in np.flatnonzero(is_whole).tolist()}.values())
    found_places, members = tuple(all_places[row] for row in rows), held[rows]
    size = members.sum(axis=1)
    common: F64 = members.astype(np.float64) @ members.T
    given = [tuple(part is not None for part in place) for place in found_places]
    # a sector of a wheel and its station are told apart by what their names give
    _, kinds, many = np.unique(given, axis=0, return_inverse=True, return_counts=True)
    kinds = kinds.ravel()
    return Family(
        places=found_places,
        members=members,
        holds=(common == size) & (size[:, np.newaxis] > size),
        kinds=kinds,
        shares=1 / (len(many) * many[kinds]),
    )


def _chambers_of(some: Sequence[Place]) -> Bools:
    """Return which chambers places hold, shape (places, 250)."""
    numbers = chamber_numbers()
    held = np.zeros((len(some), len(numbers)), dtype=np.bool_)
    for row, place in zip(held, some, strict=True):
        row[[numbers[chamber] for chamber in place.chambers]] = True
    return held


def _order(place: Place) -> tuple[int, ...]:
    given = [part is not None for part in (place.station, place.wheel, place.sector)]
    numbers = (place.station or 0, place.wheel or 0, place.sector or 0)
    return (sum(given), *(not each for each in given), *numbers)
