"""The cells of one chamber: how many digis each has, how efficient it is, and which are ill."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from dtperf import detector
from dtperf.detector import layer_cells
from dtperf.diagnostics.cells import NEEDED, find
from dtperf.errors import ConfigError, InputError
from dtperf.plot.axes import Binned, at
from dtperf.plot.cells import (
    EfficiencyMap,
    Scale,
    colour_bar,
    draw_cells,
    other_colours,
    scale_for,
    shade,
)
from dtperf.plot.style import Size, StyledFigure, legend, new_sheet, style
from dtperf.plot.ticks import name_ticks
from dtperf.results.caption import caption_of
from dtperf.results.result import Result, ResultSource
from dtperf.typing import F64

__all__ = ["cells_of_chamber"]

LAYERS = 12
MOSTLY = 0.99
"""Part of the cells with digis whose numbers the colours tell apart."""
MARKS = {"dead": ("x", "#d55e00"), "weak": ("v", "#d55e00"), "noisy": ("o", "#0b57d0")}
"""Marker and colour of what is wrong with a cell."""


def cells_of_chamber(
    result: ResultSource, chamber: detector.Chamber, *, figsize: Size | None = None
) -> StyledFigure:
    """Draw digis and efficiency of the cells of a chamber, wire against layer.

    Args:
        result: A result or its directory, with the group 'cells'.
        chamber: Which one.
        figsize: Width and height in inches; None: what suits the plot.

    Raises:
        ConfigError: There is no such chamber.
        InputError: It was not measured.
    """
    result = Result.load(result)
    if chamber not in detector.chambers():
        raise ConfigError(f"there is no chamber {chamber.name}")
    needed = (*NEEDED, "cell_efficiency")
    if lacking := [name for name in needed if name not in result.counts]:
        raise InputError(
            f"the result lacks {', '.join(lacking)}: run with measurements.groups=[cells]"
        )
    where = {"station": chamber.station - 1, "wheel": chamber.wheel + 2}
    digis, passed = (
        at(result.counts[name], **where, sector=chamber.sector - 1)
        for name in ("cell_occupancy", "cell_efficiency")
    )
    exists = layer_cells()
    wires = int((exists.first + exists.number)[chamber.code].max()) - 1
    x_edges = np.arange(wires + 1.0) + 0.5
    y_edges = np.arange(LAYERS + 1.0) - 0.5
    binned = Binned.of(passed, "wire", "superlayer", "layer")
    cells = EfficiencyMap(
        x_edges, y_edges, Binned(*(_flat(each)[:wires] for each in (binned.passed, binned.total)))
    )
    occupancy = _flat(np.asarray(digis.project("wire", "superlayer", "layer").view()))[:wires]
    with style(figsize, caption=caption_of(result)):
        sheet = new_sheet(2, 1, (16, 11), title=f"{chamber.name}; {result.config.title}")
        _draw_digis(sheet, sheet.panels[0, 0], x_edges, y_edges, occupancy.astype(np.float64))
        scale = scale_for([cells.binned])
        mesh = draw_cells(sheet.panels[1, 0], cells, scale)
        label = "efficiency" + other_colours([cells])
        colour_bar(sheet, mesh, [sheet.panels[1, 0]], scale, label)
        for panel, what in zip(sheet.panels.flat, ("digis", "efficiency"), strict=True):
            panel.set_title(f"{chamber.name}, {what}", loc="left")
            _mark(panel, result, chamber)
            _name_layers(panel)
        sheet.panels[1, 0].set_xlabel("wire")
    return sheet


def _flat(counts: np.ndarray) -> np.ndarray:
    """Put superlayers and layers into one axis, shape (wires, 12)."""
    return counts.reshape(counts.shape[0], LAYERS)


def _draw_digis(
    sheet: StyledFigure, panel: Axes, x_edges: F64, y_edges: F64, occupancy: F64
) -> None:
    # one noisy cell would leave all others dark
    most = float(np.quantile(occupancy[occupancy > 0], MOSTLY)) if occupancy.any() else 1.0
    scale = Scale(mpl.colormaps["viridis"], Normalize(0, most), "max")
    shown = np.ma.masked_equal(occupancy, 0).T
    mesh = panel.pcolormesh(
        x_edges, y_edges, shown, cmap=scale.colours, norm=scale.norm, rasterized=True
    )
    shade(panel)
    panel.tick_params(which="both", direction="out", top=False, right=False)
    colour_bar(sheet, mesh, [panel], scale, "digis")


def _mark(panel: Axes, result: Result, chamber: detector.Chamber) -> None:
    """Mark the cells that are dead, weak or noisy, and count them in the legend."""
    mine = [each for each in find(result).flags if each.place == chamber]
    handles = []
    for kind, (marker, colour) in MARKS.items():
        found = [each for each in mine if each.kind == kind]
        if not found:
            continue
        look: dict[str, Any] = {"linestyle": "none", "markerfacecolor": "none"}
        x = [each.wire for each in found]
        y = [4 * (each.superlayer - 1) + each.layer - 1 for each in found]
        handles += panel.plot(
            *(x, y),
            marker=marker,
            color=colour,
            markersize=11,
            markeredgewidth=2.5,
            label=f"{len(found)} {kind}",
            **look,
        )
    if handles:
        shown = legend(panel, handles, 3)
        shown.set_in_layout(True)
        shown.set_loc("lower right")
        # above the panel, where no cell is
        shown.set_bbox_to_anchor((1.0, 1.0))


def _name_layers(panel: Axes) -> None:
    names = [
        f"SL{n // 4 + 1}  L{n % 4 + 1}" if n % 4 == 0 else f"L{n % 4 + 1}" for n in range(LAYERS)
    ]
    name_ticks(panel.yaxis, range(LAYERS), names, size="x-small")
    panel.minorticks_off()
    for edge in (3.5, 7.5):
        panel.axhline(edge, color="black", lw=1)
