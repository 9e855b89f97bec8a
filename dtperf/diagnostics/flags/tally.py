"""Count probes in the 250 chambers, and in the places that consist of them."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from dtperf.detector import Place, chamber_numbers, of_chambers, places
from dtperf.results.result import Result
from dtperf.statistics import efficiency
from dtperf.typing import F64, I64, Bools

__all__ = ["ChamberTally", "Groups", "by_station", "eligible", "mostly", "of_places"]

MOST = 0.75
"""A place has something if this part of its chambers has it: else it is theirs."""

Groups = tuple[I64, ...]


class ChamberTally(NamedTuple):
    """Passed and total of each chamber, in the order of `detector.chambers()`.

    Of shape (250,), or (250, runs).
    """

    passed: I64
    total: I64

    @property
    def fraction(self) -> F64:
        """Passed over total, NaN without probes."""
        return efficiency(self.passed, self.total)

    def sums(self, groups: Groups) -> ChamberTally:
        """Return the sums over the chambers of each group, shape (groups,) or (groups, runs)."""
        return ChamberTally(
            *(np.stack([each[group].sum(axis=0) for group in groups]) for each in self)
        )

    def of_runs(self) -> ChamberTally:
        """Return the sums over runs, shape (250,)."""
        return ChamberTally(self.passed.sum(axis=1), self.total.sum(axis=1))

    def summed_up(self) -> ChamberTally:
        """Return the sums over all runs before each, and over all, shape (250, runs + 1)."""
        return ChamberTally(*(np.pad(each.cumsum(axis=1), ((0, 0), (1, 0))) for each in self))

    def at(self, chosen: Any) -> ChamberTally:
        """Return a part, by any index of numpy."""
        return ChamberTally(self.passed[chosen], self.total[chosen])


def eligible(result: Result) -> tuple[ChamberTally, I64] | None:
    """Return the eligible ones among all fiducial probes, by chamber and run.

    Returns:
        Counts of shape (250, runs), and the runs; None if that was not measured.
    """
    if "eligible_by_sector_and_run" not in result.counts:
        return None
    counts = result.counts["eligible_by_sector_and_run"]
    runs = np.asarray(list(counts.axes["run"]), dtype=np.int64)
    view: Any = np.asarray(counts.view(), dtype=np.int64)[..., : len(runs), :]
    cells = of_chambers(view)
    return ChamberTally(cells[..., 1], cells.sum(axis=-1)), runs


def of_places(tally: ChamberTally) -> list[ChamberTally]:
    """Return the sums of each of `places()`, one row a station, in their order."""
    groups, begins, ends = _of_places()
    starts = np.cumsum([0, *map(len, groups[:-1])])
    sums = [np.add.reduceat(each[np.concatenate(groups)], starts, axis=0) for each in tally]
    return [
        ChamberTally(*(each[begin:end] for each in sums))
        for begin, end in zip(begins, ends, strict=True)
    ]


@cache
def _of_places() -> tuple[list[I64], list[int], list[int]]:
    """Return the groups of all places, and which of them each place has."""
    each = [by_station(place) for place in places()]
    ends = np.cumsum([*map(len, each)]).tolist()
    return [group for groups in each for group in groups], [0, *ends[:-1]], ends


@cache
def by_station(place: Place) -> Groups:
    """Return the positions of its chambers in `detector.chambers()`, one array a station.

    A muon crosses all stations of a sector: sums over stations would count it several times.
    """
    at = chamber_numbers()
    stations = sorted({chamber.station for chamber in place.chambers})
    return tuple(
        np.array([at[chamber] for chamber in place.chambers if chamber.station == station])
        for station in stations
    )


def mostly(holds: Bools, among: Bools) -> bool:
    """Return whether something holds for most of the chambers that count."""
    n = int(np.count_nonzero(among))
    return n > 0 and int(np.count_nonzero(holds & among)) >= MOST * n
