"""Efficiencies as colours: cells on a common scale, and how they differ from a reference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.patches import Rectangle

from dtperf.plot.axes import Binned
from dtperf.plot.style import StyledFigure
from dtperf.typing import F64

__all__ = [
    "EfficiencyMap",
    "Scale",
    "colour_bar",
    "draw_cells",
    "draw_differences",
    "scale_for",
    "shade",
]


LOWEST = (0.95, 0.9, 0.8, 0.5)
SHOWN_IN_COLOUR = 0.75
"""Part of the filled cells that the scale must hold; the others stick out."""
ILL = "#d1005c"
"""Below the scale: neither blue nor yellow, as all of the scale is."""
CHANGES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
MOSTLY = 0.95
ROUNDED = 0.05
FEW_CELLS = 400
DARK = 0.5


class EfficiencyMap(NamedTuple):
    """Efficiencies in a plane."""

    x_edges: F64
    """Shape (nx + 1,)."""
    y_edges: F64
    """Shape (ny + 1,)."""
    binned: Binned
    """Shape (nx, ny)."""


class Scale(NamedTuple):
    """From a number to a colour."""

    colours: Colormap
    norm: Normalize
    extend: str


def scale_for(
    shown: Iterable[Binned],
    *,
    from_zero: bool = False,
    limits: tuple[float, float] | None = None,
) -> Scale:
    """Choose a scale that tells good cells apart, and marks those that fall out of it.

    Args:
        shown: All cells that share the scale.
        from_zero: Take the whole range, where gaps are part of the picture.
        limits: Ends that the user asks for.
    """
    values = np.concatenate([each.value[each.filled] for each in shown])
    low, high = limits or (0.0, 1.0)
    if not (from_zero or limits):
        inside = (each for each in LOWEST if np.mean(values >= each) >= SHOWN_IN_COLOUR)
        low = next(inside, 0.0) if len(values) else LOWEST[0]
    colours = mpl.colormaps["cividis"].with_extremes(under=ILL)
    return Scale(colours, Normalize(low, high), "min" if low > 0 else "neither")


def draw_cells(panel: Axes, cells: EfficiencyMap, scale: Scale, *, numbers: bool = False) -> Any:
    """Draw cells, hatched where nothing was measured.

    Args:
        panel: Where.
        cells: What.
        scale: Colours.
        numbers: Write the efficiency in % into each cell.

    Returns:
        What a colour bar is made for.
    """
    mesh = _mesh(panel, cells, cells.binned.value, scale)
    if numbers:
        for i, j in np.argwhere(cells.binned.filled):
            value = cells.binned.value[i, j]
            # nothing but all is 100
            text = "100" if value == 1 else f"{min(100 * value, 99.9):.1f}"
            _write(panel, cells, (i, j), text, scale, value)
    return mesh


def draw_differences(
    sheet: StyledFigure,
    panels: Sequence[Axes],
    pairs: Sequence[tuple[EfficiencyMap, Binned]],
    *,
    numbers: bool = False,
) -> None:
    """Draw by how much cells exceed those of the reference, in % of all probes.

    Args:
        sheet: Where; gets a colour bar.
        panels: One for each pair.
        pairs: The result's cells, and the reference's.
        numbers: Write the difference into each cell.
    """
    changes = [100 * (cells.binned.value - reference.value) for cells, reference in pairs]
    known = np.abs(np.concatenate([each[np.isfinite(each)] for each in changes]))
    most = float(np.quantile(known, MOSTLY)) if len(known) else 0.0
    end = next((each for each in CHANGES if each >= most), CHANGES[-1])
    scale = Scale(mpl.colormaps["PuOr"], Normalize(-end, end), "both")
    for panel, (cells, _), change in zip(panels, pairs, changes, strict=True):
        mesh = _mesh(panel, cells, change, scale)
        panel.set_title("difference to the reference", loc="left")
        for i, j in np.argwhere(np.isfinite(change)) if numbers else ():
            text = f"{change[i, j]:+.1f}" if abs(change[i, j]) >= ROUNDED else "0"
            _write(panel, cells, (i, j), text, scale, change[i, j])
    colour_bar(sheet, mesh, panels, scale, "difference [%]")


def colour_bar(
    sheet: StyledFigure, mesh: Any, panels: Sequence[Axes], scale: Scale, label: str
) -> None:
    """Add a colour bar at the right of panels."""
    extend: Any = scale.extend
    bar = sheet.colorbar(mesh, ax=panels, extend=extend, pad=0.015, fraction=0.05, aspect=30)
    bar.set_label(label)
    bar.ax.minorticks_off()


def shade(panel: Axes) -> None:
    """Hatch what stays empty."""
    panel.patch.set(facecolor="0.94", edgecolor="0.75", hatch="////")


def _mesh(panel: Axes, cells: EfficiencyMap, values: F64, scale: Scale) -> Any:
    shade(panel)
    few = values.size <= FEW_CELLS
    mesh = panel.pcolormesh(
        cells.x_edges,
        cells.y_edges,
        np.ma.masked_invalid(values).T,
        cmap=scale.colours,
        norm=scale.norm,
        edgecolors="white" if few else "none",
        linewidth=0.6 if few else 0,
        rasterized=not few,
    )
    panel.tick_params(which="both", direction="out", top=False, right=False)
    lowest = scale.norm.vmin or 0
    for i, j in np.argwhere(np.less(values, lowest)) if few else ():
        _frame(panel, cells, i, j)
    return mesh


def _frame(panel: Axes, cells: EfficiencyMap, i: int, j: int) -> None:
    """Frame a cell, so that the colour alone need not tell that it is out of range."""
    (left, right), (low, high) = cells.x_edges[i : i + 2], cells.y_edges[j : j + 2]
    panel.add_patch(
        Rectangle((left, low), right - left, high - low, fill=False, edgecolor="black", lw=2)
    )


def _write(
    panel: Axes, cells: EfficiencyMap, at: tuple[int, int], text: str, scale: Scale, value: float
) -> None:
    i, j = at
    red, green, blue, _ = scale.colours(scale.norm(value))
    is_dark = 0.3 * red + 0.6 * green + 0.1 * blue < DARK
    x, y = cells.x_edges[i : i + 2].mean(), cells.y_edges[j : j + 2].mean()
    colour = "white" if is_dark else "black"
    panel.text(x, y, text, ha="center", va="center", color=colour, fontsize="x-small")
