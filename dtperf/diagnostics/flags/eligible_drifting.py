"""Test for an eligible fraction that changes at some run, or from one result to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from dtperf.detector import Place, places
from dtperf.diagnostics.flags.changepoints import ChangePoint, change_points, when
from dtperf.diagnostics.flags.eligible import CHANGE, suspect
from dtperf.diagnostics.flags.model import Flag, PlaceTest, percent
from dtperf.diagnostics.flags.tally import ChamberTally, by_station, eligible, mostly, of_places
from dtperf.results.result import Result
from dtperf.statistics import exact_test
from dtperf.typing import Bools

__all__ = ["eligible_between", "eligible_drifting"]


class _Cut(NamedTuple):
    """The cut that divides the counts of a place best into two."""

    place: Place
    detected: ChangePoint
    seen: Bools
    """Which moments have probes."""
    at: int
    """Number of the first moment after it."""
    chambers: tuple[ChamberTally, ChamberTally]
    """Before and after it, those of the place, shape (chambers,)."""
    stations: tuple[ChamberTally, ChamberTally]
    """Their sums, shape (stations,)."""


def eligible_drifting(result: Result) -> list[PlaceTest]:
    """Test for a run from which on places have another eligible fraction.

    Args:
        result: With 'eligible_by_sector_and_run', else nothing is tested.

    Returns:
        One test per place that has probes in two runs at least.
    """
    if (detected := eligible(result)) is None:
        return []
    tally, runs = detected
    tests = []
    for cut in _cuts(tally):
        run, between, since = when(cut.detected, runs[cut.seen])
        test = _test(cut, f"from run {run} on", f"; {since}")
        tests.append(test._replace(flag=test.flag._replace(run=run, runs=between)))
    return tests


def eligible_between(results: Sequence[tuple[str, Result]]) -> list[PlaceTest]:
    """Test for a result from which on places have another eligible fraction.

    Args:
        results: Names and results in order; nothing is tested unless all of them have
            'eligible_by_sector_and_run'.

    Returns:
        One test per place that has probes in two of them at least.
    """
    tallies = [
        detected[0].of_runs() for _, each in results if (detected := eligible(each)) is not None
    ]
    if len(tallies) < len(results):
        return []
    passed, total = (np.stack(column, axis=1) for column in zip(*tallies, strict=True))
    tally = ChamberTally(passed, total)
    return [_test(cut, f"from {results[cut.at][0]} on", "") for cut in _cuts(tally)]


def _cuts(tally: ChamberTally) -> Iterator[_Cut]:
    """Yield the best cut of each place that has probes in every station before and after."""
    whole = tally.summed_up()
    of_stations = of_places(whole)
    passed, total = (
        np.diff([each.sum(axis=0) for each in column], axis=1)
        for column in zip(*of_stations, strict=True)
    )
    for row, detected in change_points(passed, total).items():
        place, seen = places()[row], total[row] > 0
        at = int(np.flatnonzero(seen)[detected.first])
        stations = _sides(of_stations[row], at)
        if all(side.total.all() for side in stations):
            chambers = _sides(whole.at(np.concatenate(by_station(place))), at)
            yield _Cut(place, detected, seen, at, chambers, stations)


def _sides(summed_up: ChamberTally, at: int) -> tuple[ChamberTally, ChamberTally]:
    """Return what is before and after a moment, shape (n,)."""
    before, all_of_it = summed_up.at(np.s_[:, at]), summed_up.at(np.s_[:, -1])
    return before, ChamberTally(*(a - b for a, b in zip(all_of_it, before, strict=True)))


def _test(cut: _Cut, begin: str, since: str) -> PlaceTest:
    detected, (old, new), (before, after) = cut.detected, cut.stations, cut.chambers
    sign = np.sign(detected.after - detected.before)
    matters = bool(np.all(sign * (new.fraction - old.fraction) > CHANGE)) and mostly(
        sign * (after.fraction - before.fraction) > CHANGE,
        (before.total > 0) & (after.total > 0),
    )
    # the cut was found in the sum of the stations, and is tested in each
    p_value = min(float(exact_test(*new, *old).max()) * detected.cuts, 1.0) if matters else 1.0
    reason = (
        f"{percent(1 - detected.after)} of its probes leave the denominator {begin}, "
        f"{percent(1 - detected.before)} before{since}: {suspect(cut.place)}"
    )
    loss = abs(detected.before - detected.after)
    return PlaceTest(Flag(cut.place, "eligible drifting", reason, p_value, loss=loss), matters)
