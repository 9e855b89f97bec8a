"""The bunch crossing that the trigger gives: how often which, and where it is the right one."""

from __future__ import annotations

from typing import Any

import hist
import numpy as np

from dtperf.measurements.declaration import Histogram
from dtperf.measurements.trigger import in_right_crossing
from dtperf.plot.axes import edges_of, stations
from dtperf.plot.maps import all_stations
from dtperf.plot.style import GREY, STATIONS, StyledFigure, legend, new_sheet
from dtperf.plot.ticks import name_ticks
from dtperf.statistics import clopper_pearson

__all__ = ["bx_fractions", "right_crossings"]

LEAST = 1e-4
ROOM_ABOVE = 6.0
SHIFTS = (-0.24, -0.08, 0.08, 0.24)


def bx_fractions(counts: Histogram, reference: Histogram | None, title: str) -> StyledFigure:
    """Draw which part of the best primitives has which bunch crossing, the stations together.

    Args:
        counts: On station, wheel, sector and bx.
        reference: The same of another result, as open points.
        title: Plain text for the header.
    """
    sheet = new_sheet(size=(11, 8), title=title)
    panel = sheet.panels[0, 0]
    bx = edges_of(counts.axes["bx"])
    middles, smallest = (bx[1:] + bx[:-1]) / 2, LEAST
    layers = [(counts, False), *([(reference, True)] if reference is not None else [])]
    handles = []
    for one, is_reference in layers:
        for (number, station), shift in zip(stations(one), SHIFTS, strict=True):
            entries = np.asarray(station.project("bx").view(), dtype=np.int64)
            if not entries.sum():
                continue
            value = entries / entries.sum()
            low, high = clopper_pearson(entries, entries.sum())
            seen = entries > 0
            smallest = min(smallest, float(value[seen].min()))
            look = STATIONS[number - 1]
            drawn = panel.errorbar(
                (middles + shift)[seen],
                value[seen],
                np.maximum([value - low, high - value], 0)[:, seen],
                color=GREY if is_reference else look.colour,
                marker=look.marker,
                markersize=6,
                markerfacecolor="white" if is_reference else look.colour,
                linestyle="none",
                elinewidth=1.1,
                label=f"MB{number}",
            )
            if not is_reference:
                handles.append(drawn)
    panel.set_yscale("log")
    panel.set_ylim(smallest / 3, ROOM_ABOVE)
    panel.set_xlim(bx[0], bx[-1])
    name_ticks(panel.xaxis, middles, [f"{value:+.0f}" if value else "0" for value in middles])
    panel.minorticks_off()
    panel.axhline(1, color="0.6", lw=0.8, ls=":", zorder=0)
    panel.set_xlabel("bunch crossing of the best primitive")
    panel.set_ylabel("part of the crossings with a primitive")
    legend(panel, handles, 4)
    return sheet


def _as_efficiency(counts: Histogram) -> Histogram:
    """Return an efficiency: of the best primitives, those at BX 0.

    Args:
        counts: On an axis bx, and others.

    Returns:
        On the others and 'passed'.
    """
    others = [axis for axis in counts.axes if axis.name != "bx"]
    view = np.asarray(counts.project(*(axis.name for axis in others), "bx").view())
    found: Histogram = hist.Hist(*others, hist.axis.Boolean(name="passed"), storage="int64")
    target: Any = found.view()
    target[...] = in_right_crossing(view)
    return found


def right_crossings(counts: Histogram, reference: Histogram | None, title: str) -> StyledFigure:
    """Draw the part of the best primitives at BX 0 of all chambers, a panel for each station."""
    before = None if reference is None else _as_efficiency(reference)
    return all_stations(_as_efficiency(counts), before, title, label="best primitives at BX 0")
