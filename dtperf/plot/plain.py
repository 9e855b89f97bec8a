"""A picture of any histogram: a curve or a map of an efficiency, of entries, or of a mean."""

from __future__ import annotations

from functools import partial

import hist
import numpy as np

from dtperf.measurements.declaration import Histogram, Measurement, PictureHints
from dtperf.plot.axes import Binned
from dtperf.plot.cells import EfficiencyMap
from dtperf.plot.curves import SHIFTS, Curve, draw_curves
from dtperf.plot.maps import Map, draw_maps
from dtperf.plot.panels import Panel, columns_of, finish, make_panels
from dtperf.plot.style import GREY, CurveStyle, StyledFigure, new_sheet, plain
from dtperf.plot.values import value_curves, value_maps
from dtperf.plot.views import Group, View, drawable, edges_shown, is_labelled, view_of

__all__ = ["plain_picture"]

REFERENCE = CurveStyle(GREY, "X", "-")
MOST_NUMBERS = 100
"""Cells of a map that have their numbers written into them."""


def plain_picture(
    histogram: Histogram,
    reference: Histogram | None,
    title: str,
    measurement: Measurement | None = None,
) -> StyledFigure:
    """Draw the last axis, or the last two as a map, station by station if it has stations.

    Args:
        histogram: Integers, floats or weights; with a last axis 'passed' an efficiency, with a
            last axis 'moment' a profile.
        reference: The same of another result, drawn beside it.
        title: Plain text for the header.
        measurement: Its declaration, which may say how it is drawn.
    """
    view = view_of(histogram, reference, measurement)
    hints = PictureHints() if measurement is None else measurement.picture
    label = drawable(hints.label) or _kind_of(histogram, measurement)
    has_bins = histogram.size and view.groups
    if not has_bins or (hints.empty and not np.any(histogram.view(flow=True))):
        sheet = new_sheet(size=(11, 8), title=title)
        panel = sheet.panels[0, 0]
        text = drawable(hints.empty) if has_bins else "no bins"
        panel.text(0.5, 0.5, text, ha="center", transform=panel.transAxes)
        panel.set_axis_off()
    else:
        curves, maps = (
            (_efficiency_curves, _efficiency_maps)
            if _is_efficiency(histogram)
            else (value_curves, value_maps)
        )
        sheet = (curves if len(view.shown) == 1 else maps)(view, title, label, hints)
    is_left_out = len(view.shown) == 2 and not _is_efficiency(histogram)
    remarks = [view.note] if view.note else []
    if is_left_out and any(group.reference is not None for group in view.groups):
        remarks.append("reference not shown")
    sheet.panels[0, 0].set_title(plain("; ".join(remarks)), loc="right", fontsize="x-small")
    return sheet


def _is_efficiency(histogram: Histogram) -> bool:
    axis = histogram.axes[-1]
    is_boolean = axis.name == "passed" and isinstance(axis, hist.axis.Boolean)
    return is_boolean and histogram.storage_type is hist.storage.Int64


def _kind_of(histogram: Histogram, measurement: Measurement | None) -> str:
    if _is_efficiency(histogram):
        return "efficiency"
    if measurement is not None and measurement.mean_of:
        return plain(f"mean of {measurement.mean_of}")
    return "sum of weights" if histogram.storage_type is hist.storage.Weight else "entries"


def _efficiency_curves(view: View, title: str, label: str, hints: PictureHints) -> StyledFigure:
    [x] = view.shown
    sheet, panels = make_panels(view, title)
    by_panel = [_curves(panel, x) for panel in panels]
    shown = [curve for curves in by_panel for curve in curves]
    for panel, curves in zip(panels, by_panel, strict=True):
        columns = 4 if len(panels) == 1 else 2
        draw_curves(panel.axes, curves, shown, columns if len(curves) > 1 else 0, hints.range)
    finish(sheet, view, label, hints)
    return sheet


def _curves(panel: Panel, x: str) -> list[Curve]:
    """Make the curves of one panel, the reference's last."""
    found = []
    shifts = SHIFTS if len(panel.groups) > 1 else (0.0,)
    for (group, look), shift in zip(panel.groups, shifts, strict=False):
        make = partial(_curve, x=x, shift=shift)
        found.append(make(group.name or "this result", group.counts, look))
        if group.reference is not None:
            found.append(make("reference", group.reference, REFERENCE, is_open=True))
    return found


def _curve(
    label: str, counts: Histogram, look: CurveStyle, *, x: str, shift: float, is_open: bool = False
) -> Curve:
    axis = counts.axes[x]
    is_exact = is_labelled(axis) or isinstance(axis, hist.axis.Integer)
    return Curve(label, edges_shown(axis), Binned.of(counts, x), look, is_open, is_exact, shift)


def _efficiency_maps(view: View, title: str, label: str, hints: PictureHints) -> StyledFigure:
    x, y = view.shown
    shown = [_map(group, x, y) for group in view.groups]
    few = max(each.cells.binned.total.size for each in shown) <= MOST_NUMBERS
    size = (9.5, 4.4) if few else (8, 6.5)
    sheet = draw_maps(shown, title, size, label, numbers=few, limits=hints.range)
    finish(sheet, view, label, hints)
    return sheet


def _map(group: Group, x: str, y: str) -> Map:
    def binned(counts: Histogram) -> Binned:
        return Binned.of(counts, x, y)[: columns_of(group, x)]

    edges = [edges_shown(group.counts.axes[name]) for name in (x, y)]
    cells = EfficiencyMap(edges[0][: columns_of(group, x) + 1], edges[1], binned(group.counts))
    return Map(group.name, cells, None if group.reference is None else binned(group.reference))
