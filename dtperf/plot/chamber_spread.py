"""How many chambers have which efficiency."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from dtperf.measurements.declaration import Histogram
from dtperf.plot.style import GREY, STATIONS, StyledFigure, legend, new_sheet
from dtperf.results.summary import ChamberEfficiency, by_chamber
from dtperf.typing import F64

__all__ = ["spread"]

LOW = 0.95
"""Chambers below are named instead."""
EDGES = np.linspace(LOW, 1, 26)
MIDDLES = (EDGES[1:] + EDGES[:-1]) / 2
HATCHES = ("", "//", "..", "xx")
NAMED = 8
ROOM_ABOVE = 1.3


def spread(counts: Histogram, reference: Histogram | None, title: str) -> StyledFigure:
    """Draw how many chambers have which efficiency; those below 95 % by name.

    Args:
        counts: On station, wheel and sector.
        reference: The same of another result.
        title: Plain text for the header.
    """
    chambers = by_chamber({"by_chamber": counts})
    sheet = new_sheet(title=title)
    panel = sheet.panels[0, 0]
    handles, bottom = [], np.zeros(len(MIDDLES))
    for number, (look, hatch) in enumerate(zip(STATIONS, HATCHES, strict=True), start=1):
        top = bottom + _histogram([row for row in chambers if row.chamber.station == number])
        steps: dict[str, Any] = {"fill": True, "facecolor": look.colour, "edgecolor": "white"}
        name = f"MB{number}"
        handles.append(panel.stairs(top, EDGES, baseline=bottom, hatch=hatch, label=name, **steps))
        bottom = top
    most = max(1.0, bottom.max())
    if reference is not None:
        other = _histogram(by_chamber({"by_chamber": reference}))
        most = max(most, other.max())
        handles += panel.plot(
            MIDDLES, np.where(other > 0, other, np.nan), color=GREY, marker="o", ls="none",
            markerfacecolor="white", markersize=7, label="reference",
        )  # fmt: skip
    panel.set(xlim=(LOW, 1), ylim=(0, ROOM_ABOVE * most))
    panel.set_xlabel("efficiency of a chamber")
    panel.set_ylabel("chambers / 0.2 %")
    legend(panel, handles, 5)
    _tell_the_others(panel, chambers)
    return sheet


def _histogram(chambers: list[ChamberEfficiency] | tuple[ChamberEfficiency, ...]) -> F64:
    values = [row.efficiency.value for row in chambers if row.efficiency.total]
    return np.histogram(values, EDGES)[0].astype(np.float64)


def _tell_the_others(panel: Axes, chambers: tuple[ChamberEfficiency, ...]) -> None:
    """Name the chambers that lie below the axis, worst first, and count those without probes."""
    below = [row for row in chambers if row.efficiency.value < LOW]
    below.sort(key=lambda row: row.efficiency.value)
    lines = [f"{row.chamber.name}: {100 * row.efficiency.value:.1f} %" for row in below[:NAMED]]
    if below:
        lines.insert(0, f"{len(below)} below {100 * LOW:.0f} %:")
    if len(below) > NAMED:
        lines.append("…")
    if empty := sum(not row.efficiency.total for row in chambers):
        lines.append(f"{empty} without probes")
    panel.text(
        0.03, 0.86, "\n".join(lines), transform=panel.transAxes, va="top", fontsize="x-small"
    )
