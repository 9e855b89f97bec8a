"""One chamber: where in it segments are found, and how its efficiency went with the runs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from dtperf import detector
from dtperf.errors import ConfigError, InputError
from dtperf.measurements.declaration import Histogram
from dtperf.plot.axes import Binned, at, edges_of, run_ticks, values_of
from dtperf.plot.cells import (
    EfficiencyMap,
    Scale,
    colour_bar,
    draw_cells,
    other_colours,
    scale_for,
    shade,
)
from dtperf.plot.curves import Curve, draw_curves
from dtperf.plot.inside import sensitive_cells
from dtperf.plot.style import STATIONS, Size, StyledFigure, is_for_page, new_sheet, style
from dtperf.results.caption import caption_of
from dtperf.results.result import Result, ResultSource

__all__ = ["against_runs", "chamber_trend", "inside_chamber"]

Region = tuple[float, float, float, float]

MARGIN_CM = 15.0


def inside_chamber(
    result: ResultSource,
    chamber: detector.Chamber,
    region: Region | None = None,
    *,
    only: Literal["probes", "efficiency"] | None = None,
    figsize: Size | None = None,
) -> StyledFigure:
    """Draw occupancy and efficiency in the plane of a chamber.

    Args:
        result: A result or its directory, with the measurement 'inside_chambers'.
        chamber: Which one.
        region: x_low, x_high, y_low, y_high in cm of the chamber's frame, to be outlined.
        only: One of both; None: side by side.
        figsize: Width and height in inches; None: what suits the plot.

    Raises:
        ConfigError: There is no such chamber, or no such region.
        InputError: It was not measured.
    """
    if region is not None and not (region[0] < region[1] and region[2] < region[3]):
        raise ConfigError(f"region {region}: is x_low, x_high, y_low, y_high in cm, in order")
    result = Result.load(result)
    counts = _of_chamber(result, "inside_chambers", chamber)
    edges = edges_of(counts.axes["local_x"]), edges_of(counts.axes["local_y"])
    cells = EfficiencyMap(
        *edges, Binned.of(counts, "local_x", "local_y"), ~sensitive_cells(chamber, *edges)
    )
    drawn = {"probes": _draw_occupancy, "efficiency": _draw_efficiency}
    shown = {only: drawn[only]} if only else drawn
    with style(figsize, caption=caption_of(result)):
        size = (16, 6.5) if len(shown) > 1 else (10, 6.5)
        sheet = new_sheet(1, len(shown), size, title=result.config.title, share=True)
        for panel, (what, draw) in zip(sheet.panels.flat, shown.items(), strict=True):
            draw(sheet, panel, cells)
            panel.set_title(f"{chamber.name}, {what}", loc="left")
            panel.set_xlabel("local x [cm]")
            _outline(panel, chamber, region)
        sheet.panels[0, 0].set_ylabel("local y [cm]")
    return sheet


def chamber_trend(
    result: ResultSource,
    chamber: detector.Chamber,
    change: int | None = None,
    *,
    figsize: Size | None = None,
) -> StyledFigure:
    """Draw the efficiency of a chamber against the run.

    Args:
        result: A result or its directory, with the measurement 'by_chamber_and_run'.
        chamber: Which one.
        change: First run after something has changed, to be marked by a line.
        figsize: Width and height in inches; None: what suits the plot.

    Raises:
        ConfigError: There is no such chamber.
        InputError: It was not measured.
    """
    result = Result.load(result)
    counts = _of_chamber(result, "by_chamber_and_run", chamber)
    runs = values_of(counts.axes["run"])
    binned, edges = Binned.of(counts, "run"), edges_of(counts.axes["run"])
    look = STATIONS[chamber.station - 1]
    curve = Curve(chamber.name, edges, binned, look, is_exact=True)
    with style(figsize, caption=caption_of(result)):
        return against_runs([curve], runs, result.config.title, "efficiency", change, columns=2)


def against_runs(
    curves: Sequence[Curve],
    runs: Sequence[int] | Sequence[str],
    title: str,
    label: str,
    change: int | None = None,
    *,
    columns: int = 4,
    x: str = "run",
) -> StyledFigure:
    """Draw curves against the run, or against what else is numbered.

    Args:
        curves: Of equal edges, one bin for each run.
        runs: Their numbers, or names.
        title: Plain text for the header.
        label: Of the vertical axis.
        change: First run after something has changed, to be marked by a line.
        columns: Of the legend.
        x: What the runs are called.
    """
    edges = curves[0].edges
    with style():
        sheet = new_sheet(size=(12, 6.5), title=title)
        panel = sheet.panels[0, 0]
        draw_curves(panel, curves, curves, columns)
        panel.set_xlim(edges[0], max(edges[-1], 0.5))
        run_ticks(panel, runs)
        panel.set_xlabel(x)
        panel.set_ylabel(label)
        if change is not None:
            _mark_change(panel, runs, change)
    return sheet


def _of_chamber(result: Result, name: str, chamber: detector.Chamber) -> Histogram:
    if chamber not in detector.chambers():
        raise ConfigError(f"there is no chamber {chamber.name}")
    if name not in result.counts:
        raise InputError(f"the result lacks '{name}', of which {chamber.name} would be drawn")
    wheel, sector, station = chamber
    return at(result.counts[name], station=station - 1, wheel=wheel + 2, sector=sector - 1)


def _draw_occupancy(sheet: StyledFigure, panel: Axes, cells: EfficiencyMap) -> None:
    total = cells.binned.total
    scale = Scale(mpl.colormaps["viridis"], Normalize(0, max(1, int(total.max()))), "neither")
    mesh = panel.pcolormesh(
        cells.x_edges,
        cells.y_edges,
        np.ma.masked_equal(total, 0).T,
        cmap=scale.colours,
        norm=scale.norm,
        rasterized=True,
    )
    shade(panel)
    panel.tick_params(which="both", direction="out", top=False, right=False)
    colour_bar(sheet, mesh, [panel], scale, "probes")


def _draw_efficiency(sheet: StyledFigure, panel: Axes, cells: EfficiencyMap) -> None:
    scale = scale_for([cells.binned])
    mesh = draw_cells(panel, cells, scale)
    words = "" if is_for_page() else other_colours([cells])  # the page tells it
    colour_bar(sheet, mesh, [panel], scale, f"efficiency{words}")


def _outline(panel: Axes, chamber: detector.Chamber, region: Region | None) -> None:
    """Draw the chamber's size, and the region, black and white so that it shows on any colour."""
    width = float(detector.widths_cm()[chamber.code])
    length = float(detector.lengths_cm()[chamber.code])
    corner = (-width / 2, -length / 2)
    panel.add_patch(
        Rectangle(corner, width, length, fill=False, edgecolor="black", ls="--", lw=1.2)
    )
    panel.set_xlim(-width / 2 - MARGIN_CM, width / 2 + MARGIN_CM)
    panel.set_ylim(-length / 2 - MARGIN_CM, length / 2 + MARGIN_CM)
    if region is None:
        return
    x_low, x_high, y_low, y_high = region
    for colour, line_width in (("white", 5.0), ("black", 2.0)):
        panel.add_patch(
            Rectangle(
                (x_low, y_low),
                x_high - x_low,
                y_high - y_low,
                fill=False,
                edgecolor=colour,
                lw=line_width,
                label="region",
            )
        )


def _mark_change(panel: Axes, runs: Sequence[Any], change: int) -> None:
    """Draw a line before the first run of the change."""
    line = panel.axvline(
        bisect_left(runs, change) - 0.5, color="black", ls="--", lw=1.6, label=f"from {change}"
    )
    handles = [*panel.get_legend_handles_labels()[0]]
    panel.legend(handles=handles or [line], loc="upper center", ncols=2, fontsize="x-small")
