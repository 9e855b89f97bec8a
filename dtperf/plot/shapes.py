"""Distributions of one variable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import hist
import numpy as np
from matplotlib.axes import Axes

from dtperf.measurements.declaration import Histogram
from dtperf.plot.axes import span, whole_numbers
from dtperf.plot.bins import edges_of, stations, variables
from dtperf.plot.style import GREY, STATIONS, Look, Sheet, legend, new_sheet
from dtperf.typing import F64

__all__ = ["distribution"]


ROOM_ABOVE, ROOM_ALONE = 1.3, 1.08
DECADES_ABOVE = 0.25
ENTRIES = "entries"
REFERENCE = "reference, same area"
FILLED = Look("#5790fc", "o", "-")


class Shape(NamedTuple):
    """Entries in bins of one variable."""

    label: str
    edges: F64
    """Shape (n + 1,)."""
    entries: F64
    """Shape (n,)."""
    look: Look


def distribution(
    counts: Histogram, reference: Histogram | None, title: str, *, x: str, log: bool = False
) -> Sheet:
    """Draw entries: the stations together, or a panel each if there is a reference.

    Args:
        counts: On a variable, maybe on the station, and on places, which are summed up.
        reference: The same of another result, drawn with as many entries as the result has.
        title: Plain text for the header.
        x: Name and unit of the variable.
        log: Logarithmic numbers of entries.
    """
    groups = _groups(counts, reference)
    sheet = new_sheet(title=title)
    if len(groups) > 1:
        sheet = new_sheet(2, 2, (15, 11), title=title, share=True)
    for panel, shapes in zip(sheet.panels.flat, groups, strict=True):
        _draw(panel, shapes)
    _finish(sheet, [shape for group in groups for shape in group], log)
    for panel in sheet.panels[-1]:
        panel.set_xlabel(x)
        if isinstance(counts.axes[variables(counts)[0]], hist.axis.Integer):
            whole_numbers(panel.xaxis)
    for panel in sheet.panels[:, 0]:
        panel.set_ylabel(ENTRIES)
    return sheet


def _groups(counts: Histogram, reference: Histogram | None) -> list[list[Shape]]:
    """Say what stands in each panel."""
    other = Look(GREY, "o", "")
    if "station" not in counts.axes.name:
        only = [_shape(counts, "this result", FILLED)]
        return [only if reference is None else [*only, _shape(reference, REFERENCE, other)]]
    own = [_shape(one, f"MB{n}", STATIONS[n - 1]) for n, one in stations(counts)]
    if reference is None:
        return [own]
    others = [_shape(one, REFERENCE, other) for _, one in stations(reference)]
    return [[*pair] for pair in zip(own, others, strict=True)]


def _shape(counts: Histogram, label: str, look: Look) -> Shape:
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


def _finish(sheet: Sheet, shapes: Sequence[Shape], log: bool) -> None:
    """Set ranges: where there are entries, with room for the legend."""
    panel = sheet.panels[0, 0]
    panel.set_xlim(*span([(shape.edges, shape.entries > 0) for shape in shapes]))
    most = max((float(shape.entries.max()) for shape in shapes if shape.look.line), default=0)
    if log and most > 1:
        panel.set_yscale("log")
        panel.set_ylim(0.5, 2 * most * (2 * most) ** DECADES_ABOVE)
    else:
        panel.set_ylim(0, max(most, 1) * (ROOM_ABOVE if len(shapes) > 1 else ROOM_ALONE))
        panel.ticklabel_format(axis="y", style="plain")
        panel.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
