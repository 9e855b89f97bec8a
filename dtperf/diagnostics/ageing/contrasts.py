"""Tests of every place for a slope and for a step at each run, cell by cell.

Each is a contrast: a sum of what has passed in each run, with weights that add up to nothing in
every cell. So what a place has of each cell may change without being taken for a change.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from dtperf.diagnostics.ageing.series import Series
from dtperf.diagnostics.comparison.cuts import ChamberSums, CutTest
from dtperf.diagnostics.comparison.family import Family
from dtperf.diagnostics.comparison.spread import Spread
from dtperf.statistics import trend_in_sigmas
from dtperf.typing import F64, AnyArray, Bools

__all__ = ["GROUPS", "SLOPE", "Contrasts", "grouped"]

SLOPE = 0
"""Number of the contrast; n is that of a step before the run n."""
GROUPS = 16
"""Equal parts of the luminosity in which the test of a slope counts."""
LEAST_VARIANCE = (1 / 12, 1.0)
"""Of a slope and of a step: what has next to no probes must not win by being far from a Gaussian.
The first is that of one probe anywhere between the ends."""


class _Sums(NamedTuple):
    """Of each cell and contrast, arrays of shape (cells, contrasts)."""

    excess: AnyArray
    variance: AnyArray
    error: AnyArray
    """The variance with an efficiency that is not 1 where all have passed."""
    weight: AnyArray
    later: AnyArray
    earlier: AnyArray


class Contrasts:
    """Slopes and steps, as `name_changes` takes them.

    Args:
        counts: Of all runs.
    """

    def __init__(self, counts: Series) -> None:
        self.counts = counts
        self.family: Family = counts.family
        self.spread: Spread = counts.spread
        self._sums = _sums(counts)
        self._probes: F64 = counts.total.astype(np.float64)
        total = counts.total.sum(axis=1, keepdims=True)
        unit = counts.unit
        mean = counts.total @ unit / np.maximum(total[:, 0], 1)
        self.lever_arms: F64 = counts.total * (unit - mean[:, np.newaxis])
        """By which the efficiency of a cell in a run counts in its slope, shape (cells, runs)."""

    @property
    def cuts(self) -> int:
        """Number of steps that are looked for."""
        return len(self.counts.runs) - 1

    def looks(self, moments: AnyArray) -> AnyArray:
        """Return the number of looks: half of the false alarms are for slopes, half for steps."""
        return np.where(moments == SLOPE, 2, 2 * self.cuts)

    def sums(self, moments: AnyArray, places: AnyArray, sets: Bools) -> ChamberSums:
        """Return sums over sets of cells.

        Args:
            moments: Number of the contrast for each set.
            places: The place of the family that each set is a part of; it tells the spread.
            sets: Shape (sets, cells).
        """
        cells = sets.astype(np.float64)
        each = {
            name: np.einsum("sc,cs->s", cells, getattr(self._sums, name)[:, moments])
            for name in ("excess", "variance", "weight", "later", "earlier")
        }
        each["variance"] += self.spread.variance[places] * self._levers(cells, moments)
        return ChamberSums(**each)

    def test(self, moments: AnyArray, places: AnyArray, sets: Bools) -> CutTest:
        """Test sets of cells; the arguments are those of `sums`.

        Returns:
            Changes of the efficiency from the first run to the last by a slope, or by a step.
        """
        summed = self.sums(moments, places, sets)
        counts = np.einsum("sc,cs->s", sets, self._sums.variance[:, moments])
        error = np.einsum("sc,cs->s", sets, self._sums.error[:, moments])
        some = np.where(summed.weight > 0, summed.weight, np.nan)
        beyond = summed.variance - counts
        ratio = np.where(counts > 0, counts / np.where(counts > 0, summed.variance, 1), 0.0)
        return CutTest(
            value=summed.excess / some,
            uncertainty=np.sqrt(error + beyond) / some,
            sigmas=self._exact(moments, sets) * np.sqrt(ratio),
        )

    def best_moments(self, places: AnyArray, sets: Bools) -> AnyArray:
        """Return the contrast that stands out most, for as many looks as there are."""
        cells = sets.astype(np.float64)
        every = np.arange(self.cuts + 1)
        variance = cells @ self._sums.variance
        levers = np.column_stack([self._of_slope(cells), self._of_steps(cells)])
        variance += self.spread.variance[places, np.newaxis] * levers
        least = np.where(every == SLOPE, *LEAST_VARIANCE)
        squared = np.square(cells @ self._sums.excess) / np.maximum(variance, least)
        return np.asarray(np.argmax(squared - 2 * np.log(self.looks(every)), axis=1))

    def _levers(self, cells: F64, moments: AnyArray) -> AnyArray:
        """Return by which a variance between runs counts in one contrast of each set."""
        found = np.zeros(len(cells))
        is_slope = moments == SLOPE
        found[is_slope] = self._of_slope(cells[is_slope])
        steps = self._of_steps(cells[~is_slope])
        found[~is_slope] = steps[np.arange(len(steps)), moments[~is_slope] - 1]
        return found

    def _of_slope(self, cells: F64) -> AnyArray:
        found: AnyArray = np.square(cells @ self.lever_arms).sum(axis=1)
        return found

    def _of_steps(self, cells: F64) -> AnyArray:
        """Return them for all steps, shape (sets, cuts).

        The cells of a set are taken to have equal parts of their probes before.
        """
        probes = cells @ self._probes
        summed = np.cumsum(probes, axis=1)
        squared = np.cumsum(np.square(probes), axis=1)
        before = summed[:, :-1] / np.maximum(summed[:, -1:], 1)
        found: AnyArray = (1 - 2 * before) * squared[:, :-1] + before**2 * squared[:, -1:]
        return found

    def _exact(self, moments: AnyArray, sets: Bools) -> AnyArray:
        """Return how sure each is by counting alone: standard deviations."""
        found = np.zeros(len(sets))
        for rows in (np.flatnonzero(moments == SLOPE), np.flatnonzero(moments != SLOPE)):
            if not rows.size:
                continue
            which, cell = np.nonzero(sets[rows])
            if moments[rows[0]] == SLOPE:
                passed, total = (each[cell] for each in self._in_groups)
            else:
                cut = moments[rows][which]
                passed, total = (_halves(each, cell, cut) for each in self._until)
            found[rows] = trend_in_sigmas(which, len(rows), passed, total)
        return found

    @cached_property
    def _in_groups(self) -> tuple[AnyArray, ...]:
        return grouped(self.counts.unit, self.counts.passed, self.counts.total)

    @cached_property
    def _until(self) -> tuple[AnyArray, AnyArray]:
        """Counts of each cell until the end of each run."""
        return np.cumsum(self.counts.passed, axis=1), np.cumsum(self.counts.total, axis=1)


def grouped(unit: F64, *counts: AnyArray) -> tuple[AnyArray, ...]:
    """Sum counts of runs up to `GROUPS` equal parts of the luminosity.

    Args:
        unit: Position of the runs between 0 and 1, shape (runs,).
        counts: Shape (…, runs).
    """
    group = np.minimum((unit * GROUPS).astype(np.int64), GROUPS - 1)
    is_in = np.equal.outer(group, np.arange(GROUPS)).astype(np.float64)
    return tuple(each @ is_in for each in counts)


def _halves(summed: AnyArray, cell: AnyArray, cut: AnyArray) -> AnyArray:
    """Return counts of cells before and after a run, of those until each, shape (n, 2)."""
    before, every = summed[cell, cut - 1], summed[cell, -1]
    return np.stack([before, every - before], axis=1)


def _sums(counts: Series) -> _Sums:
    passed, total = counts.passed.astype(np.float64), counts.total.astype(np.float64)
    every, k = total.sum(axis=1, keepdims=True), passed.sum(axis=1, keepdims=True)
    some = np.maximum(every, 1)
    unit = counts.unit
    arm = unit - (total @ unit)[:, np.newaxis] / some
    slope = (
        (arm * passed).sum(axis=1, keepdims=True),
        (arm**2 * total).sum(axis=1, keepdims=True),
        (arm**2 * total * unit).sum(axis=1, keepdims=True),
    )
    share = 1 - np.cumsum(total, axis=1)[:, :-1] / some
    share = np.where((share > 0) & (share < 1), share, 0.0)
    weight = share * (1 - share) * every
    after = k - np.cumsum(passed, axis=1)[:, :-1]
    steps = (np.where(weight > 0, after - share * k, 0.0), weight, weight * (1 - share))
    excess, weight, later = (
        np.concatenate(pair, axis=1) for pair in zip(slope, steps, strict=True)
    )
    failing, smoothed = 1 - k / some, (every - k + 0.5) / (every + 1)
    return _Sums(
        excess,
        weight * failing * (1 - failing) * every / np.maximum(every - 1, 1),
        weight * smoothed * (1 - smoothed),
        weight,
        later,
        weight - later,
    )
