"""Slopes of all places: by how much an efficiency changes with what was delivered, or in time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.detector import Place
from dtperf.diagnostics.ageing.contrasts import SLOPE, Contrasts, grouped
from dtperf.diagnostics.ageing.exposure import Against
from dtperf.diagnostics.ageing.series import Series
from dtperf.diagnostics.ageing.shapes import UNLIKE, Course, course, straightness
from dtperf.results.row_columns import (
    Column,
    Columns,
    at,
    efficiency_columns,
    field_columns,
    place_columns,
)
from dtperf.results.summary import Efficiency, efficiencies, in_words
from dtperf.results.table import Table
from dtperf.statistics import false_discovery, probability, slope_interval, special
from dtperf.typing import AnyArray, Bools

__all__ = ["NO_PROBES", "STEP", "Slope", "expected", "slopes_of"]

NO_PROBES = "no place has probes at two moments"
STEP: dict[Against, float] = {"luminosity": 100.0, "time": 1.0}
"""Slopes are told per so many units of x: 100/fb, or a year."""
FEW = 50
"""Failures, or probes that passed: of fewer a Gaussian interval tells too little of the truth."""


class Slope(NamedTuple):
    """The slope of the efficiency of a place, each of its cells compared with itself."""

    place: Place
    efficiency: Efficiency
    """Of all runs."""
    slope: float
    """Change of the efficiency per 100/fb, or per year."""
    low: float
    """Lower end of its interval of one standard deviation, with what differs from run to run."""
    high: float
    sigmas: float
    """Standard deviations of what the slope would vary by if nothing had changed."""
    p_value: float
    """Of a slope as large as this or larger, if nothing has changed."""
    q_value: float
    """Least part of false alarms among the places of its kind at which it would be flagged."""
    p_line: float
    """Of a scatter about the line as large as this or larger, if it is one; below 0.01 the
    interval is as much longer as the scatter is too large."""
    expected: float
    """Efficiency at the luminosity asked for, if the line goes on; NaN if none was asked for, or no
    line describes the place: at most 1 % of those of its kind are taken so by chance."""
    expected_low: float
    """Lower end of its band of one standard deviation."""
    expected_high: float

    def cells(self) -> list[tuple[str, str]]:
        """Return what a table shows of it."""
        shown = [
            ("place", self.place.name),
            ("efficiency %", in_words(self.efficiency)[0]),
            ("slope in points", f"{100 * self.slope:+.3f}"),
            ("from", f"{100 * self.low:+.3f}"),
            ("to", f"{100 * self.high:+.3f}"),
            ("sigmas", f"{self.sigmas:.1f}"),
            ("q-value", probability(self.q_value)),
        ]
        if np.isfinite(self.expected):
            ends = f"{100 * self.expected_low:.2f} – {100 * self.expected_high:.2f}"
            shown.append(("expected %", f"{100 * self.expected:.2f} ({ends})"))
        return shown

    @classmethod
    def columns(cls) -> Columns:
        """Return the columns of a data frame."""
        return {
            **place_columns(),
            **efficiency_columns("efficiency"),
            "slope": Column(at("slope"), float),
            "slope_low": Column(at("low"), float),
            "slope_high": Column(at("high"), float),
            **field_columns(cls, *cls._fields[5:]),
        }


def slopes_of(contrasts: Contrasts, step: float, target: float | None) -> Table[Slope]:
    """Return the slopes of all places that have probes at two moments.

    Args:
        contrasts: Of all runs.
        step: Units of x per which slopes are told.
        target: Position at which the efficiency is asked for; None: nowhere.
    """
    counts, whole = contrasts.counts, contrasts.family
    every = np.arange(whole.size)
    moments = np.full(whole.size, SLOPE)
    tested = contrasts.test(moments, every, whole.members)
    kept = np.flatnonzero(np.isfinite(tested.value))
    courses = [course(counts, int(place), whole.members[place]) for place in kept]
    p_line, factor = straightness(counts, courses)
    value, error = tested.value[kept], tested.uncertainty[kept] * factor
    low, high = value - error, value + error
    few = _few(courses)
    few &= whole.members[kept].sum(axis=1) == 1
    if few.any():
        value[few], low[few], high[few] = _likely(contrasts, kept[few], factor[few])
    p_values = contrasts.spread.p_values(tested.sigmas[kept], kept)
    q_values = np.ones(len(kept))
    is_line = np.ones(len(kept), dtype=np.bool_)
    for kind in np.unique(whole.kinds):
        rows = whole.kinds[kept] == kind
        q_values[rows] = false_discovery(p_values[rows])
        is_line[rows] = false_discovery(p_line[rows]) > UNLIKE
    passed, total = (whole.members[kept] @ c.sum(axis=1) for c in (counts.passed, counts.total))
    scale = step / counts.range
    rows = zip(
        kept,
        efficiencies(passed, total),
        *(scale * each for each in (value, low, high)),
        *(tested.sigmas[kept], p_values, q_values, p_line),
        _at_target(counts, courses, np.stack([value, low, high], axis=1), target, is_line),
        strict=True,
    )
    found = (
        Slope(whole.places[place], efficiency, *map(float, (*numbers, *there)))
        for place, efficiency, *numbers, there in rows
    )
    return Table(found, NO_PROBES, Slope)


def _at_target(
    counts: Series,
    courses: list[Course],
    slopes: AnyArray,
    target: float | None,
    is_line: Bools,
) -> list[tuple[float, float, float]]:
    found = []
    for went, of_range, is_one in zip(courses, slopes / counts.range, is_line, strict=True):
        if target is None or not is_one:
            found.append((np.nan, np.nan, np.nan))
            continue
        slope = float(of_range[0]), float(of_range[1]), float(of_range[2])
        value, low, high = expected(counts, went, slope, np.array([target]))
        found.append((float(value[0]), float(low[0]), float(high[0])))
    return found


def _few(courses: list[Course]) -> AnyArray:
    rare = [min(int(c.passed.sum()), int((c.total - c.passed).sum())) for c in courses]
    return np.array(rare) < FEW


def _likely(contrasts: Contrasts, places: AnyArray, factor: AnyArray) -> tuple[AnyArray, ...]:
    """Return slopes and their intervals by likelihood, of places that are one cell."""
    counts, whole = contrasts.counts, contrasts.family
    cells = whole.members[places].argmax(axis=1)
    moments = np.full(len(places), SLOPE)
    with_spread = contrasts.sums(moments, places, whole.members[places]).variance
    by_counts = with_spread - contrasts.spread.variance[places] * (
        np.square(contrasts.lever_arms[cells]).sum(axis=1)
    )
    dispersion = np.where(by_counts > 0, with_spread / np.where(by_counts > 0, by_counts, 1), 1.0)
    sigmas = np.abs(
        special.stdtrit(np.minimum(contrasts.spread.freedom[places], 1e9), special.ndtr(1.0))
    )
    passed, total, places_in = grouped(
        counts.unit, counts.passed[cells], counts.total[cells], counts.total[cells] * counts.unit
    )
    middle = places_in / np.maximum(total, 1)
    return slope_interval(middle, passed, total, sigmas * factor, dispersion)


def expected(
    counts: Series, found: Course, slope: tuple[float, float, float], at: AnyArray
) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Return the efficiency of a place along its line, and its band of one standard deviation.

    The line goes on as it is, within 0 and 1: same voltage, same conditions, same loss per 1/fb.

    Args:
        counts: Of all runs.
        found: The place.
        slope: Change per unit of x, and the ends of its interval.
        at: Positions, shape (n,).

    Returns:
        Values, lower and upper ends, shape (n,).
    """
    weight = found.weight
    summed = weight.sum()
    middle = float(weight @ (found.passed / np.maximum(found.total, 1)) / summed)
    reach = at - float(weight @ counts.x / summed)
    value, low, high = slope
    there = middle + reach * value
    # the level in the middle of the data is known by itself, whatever the slope is
    below, above = np.sort([reach * (low - value), reach * (high - value)], axis=0)
    ends = there - np.sqrt(below**2 + 1 / summed), there + np.sqrt(above**2 + 1 / summed)
    return np.clip(there, 0, 1), np.clip(ends[0], 0, 1), np.clip(ends[1], 0, 1)
