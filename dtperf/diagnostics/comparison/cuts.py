"""Compare counts before and after each moment in a series of results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dtperf.diagnostics.comparison.family import Family, family
from dtperf.diagnostics.comparison.runs import Runs, by_run
from dtperf.diagnostics.comparison.spread import Spread, spread_between_runs
from dtperf.results.result import Result
from dtperf.results.summary import Efficiency, efficiencies
from dtperf.statistics import Strata
from dtperf.typing import AnyArray, Bools

__all__ = ["ChamberSums", "CutTest", "Cuts"]


class ChamberSums(NamedTuple):
    """Sums over sets of chambers, arrays of shape (sets,)."""

    excess: AnyArray
    """Passed after the cut, beyond what is expected if nothing has changed."""
    variance: AnyArray
    """Of the excess, if nothing has changed, with the spread between runs."""
    weight: AnyArray
    """By which the excess is the difference of the efficiencies; about half the number of probes
    of the smaller sample."""
    later: AnyArray
    """What a loss of all later probes would add to the variance; of a smaller one, its part."""
    earlier: AnyArray
    """As much of the earlier ones."""


class CutTest(NamedTuple):
    """Differences of sets of chambers before and after a cut, arrays of shape (sets,)."""

    value: AnyArray
    """Efficiency after minus before, chamber by chamber; NaN without probes in both."""
    uncertainty: AnyArray
    """Of the value, by counts and by what differs between runs."""
    sigmas: AnyArray
    """0 or more."""


class Cuts:
    """Counts before and after each of the moments between results.

    Args:
        results: Two at least, in order, with 'by_chamber'.
    """

    def __init__(self, results: Sequence[Result]) -> None:
        self.family: Family = family()
        self.spread: Spread = spread_between_runs(results)
        rows = [result.by_chamber() for result in results]
        self.passed: AnyArray = np.array([[row.efficiency.passed for row in each] for each in rows])
        self.total: AnyArray = np.array([[row.efficiency.total for row in each] for each in rows])
        self._runs: list[Runs] = []
        if self.spread.is_known:
            self._runs = [runs for runs in map(by_run, results) if runs is not None]
        self.strata = [
            Strata(*self._after(moment), *self._before(moment))
            for moment in range(len(results) - 1)
        ]

    @property
    def moments(self) -> int:
        """Number of cuts."""
        return len(self.strata)

    def looks(self, moments: AnyArray) -> AnyArray:
        """Return the number of cuts for each, as all are looked at alike."""
        return np.full(np.shape(moments), self.moments)

    def sums(self, moments: AnyArray, places: AnyArray, sets: Bools) -> ChamberSums:
        """Return sums over sets of chambers.

        Args:
            moments: Number of the cut for each set.
            places: The place of `family()` that each set is a part of; it tells the spread.
            sets: Shape (sets, 250).
        """
        found = np.zeros((len(ChamberSums._fields), len(sets)))
        for moment in np.unique(moments):
            rows = np.flatnonzero(moments == moment)
            found[:, rows] = self._sums(int(moment), places[rows], sets[rows])
        return ChamberSums(*found)

    def test(self, moments: AnyArray, places: AnyArray, sets: Bools) -> CutTest:
        """Compare sets of chambers before and after a cut; the arguments are those of `sums`."""
        summed = self.sums(moments, places, sets)
        found = np.zeros((len(CutTest._fields), len(sets)))
        for moment in np.unique(moments):
            rows = np.flatnonzero(moments == moment)
            each = self.strata[moment].differences(sets[rows])
            # by this the spread between runs adds to what the counts vary
            beyond = summed.variance[rows] - each.variance
            some = np.where(each.weight > 0, each.weight, np.nan)
            all_variance = np.where(each.variance > 0, summed.variance[rows], 1)
            found[:, rows] = (
                each.value,
                np.sqrt(each.uncertainty**2 + beyond / some**2),
                each.sigmas * np.sqrt(each.variance / all_variance),
            )
        return CutTest(*found)

    def best_moments(self, places: AnyArray, sets: Bools) -> AnyArray:
        """Return the cut at which each set differs most; the arguments are those of `sums`."""
        pulls = []
        for moment in range(self.moments):
            excess, variance, *_ = self._sums(moment, places, sets)
            # a moment of next to no probes must not win by being far from a Gaussian
            pulls.append(np.abs(excess) / np.sqrt(np.maximum(variance, 1.0)))
        return np.asarray(np.argmax(pulls, axis=0))

    def counts(self, moments: AnyArray, sets: Bools) -> tuple[list[Efficiency], list[Efficiency]]:
        """Return passed and total before and after, of chambers that have probes in both."""
        sides = []
        for side in (self._before, self._after):
            both = [
                sets_of & (self.strata[moment].weight > 0)
                for moment, sets_of in zip(moments, sets, strict=True)
            ]
            summed = [
                [int(counts @ chambers) for counts in side(moment)]
                for moment, chambers in zip(moments, both, strict=True)
            ]
            sides.append(efficiencies(*np.array(summed).T))
        return sides[0], sides[1]

    def _before(self, moment: int) -> tuple[AnyArray, AnyArray]:
        return self.passed[: moment + 1].sum(axis=0), self.total[: moment + 1].sum(axis=0)

    def _after(self, moment: int) -> tuple[AnyArray, AnyArray]:
        return self.passed[moment + 1 :].sum(axis=0), self.total[moment + 1 :].sum(axis=0)

    def _sums(self, moment: int, places: AnyArray, sets: Bools) -> ChamberSums:
        strata = self.strata[moment]
        columns = (strata.excess, strata.variance, strata.weight, strata.weight * strata.share)
        excess, variance, weight, earlier = (sets @ np.stack(columns, axis=1)).T
        beyond = self.spread.variance[places] * self._levers(moment, sets)
        return ChamberSums(excess, variance + beyond, weight, weight - earlier, earlier)

    def _levers(self, moment: int, sets: Bools) -> AnyArray:
        """Return the sums of squared weights of runs, by which a variance between runs counts."""
        share = self.strata[moment].share
        levers = np.zeros(len(sets))
        for number, runs in enumerate(self._runs):
            weight = (share if number <= moment else 1 - share) * (share > 0)
            levers += np.square(sets @ (weight[:, np.newaxis] * runs.total)).sum(axis=1)
        return levers
