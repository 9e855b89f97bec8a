"""Efficiencies as colours: cells on a common scale, and how they differ from a reference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, Colormap, ListedColormap, Normalize, to_hex
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedFormatter

from dtperf.plot.axes import Binned
from dtperf.plot.style import StyledFigure
from dtperf.results.colours import ALARM, EDGES, FEW, FILLS, PALE, SURE, ink_on, pale
from dtperf.typing import F64, Bools

__all__ = [
    "EfficiencyMap",
    "Scale",
    "colour_bar",
    "draw_cells",
    "draw_differences",
    "other_colours",
    "scale_for",
    "shade",
]


SHOWN_IN_COLOUR = 0.75
"""Part of the filled cells that the steps of all pictures must hold, else the scale is another."""
OUTSIDE = "0.8"
"""Of cells that no sensitive area fills."""
CHANGES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
MOSTLY = 0.95
ROUNDED = 0.05
FEW_CELLS = 400
MOST_ROWS = 20
"""Of cells with white lines between them."""


class EfficiencyMap(NamedTuple):
    """Efficiencies in a plane."""

    x_edges: F64
    """Shape (nx + 1,)."""
    y_edges: F64
    """Shape (ny + 1,)."""
    binned: Binned
    """Shape (nx, ny)."""
    is_outside: Bools | None = None
    """Which cells no sensitive area fills, shape (nx, ny); None: nothing is known of that."""


class Scale(NamedTuple):
    """From a number to a colour."""

    colours: Colormap
    norm: Normalize
    extend: str
    ticks: tuple[float, ...] | None = None
    """Of the colour bar; None: matplotlib's choice."""


def scale_for(
    shown: Iterable[Binned],
    *,
    from_zero: bool = False,
    limits: tuple[float, float] | None = None,
) -> Scale:
    """Choose the steps that all pictures of efficiencies have, with the alarm below them.

    Where many cells lie below these steps, they would tell nothing: the scale is a smooth one then.

    Args:
        shown: All cells that share the scale.
        from_zero: Take the whole range, where gaps are part of the picture.
        limits: Ends that the user asks for.
    """
    values = np.concatenate([each.value[each.filled] for each in shown])
    if limits:
        smooth = mpl.colormaps["cividis"].with_extremes(under=ALARM)
        return Scale(smooth, Normalize(*limits), "min" if limits[0] > 0 else "neither")
    if from_zero or (len(values) and np.mean(values >= EDGES[0]) < SHOWN_IN_COLOUR):
        return Scale(mpl.colormaps["cividis"], Normalize(0, 1), "neither")
    # what is 1 lies beyond the last edge for matplotlib
    colours = ListedColormap(FILLS).with_extremes(under=ALARM, over=FILLS[-1])
    return Scale(colours, BoundaryNorm(EDGES, len(FILLS)), "min", EDGES)


def draw_cells(panel: Axes, cells: EfficiencyMap, scale: Scale, *, numbers: bool = False) -> Any:
    """Draw cells: hatched without probes, pale with few, in the alarm's colour only if sure.

    Args:
        panel: Where.
        cells: What.
        scale: Colours.
        numbers: Write the efficiency in % into each cell.

    Returns:
        What a colour bar is made for.
    """
    binned = cells.binned
    values = binned.value
    if scale.extend == "min":
        values = np.where(binned.is_surely_low, values, np.maximum(values, EDGES[0]))
    if cells.is_outside is not None:
        values = np.where(cells.is_outside, np.nan, values)
    is_pale = binned.is_few & ~binned.is_surely_low
    mesh = _mesh(panel, cells, values, scale, is_pale)
    for i, j in np.argwhere(np.less(values, EDGES[0])) if scale.extend == "min" else ():
        if numbers:
            _frame(panel, cells, i, j)
    if numbers:
        for i, j in np.argwhere(binned.filled):
            value = binned.value[i, j]
            # nothing but all is 100
            text = "100" if value == 1 else f"{min(100 * value, 99.9):.1f}"
            _write(panel, cells, (i, j), text, scale, values[i, j], is_pale[i, j])
    return mesh


