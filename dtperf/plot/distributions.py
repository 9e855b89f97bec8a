"""Entries in bins of one variable, means of another, and t0 of each chamber."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import hist
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from dtperf.measurements.declaration import Histogram
from dtperf.measurements.histograms import means
from dtperf.plot.axes import core, edges_of, stations, tell_strays, variables, whole_numbers
from dtperf.plot.style import GREY, STATIONS, CurveStyle, StyledFigure, legend, new_sheet
from dtperf.plot.ticks import name_ticks
from dtperf.typing import F64, AnyArray

__all__ = ["distribution", "draw_means", "per_bin", "profile"]

ROOM_ABOVE, ROOM_ALONE = 1.3, 1.08
DECADES_ABOVE = 0.25
REFERENCE = "reference, same area"
FILLED = CurveStyle("#5790fc", "o", "-")


class Shape(NamedTuple):
    """Entries in bins of one variable."""

    label: str
    edges: F64
    """Shape (n + 1,)."""
    entries: F64
    """Shape (n,)."""
    look: CurveStyle


def distribution(
    counts: Histogram,
    reference: Histogram | None,
    title: str,
    *,
    x: str,
    what: str = "entries",
    log: bool = False,
) -> StyledFigure:
    """Draw entries: the stations together, or a panel each if there is a reference.

    Args:
        counts: On a variable, maybe on the station, and on places, which are summed up.
        reference: The same of another result, drawn with as many entries as the result has.
        title: Plain text for the header.
        x: Name and unit of the variable.
        what: What is counted.
        log: Logarithmic numbers of entries.
    """
    groups = _groups(counts, reference)
    is_one = len(groups) == 1
    sheet = new_sheet(title=title) if is_one else new_sheet(2, 2, (15, 11), title=title, share=True)
    for panel, shapes in zip(sheet.panels.flat, groups, strict=True):
        _draw(panel, shapes)
    _finish(sheet, [shape for group in groups for shape in group], log)
    label = per_bin(what, counts.axes[variables(counts)[0]], x)
    for panel in sheet.panels[-1]:
        panel.set_xlabel(x)
        if isinstance(counts.axes[variables(counts)[0]], hist.axis.Integer):
            whole_numbers(panel.xaxis)
    for panel in sheet.panels[:, 0]:
        panel.set_ylabel(label)
    return sheet


def per_bin(what: str, axis: Any, x: str) -> str:
    """Name what is counted, and in bins of which width: 'pairs / 2 GeV'.

    Args:
        what: Such as 'pairs'.
        axis: Of the histogram; where its bins stand for integers, there is no width to tell.
        x: Its name, with the unit in brackets at the end, if it has one.
    """
    edges = edges_of(axis)
    widths = np.diff(edges)
    if isinstance(axis, hist.axis.IntCategory | hist.axis.Integer) or not len(widths):
        return what
    if not np.allclose(widths, widths[0]):
        return f"{what} / bin"
    # bins around integers count them
    if np.isclose(widths[0], 1) and np.isclose(edges[0] % 1, 0.5):
        return what
    unit = re.search(r"\[(.+)\]$", x)
    return f"{what} / {widths[0]:.2g}" + (f" {unit[1]}" if unit else "")


def _groups(counts: Histogram, reference: Histogram | None) -> list[list[Shape]]:
    """Return what stands in each panel."""
    other = CurveStyle(GREY, "o", "")
    if "station" not in counts.axes.name:
        only = [_shape(counts, "this result", FILLED)]
        return [only if reference is None else [*only, _shape(reference, REFERENCE, other)]]
    own = [_shape(one, f"MB{n}", STATIONS[n - 1]) for n, one in stations(counts)]
    if reference is None:
        return [own]
    others = [_shape(one, REFERENCE, other) for _, one in stations(reference)]
    return [[*pair] for pair in zip(own, others, strict=True)]


def _shape(counts: Histogram, label: str, look: CurveStyle) -> Shape:
    [name] = variables(counts)
    entries = np.asarray(counts.project(name).view(), dtype=np.float64)
    return Shape(label, edges_of(counts.axes[name]), entries, look)


def _draw(panel: Axes, shapes: Sequence[Shape]) -> None:
    """Draw lines, filled if there is only one, and points of the reference."""
    lines = [shape for shape in shapes if shape.look.line]
    for shape in lines:
        values = shape.entries
        if len(lines) == 1:
            panel.stairs(values, shape.edges, fill=True, color=shape.look.colour, alpha=0.35)
        line = panel.stairs(values, shape.edges, label=shape.label, baseline=None)
        line.set(color=shape.look.colour, linestyle=shape.look.line, linewidth=2)
    for shape in shapes[len(lines) :]:
        _draw_points(panel, shape, float(lines[0].entries.sum()))
    if len(shapes) > 1:
        legend(panel, panel.get_legend_handles_labels()[0], 4)


def _draw_points(panel: Axes, shape: Shape, entries: float) -> None:
    kept = shape.entries > 0
    factor = entries / max(float(shape.entries.sum()), 1.0)
    middles = (shape.edges[:-1] + shape.edges[1:])[kept] / 2
    found = shape.entries[kept]
    panel.errorbar(
        middles,
        factor * found,
        factor * np.sqrt(found),
        label=shape.label,
        color=shape.look.colour,
        marker=shape.look.marker,
        markersize=4,
        markerfacecolor="white",
        linestyle="none",
        elinewidth=1,
    )


def _finish(sheet: StyledFigure, shapes: Sequence[Shape], log: bool) -> None:
    """Set ranges: where there are entries, with room for the legend."""
    panel = sheet.panels[0, 0]
    # one axis has one set of bins, unless the reference has others
    own = [shape for shape in shapes if shape.look.line]
    found = core(own[0].edges, [shape.entries for shape in own])
    panel.set_xlim(found.low, found.high)
    tell_strays(panel, found)
    most = max((float(shape.entries.max()) for shape in shapes if shape.look.line), default=0)
    if log and most > 1:
        panel.set_yscale("log")
        panel.set_ylim(0.5, 2 * most * (2 * most) ** DECADES_ABOVE)
    else:
        panel.set_ylim(0, max(most, 1) * (ROOM_ABOVE if len(shapes) > 1 else ROOM_ALONE))
        panel.ticklabel_format(axis="y", style="plain")
        panel.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


WHEELS = range(-2, 3)
SECTORS = 14
LEAST, MARGIN = 1.0, 1.5
"""Half of the range in ns, and by how much it is longer than the largest mean."""


def profile(counts: Histogram, reference: Histogram | None, title: str, *, y: str) -> StyledFigure:
    """Draw the mean in each chamber, a panel for each station.

    Args:
        counts: On station, wheel, sector and moment.
        reference: The same of another result.
        title: Plain text for the header.
        y: Name and unit of what is averaged.
    """
    sheet = new_sheet(4, 1, (15, 14), title=title, share=True)
    others = [None] * 4 if reference is None else [one for _, one in stations(reference)]
    largest = LEAST
    for panel, (n, one), other in zip(sheet.panels.flat, stations(counts), others, strict=True):
        largest = max(largest, _draw_times(panel, one, f"MB{n}", STATIONS[n - 1]))
        if other is not None:
            _draw_times(panel, other, "reference", CurveStyle(GREY, "o", ""))
        legend(panel, panel.get_legend_handles_labels()[0], 2)
        panel.set_ylabel(y)
        _name_wheels(panel)
    sheet.panels[0, 0].set_ylim(-MARGIN * largest, MARGIN * largest)
    sheet.panels[-1, 0].set_xlabel("wheel, with its sectors 1 to 14 from the left")
    return sheet


def _draw_times(panel: Axes, counts: Histogram, label: str, look: CurveStyle) -> float:
    """Draw means and their errors; give the largest mean, whatever its sign."""
    mean, error = (each.ravel() for each in means(counts))
    kept = np.isfinite(mean)
    draw_means(panel, np.flatnonzero(kept), mean[kept], error[kept], label, look)
    return float(np.abs(mean[kept]).max(initial=0))


def draw_means(
    panel: Axes, x: AnyArray, mean: F64, error: F64, label: str, look: CurveStyle
) -> None:
    """Draw points with their errors, those of a reference open and behind the others.

    Args:
        panel: Where.
        x: Shape (points,), as the next two.
        mean: Finite.
        error: Of the mean.
        label: In the legend.
        look: One without a line is a reference's.
    """
    panel.errorbar(
        x,
        mean,
        error,
        label=label,
        color=look.colour,
        marker=look.marker,
        markersize=5,
        markerfacecolor=look.colour if look.line else "white",
        linestyle="none",
        elinewidth=1.1,
        zorder=3 if look.line else 2,
    )


def _name_wheels(panel: Axes) -> None:
    panel.axhline(0, color="0.6", lw=0.8, ls=":", zorder=0)
    panel.set_xlim(-0.5, 5 * SECTORS - 0.5)
    middles = [(wheel + 2.5) * SECTORS - 0.5 for wheel in WHEELS]
    name_ticks(panel.xaxis, middles, [f"W{wheel:+d}" if wheel else "W0" for wheel in WHEELS])
    panel.xaxis.set_minor_locator(FixedLocator(list(range(5 * SECTORS))))
    panel.tick_params(axis="x", which="major", length=0)
    for wheel in WHEELS[1:]:
        panel.axvline((wheel + 2) * SECTORS - 0.5, color="0.5", lw=0.8)
