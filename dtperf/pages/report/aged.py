"""Slopes and steps, in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from dtperf.pages.report.changed import MOST_NAMED
from dtperf.pages.report.words import count, signed

if TYPE_CHECKING:
    from dtperf.diagnostics.ageing import Aged, Slope, Trend
    from dtperf.diagnostics.ageing.shapes import Step

__all__ = [
    "assumptions",
    "description",
    "expected",
    "exposed",
    "in_one_line",
    "left_out",
    "slope",
    "slope_guarantee",
    "some_names",
    "step",
    "what_aged",
]

FINE = 0.0005
"""Uncertainties below this are told with three digits."""
MOST_STEPS = 3


def slope(found: Slope | Aged) -> str:
    """Write a slope with its uncertainty, in points of percent."""
    from dtperf.diagnostics.ageing import Slope

    if isinstance(found, Slope):
        up, down = found.high - found.slope, found.slope - found.low
    else:
        up = down = found.uncertainty
    digits = _digits(max(up, down))
    if f"{100 * up:.{digits}f}" == f"{100 * down:.{digits}f}":
        return f"{signed(found.slope, digits)} ± {100 * up:.{digits}f}"
    return f"{signed(found.slope, digits)} +{100 * up:.{digits}f} −{100 * down:.{digits}f}"


def _digits(error: float) -> int:
    return 3 if error < FINE else 2


def expected(found: Slope) -> str:
    """Write the efficiency that the line comes to, with its band."""
    value, low, high = (
        f"{100 * each:.1f}" for each in (found.expected, found.expected_low, found.expected_high)
    )
    if math.isnan(found.expected):
        return "no line"
    if found.expected_low == found.expected_high:
        return f"the limit, {100 * found.expected:g} %"  # the whole band lies beyond
    return f"{value} ({low} – {high}) %"


def some_names(named: Sequence[Aged]) -> str:
    """Name the first of some places."""
    more = f" and {len(named) - MOST_STEPS} more" if len(named) > MOST_STEPS else ""
    return ", ".join(each.place.name for each in named[:MOST_STEPS]) + more


def step(found: Step) -> str:
    """Write when a place changed, and by how much."""
    first, last = found.between
    when = f"run {found.run}" + (f" ({first} to {last})" if first < last else "")
    return f"{100 * found.before:.2f} → {100 * found.after:.2f} % at {when}"


def description(aged: Aged) -> str:
    """Say what describes a place: a line, or its steps."""
    if aged.shape == "line":
        return "a line"
    shown = "; ".join(map(step, aged.steps[:MOST_STEPS]))
    more = len(aged.steps) - MOST_STEPS
    return shown + (f"; and {more} more" if more > 0 else "")


def left_out(aged: Aged) -> str:
    """Name a place without the parts that went otherwise."""
    if not aged.without:
        return aged.place.name
    names = [place.name for place in aged.without]
    parts = ", ".join(names) if len(names) <= MOST_STEPS else f"{len(names)} parts"
    return f"{aged.place.name} without {parts}"


def what_aged(trends: Iterable[Trend]) -> str:
    """Return in one sentence, without a full stop, what has changed: the surest first."""
    several = len(found := [*trends]) > 1
    texts = [
        f"{in_one_line(aged, trend.unit)}{f' in {trend.measurement}' if several and number else ''}"
        for number, trend in enumerate(found)
        for aged in trend.named
    ]
    if not texts:
        return "no slope and no step beyond chance"
    more = len(texts) - MOST_NAMED
    return "; ".join(texts[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")


def in_one_line(aged: Aged, unit: str) -> str:
    """Say what has happened to a place."""
    if aged.shape == "line":
        return f"{left_out(aged)} changes by {slope(aged)} points per {unit}"
    return f"{left_out(aged)} went in {_steps(len(aged.steps))}: {description(aged)}"


def _steps(number: int) -> str:
    return f"{number} steps" if number > 1 else "one step"


def slope_guarantee(trend: Trend) -> str:
    """Return what was tested, and how often a place is named that has not changed."""
    runs = len(trend.counts.runs)
    return (
        f"{count(len(trend.slopes))} places in {count(runs)} runs, each looked at for a slope and "
        f"for a step before every run, chamber by chamber; at most {100 * trend.false_alarms:g} % "
        "of the places named are there by chance"
    )


def assumptions(trend: Trend) -> str:
    """Say what the extrapolation takes for granted."""
    return (
        f"to {trend.target:g} fb⁻¹ the line goes on: the loss per fb⁻¹ stays what it is now, at "
        "the same voltage, thresholds, gas and instantaneous luminosity, without repair; the band, "
        "of one standard deviation, is that of slope and level, and knows of no other law"
    )


def exposed(trends: Sequence[Trend]) -> str:
    """Say how much luminosity the results span."""
    exposure, counts = trends[0].exposure, trends[0].counts
    first, last = (exposure.at(counts.runs, "luminosity")[[0, -1]]).tolist()
    files = ", ".join(exposure.files)
    return (
        f"{count(len(counts.runs))} runs, from {first:.1f} to {last:.1f} fb⁻¹ delivered, by {files}"
    )
