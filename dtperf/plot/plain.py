"""Any histogram of one axis or more, as a processor of one's own fills them."""

from __future__ import annotations

from typing import Any

import hist
import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import Normalize
from matplotlib.mathtext import MathTextParser

from dtperf.measurements.declaration import Histogram
from dtperf.plot.axes import edges_of, whole_numbers
from dtperf.plot.cells import Scale, colour_bar
from dtperf.plot.style import GREY, StyledFigure, new_sheet, plain
from dtperf.typing import F64, AnyArray

__all__ = ["plain_picture"]

FILLED = "#5790fc"
MOST_LABELS = 25


def plain_picture(histogram: Histogram, reference: Histogram | None, title: str) -> StyledFigure:
    """Draw the last axis, or the last two as a plane; the others are summed up.

    Args:
        histogram: Integers, floats or weights.
        reference: The same of another result, drawn with the same area beside a single axis.
        title: Plain text for the header.
    """
    names = list(histogram.axes.name)
    shown, summed = names[-2:], names[:-2]
    sheet = new_sheet(size=(11, 8), title=title)
    panel = sheet.panels[0, 0]
    if summed:
        panel.set_title(plain(f"summed over {', '.join(summed)}"), loc="left", fontsize="small")
    if not histogram.size:
        panel.text(0.5, 0.5, "no bins", ha="center", transform=panel.transAxes)
    elif len(shown) == 1:
        _draw_line(panel, histogram, reference)
        panel.set_ylabel("sum of weights" if _has_weights(histogram) else "entries")
    else:
        entries = np.asarray(histogram.project(*shown).values())
        scale = Scale(mpl.colormaps["viridis"], Normalize(*_range(entries)), "neither")
        x, y = (_edges(histogram.axes[name]) for name in shown)
        mesh = panel.pcolormesh(
            x, y, np.ma.masked_equal(entries, 0).T, cmap=scale.colours, norm=scale.norm
        )
        panel.tick_params(which="both", direction="out", top=False, right=False)
        _describe(panel.yaxis, histogram.axes[shown[1]])
        colour_bar(sheet, mesh, [panel], scale, "entries")
    _describe(panel.xaxis, histogram.axes[shown[0]])
    return sheet


def _draw_line(panel: Axes, histogram: Histogram, reference: Histogram | None) -> None:
    edges = _edges(histogram.axes[0])
    middles = (edges[1:] + edges[:-1]) / 2
    values, variances = histogram.values(), histogram.variances()
    panel.stairs(values, edges, fill=True, color=FILLED, alpha=0.35)
    panel.stairs(values, edges, color=FILLED, linewidth=2, baseline=None)
    if variances is not None:
        errors = np.sqrt(np.maximum(variances, 0))
        panel.errorbar(middles, values, errors, color=FILLED, linestyle="none", elinewidth=1)
    if reference is not None and reference.axes == histogram.axes:
        others = np.asarray(reference.values())
        factor = values.sum() / others.sum() if others.sum() else 0.0
        panel.plot(
            middles, factor * others, "o", color=GREY, markersize=4, label="reference, same area"
        )
        panel.legend(loc="best", fontsize="x-small")
    panel.set_xlim(edges[0], edges[-1])
    if values.min(initial=0) >= 0:
        panel.set_ylim(bottom=0)


def _range(entries: AnyArray) -> tuple[float, float]:
    low, high = float(entries.min(initial=0)), float(entries.max(initial=0))
    return low, high if high > low else low + 1


def _has_weights(histogram: Histogram) -> bool:
    return histogram.storage_type is hist.storage.Weight


def _is_labelled(axis: Any) -> bool:
    return isinstance(axis, hist.axis.StrCategory | hist.axis.IntCategory | hist.axis.Boolean)


def _edges(axis: Any) -> F64:
    return np.arange(len(axis) + 1.0) - 0.5 if _is_labelled(axis) else edges_of(axis)


def _label(text: str) -> str:
    """Return a label with its mathematics, if matplotlib can draw them."""
    try:
        MathTextParser("path").parse(text)
    except ValueError:
        return plain(text)
    return text if text.isprintable() else plain(text)


def _describe(drawn: Axis, axis: Any) -> None:
    drawn.set_label_text(_label(axis.label or axis.name))
    if _is_labelled(axis):
        step = -(-len(axis) // MOST_LABELS) or 1
        drawn.set_ticks(range(0, len(axis), step), [plain(str(v), 20) for v in [*axis][::step]])
        drawn.set_minor_locator(mpl.ticker.NullLocator())
    elif isinstance(axis, hist.axis.Integer):
        whole_numbers(drawn)
