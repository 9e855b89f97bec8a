"""How the efficiency of a place went: constant, along a line, or in steps."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np

from dtperf.diagnostics.ageing.contrasts import grouped
from dtperf.diagnostics.ageing.series import Series
from dtperf.diagnostics.flags.changepoints import change_point, p_values
from dtperf.results.row_columns import Columns, field_columns
from dtperf.statistics import probability, special
from dtperf.typing import F64, I64, AnyArray, Bools

__all__ = ["UNLIKE", "Course", "Shape", "Step", "course", "shape_of", "steps_of", "straightness"]

Shape = Literal["line", "steps"]
MOST_STEPS = 8
UNLIKE = 0.01
"""Chance at which a line is taken not to describe a place."""


class Step(NamedTuple):
    """A moment at which the efficiency of a place has changed."""

    run: int
    """The first one after it."""
    between: tuple[int, int]
    """First and last run that it may be, with 68 % probability at least."""
    at: float
    """Position of that run: 1/fb, or years since 1970."""
    before: float
    """Efficiency, back to the step before."""
    after: float
    p_value: float
    """Of a step as large as this or larger among as many runs, if nothing has changed."""

    def cells(self) -> list[tuple[str, str]]:
        """Return what a table shows of it."""
        return [
            ("run", str(self.run)),
            ("between runs", f"{self.between[0]} – {self.between[1]}"),
            ("before %", f"{100 * self.before:.3f}"),
            ("after %", f"{100 * self.after:.3f}"),
            ("p-value", probability(self.p_value)),
        ]

    @classmethod
    def columns(cls) -> Columns:
        """Return the columns of a data frame."""
        return field_columns(cls, "run", "at", "before", "after", "p_value")


class Course(NamedTuple):
    """Counts of a place by run, each cell compared with itself; arrays of shape (runs,)."""

    passed: I64
    """As if every cell had had its usual part of the probes in each run."""
    total: I64
    variance: float
    """Of the efficiency between runs, beyond the counts."""
    freedom: float

    @property
    def value(self) -> float:
        """The efficiency."""
        return float(self.passed.sum() / self.total.sum())

    @property
    def weight(self) -> F64:
        """Inverse variances of the efficiencies of the runs; 0 without probes."""
        middle = (self.passed.sum() + 0.5) / (self.total.sum() + 1)
        some = np.maximum(self.total, 1)
        found: F64 = (self.total > 0) / (middle * (1 - middle) / some + self.variance)
        return found


def course(counts: Series, place: int, members: Bools) -> Course:
    """Sum up the cells of a place.

    Args:
        counts: Of all runs.
        place: Number in the family, which tells what differs between runs.
        members: Which cells, shape (cells,).
    """
    passed, total = counts.passed[members], counts.total[members]
    every = total.sum(axis=1, keepdims=True)
    usual = passed.sum(axis=1, keepdims=True) / np.maximum(every, 1)
    summed = total.sum(axis=0)
    mean = passed.sum() / max(int(total.sum()), 1)
    shifted = (passed - usual * total).sum(axis=0) + mean * summed
    whole = np.clip(np.rint(shifted), 0, summed).astype(np.int64)
    spread = counts.spread
    return Course(whole, summed, float(spread.variance[place]), float(spread.freedom[place]))


def steps_of(counts: Series, found: Course, false_alarms: float) -> tuple[Step, ...]:
    """Find the moments at which a place has changed, by cutting in two what is left again.

    Args:
        counts: Of all runs.
        found: The place.
        false_alarms: Chance of a step too many where there is none; each further cut of what is
            left has this chance, too.
    """
    kept = np.flatnonzero(found.total > 0)
    cuts: list[tuple[int, tuple[int, int], float]] = []
    parts = [(0, len(kept))]
    while parts and len(cuts) < MOST_STEPS:
        low, high = parts.pop(0)
        if high - low < 2:
            continue
        part = kept[low:high]
        cut = change_point(found.passed[part], found.total[part], found.variance)
        p_value = float(p_values([cut], found.variance, found.freedom)[0])
        if p_value > false_alarms:
            continue
        first, last = (int(part[at]) for at in cut.between)
        cuts.append((int(part[cut.first]), (first, last), p_value))
        parts += [(low, low + cut.first), (low + cut.first, high)]
    cuts.sort()
    ends = [0, *(cut for cut, *_ in cuts), len(found.total)]
    levels = [
        float(found.passed[a:b].sum() / max(int(found.total[a:b].sum()), 1))
        for a, b in pairwise(ends)
    ]
    return tuple(
        Step(
            int(counts.runs[cut]),
            (int(counts.runs[first]), int(counts.runs[last])),
            float(counts.x[cut]),
            levels[number],
            levels[number + 1],
            p_value,
        )
        for number, (cut, (first, last), p_value) in enumerate(cuts)
    )


def shape_of(counts: Series, found: Course, steps: tuple[Step, ...]) -> Shape:
    """Say which describes a place better: a line or steps.

    A step costs two numbers, its moment and its size, a slope one.

    Source: G. Schwarz, Ann. Stat. 6 (1978) 461, for what a number costs.
    """
    if not steps:
        return "line"
    cost = float(np.log(np.count_nonzero(found.total)))
    value = found.passed / np.maximum(found.total, 1)
    line = _misfit(found.weight, value, counts.unit) + cost
    jumps = [(counts.x >= step.at).astype(np.float64) for step in steps]
    of_steps = _misfit(found.weight, value, *jumps) + 2 * cost * len(steps)
    return "line" if line <= of_steps else "steps"


def _misfit(weight: F64, value: F64, *terms: F64) -> float:
    """Return the weighted sum of squares about a fit of a constant and some terms."""
    root = np.sqrt(weight)
    matrix = np.stack([np.ones_like(root), *terms], axis=1) * root[:, np.newaxis]
    rest = value * root
    fitted, *_ = np.linalg.lstsq(matrix, rest, rcond=None)
    return float(np.square(rest - matrix @ fitted).sum())


def straightness(counts: Series, found: list[Course]) -> tuple[AnyArray, AnyArray]:
    """Return whether lines describe places, in equal parts of the luminosity.

    Args:
        counts: Of all runs.
        found: The places.

    Returns:
        p-values, and by how much the scatter about the line exceeds that from run to run where it
        clearly does so, else 1: a factor of the uncertainty. Shape (places,).
    """
    misfits, freedom = [], []
    for each in found:
        weight, value = each.weight, each.passed / np.maximum(each.total, 1)
        sums = grouped(counts.unit, weight, weight * value, weight * counts.unit)
        filled = sums[0] > 0
        w, y, x = (summed[filled] for summed in sums)
        misfits.append(_misfit(w, y / w, x / w))
        freedom.append(len(w) - 2)
    chi2, ndf = np.array(misfits), np.maximum(np.array(freedom), 1)
    known = np.array([each.freedom for each in found])
    far = np.where(
        np.isfinite(known),
        special.fdtrc(ndf, np.where(np.isfinite(known), known, 1), chi2 / ndf),
        special.chdtrc(ndf, chi2),
    )
    p = np.where(np.array(freedom) > 0, far, 1.0)
    return p, np.where(p < UNLIKE, np.sqrt(np.maximum(chi2 / ndf, 1)), 1.0)
