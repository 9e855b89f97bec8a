"""Estimate how much efficiencies vary from run to run beyond their statistical uncertainty.

What differs between runs (background, gas, voltage, pressure) is no change of the detector. Two
results differ by it, too, as far as it does not average out over their runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dtperf import detector
from dtperf.diagnostics.comparison.family import Family, family
from dtperf.diagnostics.comparison.runs import Runs, by_run
from dtperf.results.result import Result
from dtperf.statistics import Strata, special, student
from dtperf.typing import AnyArray, Bools

__all__ = ["FEWEST", "Spread", "spread_between_runs", "spread_of"]

FEWEST = 6
"""Fewest degrees of freedom, about two for three runs, from which the spread is estimated."""
UNLIKE = 0.01
"""Chance at which a place, or one chamber of all, is taken to spread more than its peers."""


class Spread(NamedTuple):
    """The variation between runs; arrays are by the place of a `Family`, chambers at the end."""

    runs: int
    """In all results together; 0 if not all have measured 'by_chamber_and_run'."""
    variance: AnyArray
    """Of the efficiency of a place in a run, beyond that of the counts; 0 if not known."""
    freedom: AnyArray
    """Degrees of freedom of the variance; infinite if it is not known."""
    family: Family
    """The places."""

    @property
    def is_known(self) -> bool:
        """Whether there are runs enough."""
        return bool(np.isfinite(self.freedom).all())

    @property
    def of_chambers(self) -> tuple[float, float]:
        """Variance and its degrees of freedom of single chambers."""
        return float(self.variance[-1]), float(self.freedom[-1])

    def of_kind(self, place: detector.Place) -> float:
        """Return the standard deviation that is usual for such a place, in parts of 1."""
        kinds = self.family.kinds
        rows = kinds == kinds[self.family.places.index(place)]
        return float(np.sqrt(np.median(self.variance[rows])))

    def p_values(self, sigmas: AnyArray, at: Any = slice(None)) -> AnyArray:
        """Turn standard deviations into two-sided p-values: Student's, if known from few runs.

        Args:
            sigmas: Shape (n,), with the spread in them.
            at: Their n places.
        """
        return student(sigmas, self.freedom[at])


def spread_between_runs(results: Sequence[Result]) -> Spread:
    """Estimate by how much efficiencies vary from each run to the next, within some results.

    Args:
        results: What differs from one to the next does not count.

    Returns:
        The spread; unknown, if one has not measured 'by_chamber_and_run' or they have too few runs.
    """
    found = [by_run(result) for result in results]
    blocks = [each for each in found if each is not None and each.total.any()]
    if len(blocks) < len(results):
        return _unknown(family())
    return spread_of(blocks, family())


def spread_of(blocks: Sequence[Runs], whole: Family, *, own: bool = False) -> Spread:
    """Estimate by how much efficiencies vary from each run to the next.

    What changes slowly, or once, is a change. Places of one kind are taken to vary alike, unless
    one does so clearly more. A chamber that varies clearly more than others comes and goes by
    itself, and is left out of the places it is in.

    Args:
        blocks: What differs from one to the next does not count.
        whole: The places.
        own: A chamber, too, that varies clearly more than others has a variance of its own; else
            that of all, by which its coming and going is a change.

    Returns:
        The spread; unknown with too few runs.
    """
    runs = sum(int(np.count_nonzero(each.total.sum(axis=0))) for each in blocks)
    steps = [_steps(each) for each in blocks]
    freedom = sum(map(_freedom, steps))
    if freedom < FEWEST:
        return _unknown(whole, runs)
    return Spread(runs, *_estimated(whole, steps, freedom, own), whole)


def _unknown(whole: Family, runs: int = 0) -> Spread:
    return Spread(runs, np.zeros(whole.size), np.full(whole.size, np.inf), whole)


class _Steps(NamedTuple):
    """From each run to the next one, arrays of shape (250, runs - 1)."""

    excess: AnyArray
    """Passed in the later one beyond expectation."""
    variance: AnyArray
    """Of that, by the counts alone."""
    weight: AnyArray
    """Half the number of probes in each of two equal runs."""


def _steps(runs: Runs) -> _Steps:
    seen = runs.total.any(axis=0)
    passed, total = runs.passed[:, seen], runs.total[:, seen]
    sides = (
        array.ravel()
        for step in (np.s_[:, 1:], np.s_[:, :-1])
        for array in (passed[step], total[step])
    )
    strata = Strata(*sides)
    shape = len(total), -1
    return _Steps(
        *(array.reshape(shape) for array in (strata.excess, strata.variance, strata.weight))
    )


def _freedom(steps: _Steps) -> float:
    """Return the degrees of freedom of pairs of runs; each run is in two of them.

    Source: J. von Neumann, Ann. Math. Stat. 12 (1941) 367, for the last factor, of many runs.
    """
    weight = steps.weight.sum(axis=0)
    squares = float(np.square(weight).sum())
    return 2 / 3 * float(weight.sum()) ** 2 / squares if squares else 0.0


class _Scatter(NamedTuple):
    """Differences of places from one run to the next, arrays of shape (places, pairs of runs).

    All are over the square root of the number of probes: so a run counts by its probes, neither as
    much as a large one nor, as by their squares, for next to nothing.
    """

    deviation: AnyArray
    """Passed beyond expectation."""
    expected: AnyArray
    """Square of it by the counts alone."""
    lever: AnyArray
    """Factor of the variance of the efficiency in the expected square."""

    @property
    def squared(self) -> AnyArray:
        return np.square(self.deviation)

    def rows(self, which: AnyArray) -> _Scatter:
        """Return some of the places."""
        return _Scatter(*(array[which] for array in self))

    def variance(self) -> float:
        """Return the variance that all places have in common."""
        beyond = float((self.squared - self.expected).sum())
        return max(beyond / max(float(self.lever.sum()), 1e-9), 0.0)

    def likely(self, variance: float) -> AnyArray:
        """Return the sum of squares expected with a variance, shape (places,)."""
        return np.asarray((self.expected + variance * self.lever).sum(axis=1))

    def ratios(self, variance: float) -> AnyArray:
        """Return observed over expected squares, shape (places,); 1 where none are expected."""
        likely = self.likely(variance)
        some = np.where(likely > 0, likely, 1)
        return np.where(likely > 0, self.squared.sum(axis=1) / some, 1.0)


def _estimated(
    whole: Family, blocks: Sequence[_Steps], freedom: float, own: bool
) -> tuple[AnyArray, AnyArray]:
    """Return variance and degrees of freedom of each place."""
    is_chamber = whole.members.sum(axis=1) == 1
    ratios = _scatter(whole.members[is_chamber], blocks).ratios(0.0)
    usual = max(float(np.median(ratios)), 1.0)
    is_ill = special.chdtrc(freedom, freedom * ratios / usual) < UNLIKE / len(ratios)
    regular = whole.members & ~is_ill
    regular[is_chamber] = whole.members[is_chamber]
    scatter = _scatter(regular, blocks)
    variance, degrees = np.zeros(whole.size), np.zeros(whole.size)
    for kind in range(whole.kinds.max() + 1):
        rows = np.flatnonzero(whole.kinds == kind)
        alone = bool(is_chamber[rows[0]])
        alike = scatter.rows(rows[~is_ill] if alone else rows)
        usual = alike.variance()
        variance[rows], degrees[rows] = usual, freedom * _independent(alike, usual, freedom)
        if own and alone:
            alike = scatter.rows(rows)
        if own or not alone:
            worse = rows[special.chdtrc(freedom, freedom * alike.ratios(usual)) < UNLIKE]
            variance[worse] = [scatter.rows(place[np.newaxis]).variance() for place in worse]
            degrees[worse] = freedom
    return variance, degrees


def _scatter(members: Bools, blocks: Sequence[_Steps]) -> _Scatter:
    excess, variance, weight = (
        members @ np.concatenate(arrays, axis=1) for arrays in zip(*blocks, strict=True)
    )
    some = np.maximum(weight, 1e-9)
    # both runs of a pair vary
    return _Scatter(excess / np.sqrt(some), variance / some, 2 * weight)


def _independent(part: _Scatter, variance: float, freedom: float) -> float:
    """Return how many places vary independently: 1 if all vary together.

    Source: F. E. Satterthwaite, Biometrics 2 (1946) 110; M. S. Srivastava, J. Japan Stat. Soc. 35
    (2005) 251, for the trace without the part that comes of few runs.
    """
    scale = np.sqrt(part.likely(variance))[:, np.newaxis]
    pulls = np.where(scale > 0, part.deviation / np.where(scale > 0, scale, 1), 0.0)
    covariance = pulls @ pulls.T
    trace = float(np.trace(covariance))
    squared = (float(np.square(covariance).sum()) - trace**2 / freedom) * freedom**2
    squared /= (freedom - 1) * (freedom + 2)
    most = float(len(pulls))
    return float(np.clip(trace**2 / squared, 1.0, most)) if squared > 0 else most
