"""Compare results: which parts of the detector have changed, and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dtperf.detector import Chamber, Place
from dtperf.diagnostics.comparison.attribution import ChangedPlace, name_changes
from dtperf.diagnostics.comparison.cuts import Cuts
from dtperf.diagnostics.comparison.family import family
from dtperf.diagnostics.comparison.spread import Spread
from dtperf.errors import InputError
from dtperf.results.result import Result, ResultSource
from dtperf.results.row_columns import (
    Column,
    Columns,
    efficiency_columns,
    field_columns,
    names_of,
    place_columns,
)
from dtperf.results.summary import Efficiency, in_words
from dtperf.results.table import Table
from dtperf.statistics import probability

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Change", "Changes", "changes", "shared_files"]


NO_PROBES = "no place has probes in both"


class Change(NamedTuple):
    """The change of the fiducial efficiency of a place.

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
    """Parts that have changed differently, and are not counted here."""

    def cells(self) -> list[tuple[str, str]]:
        """Return what a table shows of it."""
        return [
            ("place", self.place.name),
            ("before %", in_words(self.before)[0]),
            ("after %", in_words(self.after)[0]),
            ("change in points", f"{100 * self.difference:+.3f} ± {100 * self.uncertainty:.3f}"),
            ("sigmas", f"{self.sigmas:.1f}"),
            ("p-value", probability(self.p_value)),
        ]

    @classmethod
    def columns(cls) -> Columns:
        """Return the columns of a data frame."""
        return {
            **place_columns(),
            **efficiency_columns("before", "before_"),
            **efficiency_columns("after", "after_"),
            **field_columns(cls, "difference", "uncertainty", "sigmas", "p_value", "at"),
            "without": Column(lambda change: names_of(change.without)),
        }


class Changes(NamedTuple):
    """Changes between results."""

    named: Table[Change]
    """Places that have changed, each change named once, the most significant one first."""
    looks: Table[Change]
    """Tests of all places that have probes in both, from the barrel to the chambers."""
    spread: Spread
    """The usual variation from run to run."""
    false_alarms: float
    """Part of those named that may be there by chance."""

    def __repr__(self) -> str:
        """Return the places that have changed, as a table."""
        return f"{self._summary}\n{self.named!r}"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the places that have changed."""
        return f"<div><p>{self._summary}</p>{self.named._repr_html_()}</div>"

    def to_pandas(self) -> pd.DataFrame:
        """Return the places that have changed as a data frame; that of `looks` has all places."""
        return self.named.to_pandas()

    @property
    def _summary(self) -> str:
        return (
            f"{len(self.named):,} of {len(self.looks):,} places named as changed, "
            f"{100 * self.false_alarms:g} % of them by chance at most"
        )

    @property
    def chambers(self) -> Table[Change]:
        """The single chambers, the most conspicuous one first."""
        each = (look for look in self.looks if None not in look.place)
        return Table(sorted(each, key=lambda look: (look.p_value, -look.sigmas)), NO_PROBES, Change)

    @property
    def sums(self) -> Table[Change]:
        """Barrel, stations and wheels."""
        return Table(
            (
                look
                for look in self.looks
                if look.place.sector is None and None in (look.place.station, look.place.wheel)
            ),
            NO_PROBES,
            Change,
        )

    @property
    def parts(self) -> Table[Change]:
        """Sectors, and stations and sectors of each wheel."""
        others = {look.place for look in (*self.sums, *self.chambers)}
        return Table((look for look in self.looks if look.place not in others), NO_PROBES, Change)

    def of(self, place: Place | Chamber) -> Change | None:
        """Return the change of a place; None if it has no probes in one of both."""
        return next((look for look in self.looks if look.place == place), None)

    def part_of(self, chamber: Chamber) -> Change | None:
        """Return the named change that includes a chamber; None if it has not changed."""
        for change in self.named:
            left_out = {each for place in change.without for each in place.chambers}
            if chamber in change.place.chambers and chamber not in left_out:
                return change
        return None


def changes(*given: ResultSource, false_alarms: float = 0.01) -> Changes:
    """Return what has changed from one result to the next, or at one of several moments.

    Args:
        given: Results or their directories, two at least, in order. The p-values mean
            something only if they are of different events, see `shared_files`.
        false_alarms: Part of the changes named that may be there by chance.

    Returns:
        Changes of the barrel, stations, wheels, sectors, stations of a wheel, sectors of a wheel
        and chambers: all of them, and those that explain all others.

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
    by_significance = sorted(_changes(cuts, named), key=lambda change: -change.sigmas)
    whole = family()
    moments = cuts.best_moments(np.arange(whole.size), whole.members)
    everything = [
        ChangedPlace(place, int(moment), members, ())
        for place, (moment, members) in enumerate(zip(moments, whole.members, strict=True))
    ]
    looks = [change for change in _changes(cuts, everything) if not np.isnan(change.difference)]
    return Changes(
        Table(by_significance, "nothing has changed", Change),
        Table(looks, NO_PROBES, Change),
        cuts.spread,
        false_alarms,
    )


def shared_files(before: Result, after: Result) -> int:
    """Return the number of files that both have read: the same events are no second sample."""
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
