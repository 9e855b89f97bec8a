"""Test for probes that leave the denominator, because the other stations do not see them.

A probe counts only if other stations have segments of it. These hang on the same readout: where a
whole sector is dead its probes are gone, and the efficiency of the few that are left is fine.
"""

from __future__ import annotations

from functools import cache, partial

import numpy as np

from dtperf.detector import Place, chambers, places
from dtperf.diagnostics.flags.model import Flag, PlaceTest, percent
from dtperf.diagnostics.flags.tally import ChamberTally, Groups, by_station, eligible, mostly
from dtperf.results.result import Result
from dtperf.statistics import exact_test, special
from dtperf.typing import F64

__all__ = ["CHANGE", "MARGIN", "eligible_dropped", "few_eligible", "suspect"]

MARGIN = 0.3
"""Where all is well eligible fractions differ by less: at the chimneys by 0.25. So they do in the
other three chambers of a sector in which one is dead, which is no loss of the sector: 0.2."""
USUAL = 0.75
"""Usual is what this part of the peers does not exceed: half a wheel may be dead, and the rest
still tells what is usual."""
CHANGE = 0.05
"""A smaller change is not flagged, however significant it is."""


def few_eligible(result: Result) -> list[PlaceTest]:
    """Test whether the eligible fraction is more than `MARGIN` below what is usual.

    Usual is, for sectors and chambers, the upper quartile of the chambers of the same station and
    wheel; for wheels, that of the wheels in the same station.

    Args:
        result: With 'eligible_by_sector_and_run', else nothing is tested.

    Returns:
        One test per place that has probes. Its p-value is that of a place just `MARGIN` below. A
        place of several stations has to be low in each of them: of a dead chamber the others of
        the sector suffer, not itself.
    """
    if (found := eligible(result)) is None:
        return []
    tally = found[0].of_runs()
    usual_in = cache(partial(_usual, tally))  # places share what is usual
    tests = []
    for place in places():
        groups = tuple(members for members in by_station(place) if tally.total[members].any())
        if groups and place.wheel is not None:
            wheel = None if place.sector is None else place.wheel
            usual = np.array([usual_in(chambers()[at[0]].station, wheel) for at in groups])
            tests.append(_test_low(place, groups, tally, usual))
    return tests


def _usual(tally: ChamberTally, station: int, wheel: int | None) -> float:
    """Return the usual eligible fraction of a wheel's chambers in a station; None: of wheels."""
    if wheel is not None:
        fractions = tally.fraction[by_station(Place(wheel, station=station))[0]]
    else:
        rings = [by_station(Place(each, station=station))[0] for each in range(-2, 3)]
        fractions = tally.sums(tuple(rings)).fraction
    return float(np.nanquantile(fractions, USUAL))


def _test_low(place: Place, groups: Groups, tally: ChamberTally, usual: F64) -> PlaceTest:
    sums, members = tally.sums(groups), np.concatenate(groups)
    least = np.maximum(usual - MARGIN, 0.0)
    of_each = np.repeat(least, [len(group) for group in groups])
    matters = bool(np.all(sums.fraction < least)) and mostly(
        tally.fraction[members] < of_each, tally.total[members] > 0
    )
    before = float((usual * sums.total).sum() / sums.total.sum())
    reason = _reason(place, sums, f"where {percent(1 - before)} are usual")
    p_value = float(special.bdtr(sums.passed, sums.total, least).max())
    loss = before - sums.passed.sum() / sums.total.sum()
    return PlaceTest(Flag(place, "few eligible", reason, p_value, loss=float(loss)), matters)


def eligible_dropped(result: Result, reference: Result) -> list[PlaceTest]:
    """Test whether places have the eligible fraction of the reference.

    Args:
        result: With 'eligible_by_sector_and_run', else nothing is tested.
        reference: A result of other events, too.

    Returns:
        One test per place that both have probes in; a place of several stations has to have dropped
        in each of them.
    """
    new, old = eligible(result), eligible(reference)
    if new is None or old is None:
        return []
    now, earlier = new[0].of_runs(), old[0].of_runs()
    both = np.minimum(now.total, earlier.total)
    tests = []
    for place in places():
        groups = tuple(members for members in by_station(place) if both[members].any())
        if groups:
            tests.append(_test_dropped(place, groups, now, earlier))
    return tests


def _test_dropped(
    place: Place, groups: Groups, now: ChamberTally, earlier: ChamberTally
) -> PlaceTest:
    new, old, members = now.sums(groups), earlier.sums(groups), np.concatenate(groups)
    matters = bool(np.all(new.fraction - old.fraction < -CHANGE)) and mostly(
        now.fraction[members] - earlier.fraction[members] < -CHANGE,
        (now.total[members] > 0) & (earlier.total[members] > 0),
    )
    before = float(old.passed.sum() / old.total.sum())
    reason = _reason(place, new, f"where {percent(1 - before)} had in the reference")
    p_value = float(exact_test(*new, *old).max()) if matters else 1.0
    loss = before - new.passed.sum() / new.total.sum()
    return PlaceTest(Flag(place, "eligible dropped", reason, p_value, loss=float(loss)), matters)


def _reason(place: Place, sums: ChamberTally, beside: str) -> str:
    passed, total = int(sums.passed.sum()), int(sums.total.sum())
    return (
        f"{percent(1 - passed / total)} of its probes have left the denominator "
        f"({total - passed:,} of {total:,}), {beside}: {suspect(place)}"
    )


def suspect(place: Place) -> str:
    """Return the likely cause: a chamber's own segments do not make its probes eligible."""
    return "readout?" if place.station is None else "are its other stations read out?"
