"""Attribute changes to places: each change is named once, at the place that changed.

A dead chamber changes its station, too, and a station that ages its chambers. Of all places the
one with the surest change is the one that leaves the least of it unexplained: a chamber's change
is diluted in its station, and a station's is spread over its chambers. It is named, its chambers
are set aside, and the rest is tested again.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from dtperf.diagnostics.comparison.cuts import ChamberSums, CutTest
from dtperf.diagnostics.comparison.family import Family
from dtperf.diagnostics.comparison.spread import Spread
from dtperf.typing import AnyArray, Bools

__all__ = ["ChangedPlace", "Moments", "name_changes"]

HELD = 0.5
"""A place is named if more than this part of it has changed alike."""


class Moments(Protocol):
    """Comparisons of which each place has several, such as before and after each moment."""

    @property
    def spread(self) -> Spread:
        """The usual variation from run to run."""

    @property
    def family(self) -> Family:
        """The places."""

    def looks(self, moments: AnyArray) -> AnyArray:
        """Return by which number of looks each p-value is multiplied."""

    def best_moments(self, places: AnyArray, sets: Bools) -> AnyArray:
        """Return the comparison in which each set differs most."""

    def sums(self, moments: AnyArray, places: AnyArray, sets: Bools) -> ChamberSums:
        """Return sums over sets of cells."""

    def test(self, moments: AnyArray, places: AnyArray, sets: Bools) -> CutTest:
        """Compare sets of cells."""


class ChangedPlace(NamedTuple):
    """A place that has changed."""

    place: int
    """Number in the family."""
    moment: int
    """Number of the cut."""
    members: Bools
    """Its chambers, or other cells, that have changed with it, shape (cells,)."""
    without: tuple[int, ...]
    """Places whose chambers in it have changed otherwise."""


class _PlaceTests:
    """Tests of all places, without the chambers that are explained, and without odd parts.

    Args:
        cuts: What was before and after.
        false_alarms: Chance to take a part of a place for odd.
    """

    def __init__(self, cuts: Moments, false_alarms: float) -> None:
        whole = cuts.family
        self.cuts, self.false_alarms = cuts, false_alarms
        self.moments = np.zeros(whole.size, dtype=np.int64)
        self.sets = whole.members.copy()
        self.left_out: list[list[int]] = [[] for _ in range(whole.size)]
        self.sigmas = np.zeros(whole.size)
        self.tested_share = np.zeros(whole.size)
        """Part of the place that is tested, by weight."""
        self.update(np.arange(whole.size), np.zeros(whole.members.shape[1], dtype=np.bool_), [])

    def update(self, places: AnyArray, explained: Bools, named: list[ChangedPlace]) -> None:
        """Test places again."""
        whole = self.cuts.family
        self.sets[places] = whole.members[places] & ~explained
        self.moments[places] = self.cuts.best_moments(places, self.sets[places])
        for place in places:
            self.left_out[place] = [
                each.place for each in named if (each.members & whole.members[place]).any()
            ]
        remaining = places[self.sets[places].sum(axis=1) > 1]
        while remaining.size:
            odd, parts = self._odd_parts(remaining)
            for place, part in zip(odd, parts, strict=True):
                self.sets[place] &= ~whole.members[part]
                self.left_out[place].append(int(part))
            remaining = odd[self.sets[odd].sum(axis=1) > 1]
        moments, sets = self.moments[places], self.sets[places]
        self.sigmas[places] = np.nan_to_num(self.cuts.test(moments, places, sets).sigmas)
        weights = [
            self.cuts.sums(moments, places, each).weight for each in (sets, whole.members[places])
        ]
        self.tested_share[places] = weights[0] / np.maximum(weights[1], 1e-9)

    def without(self, place: int) -> tuple[int, ...]:
        """Return the parts of a place that were left out, without parts of these parts."""
        holds = self.cuts.family.holds
        parts = dict.fromkeys(self.left_out[place])
        return tuple(part for part in parts if not any(holds[other, part] for other in parts))

    def _odd_parts(self, places: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Return the part of each place that differs most from the rest of it, if one does.

        Returns:
            The places in which one does, and the number of the part.
        """
        whole = self.cuts.family
        outer, inner = np.nonzero(whole.holds[places])
        outer = places[outer]
        part = whole.members[inner] & self.sets[outer]
        rest = self.sets[outer] & ~part
        pulls = self._pulls(outer, inner, part, rest)
        # as many tests as the place has parts
        many = np.bincount(outer, minlength=whole.size)[outer]
        is_odd = self.cuts.spread.p_values(pulls, inner) * many <= self.false_alarms
        order = np.lexsort((-pulls, outer))
        order = order[is_odd[order]]
        _, first = np.unique(outer[order], return_index=True)
        return outer[order][first], inner[order][first]

    def _pulls(self, outer: AnyArray, inner: AnyArray, part: Bools, rest: Bools) -> AnyArray:
        """Return how much parts differ from the rest: distances over their standard deviations."""
        moments = self.moments[outer]
        one, other = self.cuts.sums(moments, inner, part), self.cuts.sums(moments, outer, rest)
        weights = [np.maximum(each.weight, 1e-9) for each in (one, other)]
        usual = other.excess / weights[1]
        # a part without failures says that it has not changed, but not with certainty: it varies
        # at least as one that changed as the rest did
        least = np.maximum(-usual * one.later, usual * one.earlier)
        variance = np.maximum(one.variance, least) / weights[0] ** 2
        variance += other.variance / weights[1] ** 2
        is_defined = (one.weight > 0) & (other.weight > 0) & (variance > 0)
        distance = np.abs(one.excess / weights[0] - usual)
        return np.where(is_defined, distance / np.sqrt(np.where(is_defined, variance, 1)), 0.0)


def name_changes(cuts: Moments, false_alarms: float) -> tuple[ChangedPlace, ...]:
    """Return the places that have changed.

    Whatever the tests have in common, of the places named at most a part `false_alarms` has not
    changed at all, in the mean over many comparisons; if nothing has changed, any is named with at
    most this probability. That holds for a place as a whole; for one that is named without some of
    its parts it holds as far as those parts did change.

    Args:
        cuts: What was before and after.
        false_alarms: Between 0 and 1.

    Returns:
        In the order of being found.

    Source: G. Blanchard, E. Roquain, Electron. J. Stat. 2 (2008) 963: any set of k hypotheses whose
    p-values are at most `false_alarms` times their shares times k / (1 + 1/2 + ... + 1/n) keeps
    that rate, under any dependence, with shares that add up to 1.
    """
    whole = cuts.family
    # no more can be named than there are chambers
    harmonic = float(np.sum(1 / np.arange(1, whole.members.shape[1] + 1)))
    named: list[ChangedPlace] = []
    explained = np.zeros(whole.members.shape[1], dtype=np.bool_)
    tests = _PlaceTests(cuts, false_alarms)
    while True:
        p_values = cuts.spread.p_values(tests.sigmas) * cuts.looks(tests.moments)
        is_sure = p_values * harmonic <= false_alarms * whole.shares * (len(named) + 1)
        is_sure &= tests.tested_share > HELD
        if not is_sure.any():
            return tuple(named)
        best = int(np.argmax(np.where(is_sure, tests.sigmas, -1.0)))
        found = tests.sets[best].copy()
        named.append(ChangedPlace(best, int(tests.moments[best]), found, tests.without(best)))
        explained |= found
        tests.update(np.flatnonzero((whole.members & found).any(axis=1)), explained, named)
