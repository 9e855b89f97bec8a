"""Results side by side: which parts of the detector have changed, and by how much."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.detector import Chamber, Place
from dtperf.diagnostics.comparison.attribution import ChangedPlace, name_changes
from dtperf.diagnostics.comparison.cuts import Cuts
from dtperf.diagnostics.comparison.family import family
from dtperf.diagnostics.comparison.spread import Spread
from dtperf.errors import InputError
from dtperf.results.result import Result, ResultSource
from dtperf.results.summary import Efficiency

__all__ = ["Change", "Changes", "changes", "shared_files"]


class Change(NamedTuple):
    """How the fiducial efficiency of a place has changed.

    Only chambers that have probes before and after are counted.
    """

    place: Place
    """A chamber or more, up to the whole barrel."""
    before: Efficiency
    after: Efficiency
    difference: float
    """After minus before, each chamber compared with itself: so it tells nothing of which chambers
    got how many probes, and may differ from that of both efficiencies."""
    uncertainty: float
    """Of the difference, one standard deviation, with what differs from run to run."""
    sigmas: float
    """Standard deviations of what the difference would vary by if nothing had changed."""
    p_value: float
    """Of a difference as large as this or larger, if nothing has changed; of the best of several
    moments, times their number."""
    at: int = 1
    """Number of the first result after the change."""
    without: tuple[Place, ...] = ()
    """Parts that have changed otherwise, and are not counted here."""


class Changes(NamedTuple):
    """What has changed between results."""

    named: tuple[Change, ...]
    """Places that have changed, each told once, the surest one first."""
    looks: tuple[Change, ...]
    """All places that have probes in both, from the barrel to the chambers."""
    spread: Spread
    """What differs from run to run anyway."""
    false_alarms: float
    """Part of those named that may be there by chance."""

    @property
    def chambers(self) -> tuple[Change, ...]:
        """The single chambers, the most conspicuous one first."""
        each = (look for look in self.looks if None not in look.place)
        return tuple(sorted(each, key=lambda look: (look.p_value, -look.sigmas)))

    @property
    def sums(self) -> tuple[Change, ...]:
        """Barrel, stations and wheels."""
        return tuple(
            look
            for look in self.looks
            if look.place.sector is None and None in (look.place.station, look.place.wheel)
        )

    @property
    def parts(self) -> tuple[Change, ...]:
        """Sectors, and stations and sectors of each wheel."""
        others = {look.place for look in (*self.sums, *self.chambers)}
        return tuple(look for look in self.looks if look.place not in others)

    def of(self, place: Place | Chamber) -> Change | None:
        """Find the look at a place; None if it has no probes in one of both."""
        return next((look for look in self.looks if look.place == place), None)

    def part_of(self, chamber: Chamber) -> Change | None:
        """Find the change that a chamber has its part in; None if it has not changed."""
        for change in self.named:
            apart = {each for place in change.without for each in place.chambers}
            if chamber in change.place.chambers and chamber not in apart:
                return change
        return None


def changes(*given: ResultSource, false_alarms: float = 0.01) -> Changes:
    """Find what has changed from one result to the next, or at one of several moments.

    Args:
        given: Results or their directories, two at least, in order. The p-values mean
            something only if they are of different events, see `shared_files`.
        false_alarms: Part of the changes named that may be there by chance.

    Returns:
        Changes of the barrel, stations, wheels, sectors, stations of a wheel, sectors of a wheel
        and chambers: all of them, and those that tell what has happened.

    Raises:
        InputError: One of them has not measured 'by_chamber'.
        ValueError: There are fewer than two.
    """
    results = tuple(map(Result.load, given))
    if len(results) < 2:
        raise ValueError("a change takes two results at least")
    for number, result in enumerate(results):
        if not result.by_chamber():
            raise InputError(
                f"the {_ordinal(number)} result lacks 'by_chamber': measure it, to compare chambers"
            )
    cuts = Cuts(results)
    named = name_changes(cuts, false_alarms)
    told = sorted(_changes(cuts, named), key=lambda change: -change.sigmas)
    whole = family()
    moments = cuts.best_moments(np.arange(whole.size), whole.members)
    everything = [
        ChangedPlace(place, int(moment), members, ())
        for place, (moment, members) in enumerate(zip(moments, whole.members, strict=True))
    ]
    looks = [change for change in _changes(cuts, everything) if not np.isnan(change.difference)]
    return Changes(tuple(told), tuple(looks), cuts.spread, false_alarms)


def shared_files(before: Result, after: Result) -> int:
    """Count the files that both have read: what comes of the same events is no second sample."""
    read = [
        {row.identity for row in each.ledger if row.status == "read" and row.events}
        for each in (before, after)
    ]
    return len(read[0] & read[1])


def _ordinal(number: int) -> str:
    words = ("first", "second", "third")
    return words[number] if number < len(words) else f"{number + 1}th"


def _changes(cuts: Cuts, found: list[ChangedPlace] | tuple[ChangedPlace, ...]) -> list[Change]:
    if not found:
        return []
    whole = family()
    places = np.array([each.place for each in found])
    moments = np.array([each.moment for each in found])
    sets = np.stack([each.members for each in found])
    tested = cuts.test(moments, places, sets)
    p_values = np.minimum(cuts.spread.p_values(tested.sigmas, places) * cuts.moments, 1.0)
    before, after = cuts.counts(moments, sets)
    return [
        Change(
            place=whole.places[each.place],
            before=before[number],
            after=after[number],
            difference=float(tested.value[number]),
            uncertainty=float(tested.uncertainty[number]),
            sigmas=float(tested.sigmas[number]),
            p_value=float(p_values[number]),
            at=each.moment + 1,
            without=tuple(whole.places[other] for other in each.without),
        )
        for number, each in enumerate(found)
    ]
