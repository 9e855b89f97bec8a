"""Test for an eligible fraction that changes at some run, or from one result to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from dtperf.detector import Place, places
from dtperf.diagnostics.flags.changepoints import ChangePoint, change_point, when
from dtperf.diagnostics.flags.eligible import CHANGE, suspect
from dtperf.diagnostics.flags.model import Flag, PlaceTest, percent
from dtperf.diagnostics.flags.tally import ChamberTally, by_station, eligible, mostly
from dtperf.results.result import Result
from dtperf.statistics import exact_test
from dtperf.typing import Bools

__all__ = ["eligible_between", "eligible_drifting"]


class _Cut(NamedTuple):
    """The cut that divides the counts of a place best into two."""

    detected: ChangePoint
    seen: Bools
    """Which moments have probes."""

    @property
    def at(self) -> int:
        """Number of the first moment after it."""
        return int(np.flatnonzero(self.seen)[self.detected.first])


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
    for place, cut in _cuts(tally):
        run, between, since = when(cut.detected, runs[cut.seen])
        test = _test(place, tally, cut, f"from run {run} on", f"; {since}")
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
    return [
        _test(place, tally, cut, f"from {results[cut.at][0]} on", "") for place, cut in _cuts(tally)
    ]


def _cuts(tally: ChamberTally) -> Iterator[tuple[Place, _Cut]]:
    """Yield the best cut of each place that has probes in every station before and after."""
    for place in places():
        groups = by_station(place)
        sums = tally.sums(groups)
        passed, total = sums.passed.sum(axis=0), sums.total.sum(axis=0)
        seen = total > 0
        if np.count_nonzero(seen) > 1:
            cut = _Cut(change_point(passed[seen], total[seen]), seen)
            parts = sums.total[:, : cut.at], sums.total[:, cut.at :]
            if all(part.any(axis=1).all() for part in parts):
                yield place, cut


def _test(place: Place, tally: ChamberTally, cut: _Cut, begin: str, since: str) -> PlaceTest:
    detected, groups = cut.detected, by_station(place)
    members = np.concatenate(groups)
    before, after = tally.of_runs(slice(None, cut.at)), tally.of_runs(slice(cut.at, None))
    old, new = before.sums(groups), after.sums(groups)
    sign = np.sign(detected.after - detected.before)
    matters = bool(np.all(sign * (new.fraction - old.fraction) > CHANGE)) and mostly(
        sign * (after.fraction[members] - before.fraction[members]) > CHANGE,
        (before.total[members] > 0) & (after.total[members] > 0),
    )
    # the cut was found in the sum of the stations, and is tested in each
    p_value = min(float(exact_test(*new, *old).max()) * detected.cuts, 1.0) if matters else 1.0
    reason = (
        f"{percent(1 - detected.after)} of its probes leave the denominator {begin}, "
        f"{percent(1 - detected.before)} before{since}: {suspect(place)}"
    )
    loss = abs(detected.before - detected.after)
    return PlaceTest(Flag(place, "eligible drifting", reason, p_value, loss=loss), matters)
