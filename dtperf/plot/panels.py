"""Panels for the groups of a view, and their axes named."""

from __future__ import annotations

from math import ceil, sqrt
from typing import Any, NamedTuple

import hist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator

from dtperf.measurements.declaration import PictureHints
from dtperf.plot.axes import logarithmic, run_ticks, whole_numbers
from dtperf.plot.style import STATIONS, CurveStyle, StyledFigure, new_sheet, plain
from dtperf.plot.ticks import name_ticks
from dtperf.plot.views import Group, View, is_labelled, label_of

__all__ = ["Panel", "columns_of", "finish", "make_panels"]

MOST_LABELS = 25
SECTORS = 12
"""Of MB1, MB2 and MB3; MB4 has two more."""


class Panel(NamedTuple):
    """One panel, and what is in it."""

    axes: Axes
    groups: tuple[tuple[Group, CurveStyle], ...]


def make_panels(view: View, title: str, *, apart: bool = False) -> tuple[StyledFigure, list[Panel]]:
    """Make one panel for all groups if they are few and stand alone, else one for each.

    Args:
        view: What is drawn.
        title: Plain text for the header.
        apart: One for each anyway.
    """
    groups = view.groups
    few = len(groups) <= len(STATIONS)
    looks = STATIONS if few else STATIONS[:1] * len(groups)
    pairs = tuple(zip(groups, looks, strict=False))
    is_compared = any(group.reference is not None for group in groups)
    if len(groups) == 1 or (few and not (is_compared or apart)):
        sheet = new_sheet(size=(11, 8), title=title)
        return sheet, [Panel(sheet.panels[0, 0], pairs)]
    columns = ceil(sqrt(len(groups)))
    rows = ceil(len(groups) / columns)
    # sectors are not as many in all stations
    is_shared = not (apart and "sector" in view.shown)
    sheet = new_sheet(rows, columns, (7.5 * columns, 5.5 * rows), title=title, share=is_shared)
    places = [*sheet.panels.flat]
    for place in places[len(groups) :]:
        place.axis("off")
        places[places.index(place) - columns].tick_params(labelbottom=True)
    for place, group in zip(places, groups, strict=False):
        place.set_title(group.name, loc="left", fontweight="bold")
    return sheet, [Panel(place, (pair,)) for place, pair in zip(places, pairs, strict=False)]


def columns_of(group: Group, x: str) -> int:
    """Return how many bins of x there can be: MB4 alone has sectors 13 and 14."""
    size = len(group.counts.axes[x])
    return SECTORS if x == "sector" and group.name in ("MB1", "MB2", "MB3") else size


def finish(sheet: StyledFigure, view: View, label: str, hints: PictureHints) -> None:
    """Name the axes, and put ticks where there are numbers or names.

    Args:
        sheet: With everything drawn.
        view: What is drawn.
        label: Of what is measured.
        hints: Which axes are logarithmic.
    """
    counts = view.groups[0].counts
    x, *rest = (counts.axes[name] for name in view.shown)
    for panel in sheet.panels.flat:
        _describe(panel, panel.xaxis, x)
        if rest:
            _describe(panel, panel.yaxis, rest[0])
        if x.name in hints.log:
            logarithmic(panel)
        if rest and rest[0].name in hints.log and panel.get_ylim()[0] > 0:
            panel.set_yscale("log")
    for column in sheet.panels.T:
        [panel for panel in column if panel.axison][-1].set_xlabel(label_of(x))
    for panel in sheet.panels[:, 0]:
        panel.set_ylabel(label_of(rest[0]) if rest else label)


def _describe(panel: Axes, drawn: Axis, axis: Any) -> None:
    if is_labelled(axis):
        names = [plain(str(value), 20) for value in axis]
        if drawn is panel.xaxis and isinstance(axis, hist.axis.IntCategory):
            run_ticks(panel, names)
            return
        step = -(-len(names) // MOST_LABELS) or 1
        name_ticks(drawn, range(0, len(names), step), names[::step])
        drawn.set_minor_locator(FixedLocator([]))
    elif isinstance(axis, hist.axis.Integer):
        whole_numbers(drawn)
