"""Efficiencies against one variable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import hist
import numpy as np
from matplotlib.axes import Axes

from dtperf.measurements.declaration import Histogram
from dtperf.plot.axes import (
    Binned,
    charges,
    edges_of,
    efficiency_range,
    logarithmic,
    run_ticks,
    span,
    stations,
    values_of,
    variables,
    whole_numbers,
)
from dtperf.plot.style import GREY, STATIONS, CurveStyle, StyledFigure, legend, new_sheet
from dtperf.results.colours import FEW
from dtperf.typing import F64

__all__ = ["Curve", "draw_curves", "efficiency"]

BELOW_LEGEND = 0.89
SHIFTS = (-0.15, -0.05, 0.05, 0.15)


class Curve(NamedTuple):
    """An efficiency in bins of one variable, and how it is drawn."""

    label: str
    edges: F64
    """Shape (n + 1,)."""
    binned: Binned
    """Shape (n,)."""
    look: CurveStyle
    is_open: bool = False
    is_exact: bool = False
    """The bins are of numbers, not of ranges."""
    shift: float = 0.0
    """Of the points, in widths of their bins: stations in one panel stand beside each other."""


def efficiency(
    counts: Histogram,
    reference: Histogram | None,
    title: str,
    *,
    x: str,
    y: str,
    log: bool = False,
) -> StyledFigure:
    """Draw the stations together, or a panel each if there is more than one curve of each.

    Args:
        counts: On station and a variable, maybe on the probe's charge.
        reference: The same of another result.
        title: Plain text for the header.
        x: Name and unit of the variable.
        y: What kind of efficiency it is.
        log: Logarithmic x, where no bin that is filled begins at 0.
    """
    runs = _runs(counts, reference)
    by_station = [_curves(one, f"MB{n}", STATIONS[n - 1], runs) for n, one in stations(counts)]
    if reference is not None:
        for own, (_, one) in zip(by_station, stations(reference), strict=True):
            own.extend(_curves(one, "reference", None, runs))
    if all(len(curves) == 1 for curves in by_station):
        sheet = new_sheet(title=title)
        together = zip(by_station, SHIFTS, strict=True)
        groups = [[curve._replace(shift=shift) for [curve], shift in together]]
    else:
        sheet = new_sheet(2, 2, (15, 11), title=title, share=True)
        groups = by_station
    shown = [curve for curves in groups for curve in curves]
    for panel, curves in zip(sheet.panels.flat, groups, strict=True):
        draw_curves(panel, curves, shown, 4 if len(groups) == 1 else 2)
    for panel in sheet.panels[-1]:
        panel.set_xlabel(x)
        if runs:
            run_ticks(panel, runs)
        elif shown[0].is_exact:
            whole_numbers(panel.xaxis)
    for panel in sheet.panels[:, 0]:
        panel.set_ylabel(y)
    if log:
        logarithmic(sheet.panels[0, 0])
    return sheet


def draw_curves(
    panel: Axes,
    curves: Sequence[Curve],
    shown: Sequence[Curve],
    columns: int = 4,
    limits: tuple[float, float] | None = None,
) -> None:
    """Draw curves with their legend.

    Args:
        panel: Where.
        curves: What.
        shown: All that share the axes, which give the ranges.
        columns: Of the legend; 0: none.
        limits: Ends of the axis of efficiencies; None: what suits them.
    """
    least = FEW if any(curve.binned.total.max(initial=0) >= FEW for curve in shown) else 1
    kept = [(curve.edges, curve.binned.total >= least) for curve in shown]
    drawn = [curve.binned[is_kept] for curve, (_, is_kept) in zip(shown, kept, strict=True)]
    low = efficiency_range(panel, drawn, limits)
    handles = [_points(panel, curve, low, least) for curve in curves]
    panel.set_xlim(*span(kept))
    panel.axhline(1, color="0.6", lw=0.8, ls=":", zorder=0)
    if columns:
        legend(panel, handles, columns)
    if any((curve.binned.filled & (curve.binned.total < least)).any() for curve in curves):
        panel.text(
            0.5, BELOW_LEGEND, f"bins with fewer than {FEW} probes are left out",
            transform=panel.transAxes, ha="center", va="top", fontsize="x-small", color=GREY,
        )  # fmt: skip


def _points(panel: Axes, curve: Curve, low: float, least: int) -> Any:
    """Draw points of so many probes; those below the axis as arrows at its end."""
    kept = curve.binned.total >= least
    binned = curve.binned[kept]
    left, right = curve.edges[:-1][kept], curve.edges[1:][kept]
    middle, value = (left + right) / 2 + curve.shift * (right - left), binned.value
    below, above = binned.interval
    look = curve.look
    points = panel.errorbar(
        middle,
        value,
        yerr=np.maximum([value - below, above - value], 0),
        xerr=None if curve.is_exact else [middle - left, right - middle],
        label=curve.label,
        color=look.colour,
        marker=look.marker,
        markersize=5.5,
        markerfacecolor="white" if curve.is_open else look.colour,
        linestyle="none",
        elinewidth=1.1,
        zorder=2 if look.colour == GREY else 3,
    )
    hidden = middle[value < low]
    if len(hidden):
        [arrows] = panel.plot(hidden, np.full(len(hidden), 0.015), label="_below the axis")
        arrows.set(transform=panel.get_xaxis_transform(), in_layout=False)
        arrows.set(color=look.colour, marker="v", linestyle="none")
    return points


def _curves(
    counts: Histogram, label: str, look: CurveStyle | None, runs: Sequence[int]
) -> list[Curve]:
    """Make a curve of each charge of a station; without a look it is the reference's."""
    [name] = variables(counts)
    found = []
    for number, (sign, one) in enumerate(charges(counts)):
        binned, axis = Binned.of(one, name), one.axes[name]
        # the second charge and the reference's first differ by more than being open
        shape = look or CurveStyle(GREY, "Xo"[bool(sign) and number == 0], "-")
        edges = edges_of(axis)
        if isinstance(axis, hist.axis.IntCategory):
            binned, edges = _at_runs(binned, values_of(axis), runs)
        is_exact = isinstance(axis, hist.axis.IntCategory | hist.axis.Integer)
        is_open = look is None or number > 0
        found.append(Curve(f"{label} {sign}".strip(), edges, binned, shape, is_open, is_exact))
    return found


def _runs(counts: Histogram, reference: Histogram | None) -> list[int]:
    """List the runs of either, in order; none if the axis is not one of runs."""
    found: set[int] = set()
    for one in (counts, reference):
        for axis in one.axes if one is not None else ():
            if isinstance(axis, hist.axis.IntCategory):
                found |= set(values_of(axis))
    return sorted(found)


def _at_runs(binned: Binned, own: list[int], runs: Sequence[int]) -> tuple[Binned, F64]:
    """Bring the bins of a result's own runs to those of all runs, shape (n,)."""
    places = np.searchsorted(runs, own)
    passed, total = (np.zeros(len(runs), dtype=np.int64) for _ in range(2))
    passed[places], total[places] = binned.passed, binned.total
    edges: F64 = np.arange(len(runs) + 1.0) - 0.5
    return Binned(passed, total), edges