def other_colours(shown: Iterable[EfficiencyMap]) -> str:
    """Return what pale and grey cells are, as a part of the colour bar's label."""
    shown = [*shown]
    words = []
    if any(each.binned.is_few.any() for each in shown):
        words.append(f"pale: < {FEW} probes")
    if any(each.is_outside is not None for each in shown):
        words.append("grey: edge")
    return "\n" * bool(words) + "; ".join(words)


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
    for panel, (cells, reference), change in zip(panels, pairs, changes, strict=True):
        if cells.is_outside is not None:
            change[cells.is_outside] = np.nan
        unsure = ~_differs(cells.binned, reference)
        mesh = _mesh(panel, cells, change, scale, unsure)
        panel.set_title("difference to the reference", loc="left")
        for i, j in np.argwhere(np.isfinite(change)) if numbers else ():
            text = f"{change[i, j]:+.1f}" if abs(change[i, j]) >= ROUNDED else "0"
            _write(panel, cells, (i, j), text, scale, change[i, j], unsure[i, j])
    colour_bar(sheet, mesh, panels, scale, f"difference [%]\npale: within {SURE:g} sigma")


def _differs(own: Binned, reference: Binned) -> Bools:
    """Return which cells differ by more than `SURE` standard deviations.

    Those of each side are the part of its interval that faces the other.
    """
    change = own.value - reference.value
    (own_low, own_high), (low, high) = own.interval, reference.interval
    mine = np.where(change > 0, own.value - own_low, own_high - own.value)
    others = np.where(change > 0, high - reference.value, reference.value - low)
    differs: Bools = np.abs(change) > SURE * np.hypot(mine, others)
    return differs


def colour_bar(
    sheet: StyledFigure, mesh: Any, panels: Sequence[Axes], scale: Scale, label: str
) -> None:
    """Add a colour bar at the right of panels."""
    extend: Any = scale.extend
    bar = sheet.colorbar(
        mesh, ax=panels, extend=extend, pad=0.015, fraction=0.05, aspect=30, ticks=scale.ticks
    )
    bar.set_label(label, fontsize="small" if "\n" in label else None)
    bar.ax.minorticks_off()
    if scale.ticks:
        bar.ax.yaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in scale.ticks]))


def shade(panel: Axes) -> None:
    """Hatch what stays empty."""
    panel.patch.set(facecolor="0.94", edgecolor="0.75", hatch="////")


def _mesh(panel: Axes, cells: EfficiencyMap, values: F64, scale: Scale, is_pale: Bools) -> Any:
    shade(panel)
    few = values.size <= FEW_CELLS
    has_lines = few and values.shape[1] <= MOST_ROWS
    look: dict[str, Any] = {
        "edgecolors": "white" if has_lines else "none",
        "linewidth": 0.6 if has_lines else 0,
        "rasterized": not few,
    }
    edges = cells.x_edges, cells.y_edges
    mesh = panel.pcolormesh(
        *edges,
        np.ma.masked_invalid(values).T,
        cmap=scale.colours,
        norm=scale.norm,
        # not seen; from a name matplotlib would make the colour of each cell anew with its opacity
        facecolors=np.ones((1, 4)),
        **look,
    )
    if values.size:
        opacity: Any = np.where(is_pale, PALE, 1.0).T  # its type knows of lists only
        mesh.set_alpha(opacity)
    # below what is pale, so that the hatching does not show through
    below = np.ma.masked_where(~np.isfinite(values), np.ones(values.shape))
    panel.pcolormesh(*edges, below.T, cmap=ListedColormap(["white"]), zorder=0, **look)
    if cells.is_outside is not None:
        outside = np.ma.masked_where(~cells.is_outside, np.ones(values.shape))
        panel.pcolormesh(*edges, outside.T, cmap=ListedColormap([OUTSIDE]), zorder=0, **look)
    panel.tick_params(which="both", direction="out", top=False, right=False)
    return mesh


def _frame(panel: Axes, cells: EfficiencyMap, i: int, j: int) -> None:
    """Frame a cell, so that the colour alone need not tell that it is out of range."""
    (left, right), (low, high) = cells.x_edges[i : i + 2], cells.y_edges[j : j + 2]
    panel.add_patch(
        Rectangle((left, low), right - left, high - low, fill=False, edgecolor="black", lw=2)
    )


def _write(
    panel: Axes,
    cells: EfficiencyMap,
    at: tuple[int, int],
    text: str,
    scale: Scale,
    value: float,
    is_pale: bool,
) -> None:
    i, j = at
    middle = cells.x_edges[i : i + 2].mean(), cells.y_edges[j : j + 2].mean()
    write_on(panel, middle, text, scale, value, "x-small", is_pale=is_pale)


def write_on(
    panel: Axes,
    at: tuple[float, float],
    text: str,
    scale: Scale,
    value: float,
    size: str,
    *,
    is_pale: bool,
) -> None:
    """Write on a cell, in an ink that shows on its colour; the layout need not measure it."""
    fill = to_hex(scale.colours(scale.norm(value)))
    ink = ink_on(pale(fill) if is_pale else fill)
    panel.text(*at, text, color=ink, in_layout=False, ha="center", va="center", fontsize=size)
