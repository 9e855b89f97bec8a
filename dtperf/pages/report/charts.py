"""Efficiencies against run or result, as what a template needs to draw them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dtperf.pages.report.words import count, percent
from dtperf.results.summary import Efficiency, efficiencies

if TYPE_CHECKING:
    from dtperf.results.result import Result

__all__ = ["Chart", "chart", "of_runs"]

WIDTH, HEIGHT = 560, 190
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 10, 24
LABELS, CHARACTER = 6, 7
STEPS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25)
TICKS = 5
FEW = 0.1
"""A point with less than this part of the usual probes does not set the scale."""


class Mark(NamedTuple):
    """One efficiency in the picture."""

    x: float
    y: float
    y_low: float
    y_high: float
    is_outside: bool
    """Below the scale; it is drawn on its edge."""
    text: str


class Chart(NamedTuple):
    """One picture; lengths in its own units."""

    title: str
    summary: str
    """What it shows, in words."""
    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    marks: tuple[Mark, ...]
    y_ticks: tuple[tuple[float, str], ...]
    x_ticks: tuple[tuple[float, str], ...]


def chart(title: str, labels: Sequence[str], efficiencies: Sequence[Efficiency]) -> Chart | None:
    """Lay out efficiencies in their order.

    Args:
        title: Of the picture.
        labels: Name of each point.
        efficiencies: As many; those without probes are left out.

    Returns:
        The picture; None if nothing has probes.
    """
    filled = [each for each in efficiencies if each.total]
    if not filled:
        return None
    floor, ceiling, step = _scale(filled)
    digits = 2 if step < 0.001 else 1 if step < 0.01 else 0
    span = (WIDTH - LEFT - RIGHT) / max(len(labels), 1)

    def y_of(value: float) -> float:
        part = (min(max(value, floor), ceiling) - floor) / (ceiling - floor)
        return round(HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM), 1)

    places = [round(LEFT + (number + 0.5) * span, 1) for number in range(len(labels))]
    worst = min(filled, key=lambda each: each.value)
    best = max(filled, key=lambda each: each.value)
    return Chart(
        title=title,
        summary=f"{title}: {len(filled)} points, from {percent(worst)} to {percent(best)}",
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        top=TOP,
        bottom=HEIGHT - BOTTOM,
        marks=tuple(
            Mark(x, y_of(e.value), y_of(e.low), y_of(e.high), e.value < floor, _text(label, e))
            for x, label, e in zip(places, labels, efficiencies, strict=True)
            if e.total
        ),
        y_ticks=tuple(
            (y_of(value), f"{100 * value:.{digits}f} %") for value in _ticks(floor, ceiling, step)
        ),
        x_ticks=tuple(_some(places, labels)),
    )


def of_runs(result: Result) -> list[Chart]:
    """Draw the fiducial efficiency of each station against the run, if that was measured."""
    if "efficiency_vs_run" not in result.counts:
        return []
    counts = result.counts["efficiency_vs_run"]
    runs = [str(run) for run in counts.axes["run"]]
    # a category axis that grows has nothing in its overflow
    failed, passed = np.moveaxis(np.asarray(counts.view()), -1, 0)
    total = passed + failed
    charts = [
        chart(f"MB{number + 1}", runs, efficiencies(passed[number], total[number]))
        for number in range(4)
    ]
    return [each for each in charts if each is not None]


def _scale(filled: list[Efficiency]) -> tuple[float, float, float]:
    """Choose the ends of the axis and the distance of its ticks."""
    usual = float(np.median([each.total for each in filled]))
    telling = [each for each in filled if each.total >= FEW * usual]
    lowest, highest = min(each.low for each in telling), max(each.high for each in telling)
    step = next((s for s in STEPS if (highest - lowest) / s <= TICKS - 1), STEPS[-1])
    floor = max(math.floor(lowest / step) * step, 0.0)
    ceiling = min(math.ceil(highest / step) * step, 1.0)
    return floor, max(ceiling, floor + step), step


def _ticks(floor: float, ceiling: float, step: float) -> list[float]:
    return [
        round(floor + number * step, 6) for number in range(round((ceiling - floor) / step) + 1)
    ]


def _some(places: list[float], labels: Sequence[str]) -> Iterator[tuple[float, str]]:
    """Label as many points as there is room for."""
    longest = max(map(len, labels))
    room = max(1, min(LABELS, (WIDTH - LEFT) // (CHARACTER * (longest + 1))))
    every = -(-len(labels) // room)
    yield from zip(places[::every], labels[::every], strict=True)


def _text(label: str, efficiency: Efficiency) -> str:
    probes = f"{count(efficiency.passed)} of {count(efficiency.total)}"
    return f"{label}: {percent(efficiency)}, {probes}"
