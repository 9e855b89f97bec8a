"""Distributions of two variables, and the mean of the second against the first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hist
import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from dtperf.measurements.declaration import Histogram
from dtperf.plot.axes import Core, core, edges_of, stations, variables, whole_numbers
from dtperf.plot.cells import Scale, colour_bar
from dtperf.plot.style import GREY, StyledFigure, new_sheet
from dtperf.typing import F64, AnyArray

__all__ = ["plane"]

FEWEST = 10
"""Entries that a mean is drawn of."""


def plane(
    counts: Histogram,
    reference: Histogram | None,
    title: str,
    *,
    x: str,
    y: str,
    what: str = "entries",
) -> StyledFigure:
    """Draw entries in two variables and the mean of the second, a panel for each station.

    Args:
        counts: On two variables, maybe on the station.
        reference: The same of another result, of which the mean is drawn.
        title: Plain text for the header.
        x: Name and unit of the first.
        y: Name and unit of the second.
        what: What is counted.
    """
    own = _named(counts)
    others = [None] * len(own) if reference is None else [one for _, one in _named(reference)]
    if len(own) == 1:
        sheet = new_sheet(size=(11, 8), title=title)
    else:
        sheet = new_sheet(2, 2, (15, 11), title=title, share=True)
    first, second = variables(counts)
    entries = [np.asarray(one.project(first, second).view()) for _, one in own]
    most = max(2, *(int(each.max()) for each in entries))
    scale = Scale(mpl.colormaps["viridis"], LogNorm(1, most), "neither")
    for panel, (name, one), other in zip(sheet.panels.flat, own, others, strict=True):
        mesh = _draw(panel, one, other, scale)
        panel.set_title(name, loc="left", fontweight="bold")
    panel = sheet.panels[0, 0]
    edges = [edges_of(counts.axes[name]) for name in (first, second)]
    across, up = (
        core(each, [one.sum(axis=1 - number) for one in entries])
        for number, each in enumerate(edges)
    )
    panel.set_xlim(across.low, across.high)
    panel.set_ylim(up.low, up.high)
    if isinstance(counts.axes[second], hist.axis.Integer):
        whole_numbers(panel.yaxis)
    outside = _outside(entries, edges, (across, up))
    colour_bar(sheet, mesh, [*sheet.panels.flat], scale, f"{what} / bin{outside}")
    for panel in sheet.panels[-1]:
        panel.set_xlabel(x)
    for panel in sheet.panels[:, 0]:
        panel.set_ylabel(y)
    return sheet


def _named(counts: Histogram) -> list[tuple[str, Histogram]]:
    if "station" not in counts.axes.name:
        return [("", counts)]
    return [(f"MB{number}", one) for number, one in stations(counts)]


def _outside(entries: Sequence[AnyArray], edges: Sequence[F64], shown: Sequence[Core]) -> str:
    """Return how many entries lie outside of the axes, as a part of a label."""
    inside = [
        (each[:-1] >= core.low) & (each[1:] <= core.high)
        for each, core in zip(edges, shown, strict=True)
    ]
    number = sum(int(each.sum() - each[np.ix_(*inside)].sum()) for each in entries)
    return f"; {number:,} outside" if number else ""


def _draw(panel: Axes, counts: Histogram, other: Histogram | None, scale: Scale) -> Any:
    x, y = variables(counts)
    entries = np.asarray(counts.project(x, y).view())
    mesh = panel.pcolormesh(
        edges_of(counts.axes[x]),
        edges_of(counts.axes[y]),
        np.ma.masked_equal(entries, 0).T,
        cmap=scale.colours,
        norm=scale.norm,
        rasterized=True,
    )
    panel.tick_params(which="both", direction="out", top=False, right=False)
    if other is not None:
        _draw_means(panel, other, "mean of the reference", GREY)
    _draw_means(panel, counts, "mean", "black")
    # beside the name of the panel, as the data may be anywhere inside
    panel.legend(
        loc="lower right", bbox_to_anchor=(1, 0.98), ncols=2, fontsize="x-small", borderpad=0.2
    )
    return mesh


def _draw_means(panel: Axes, counts: Histogram, label: str, colour: str) -> None:
    """Draw the mean of y and its error in each bin of x that has entries enough for one."""
    x, y = variables(counts)
    entries = np.asarray(counts.project(x, y).view(), dtype=np.float64)
    x_edges, y_edges = edges_of(counts.axes[x]), edges_of(counts.axes[y])
    middles = (y_edges[1:] + y_edges[:-1]) / 2
    number = entries.sum(axis=1)
    kept = number >= FEWEST
    mean = entries[kept] @ middles / number[kept]
    variance = entries[kept] @ middles**2 / number[kept] - mean**2
    panel.errorbar(
        (x_edges[1:] + x_edges[:-1])[kept] / 2,
        mean,
        np.sqrt(np.maximum(variance, 0) / number[kept]),
        label=label,
        color=colour,
        marker="o",
        markersize=3.5,
        markerfacecolor="white",
        linestyle="none",
        elinewidth=1,
    )
