"""Entries and means of any histogram, as curves and as maps."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize

from dtperf.measurements.declaration import ENTRIES, Histogram, PictureHints
from dtperf.measurements.histograms import means, profile_on
from dtperf.plot.axes import span
from dtperf.plot.cells import Scale, colour_bar, shade
from dtperf.plot.distributions import draw_means
from dtperf.plot.panels import columns_of, finish, make_panels
from dtperf.plot.style import GREY, CurveStyle, StyledFigure, legend
from dtperf.plot.views import View, edges_shown
from dtperf.typing import F64

__all__ = ["value_curves", "value_maps"]

REFERENCE = CurveStyle(GREY, "o", "")
ROOM_ABOVE = 0.3
"""Part of the axis, for the legend."""


def value_curves(view: View, title: str, label: str, hints: PictureHints) -> StyledFigure:
    """Draw entries as steps and means as points; the reference as points.

    Args:
        view: What is drawn, against one axis.
        title: Plain text for the header.
        label: Of entries or means.
        hints: Scales.
    """
    [x] = view.shown
    sheet, panels = make_panels(view, title)
    spans: list[Any] = []
    for panel, groups in panels:
        for group, look in groups:
            drawn = _Values(group.counts, x)
            spans.append(drawn.span)
            name = group.name or "this result"
            if drawn.is_mean:
                _draw_points(panel, drawn, look, name)
            else:
                _draw_steps(panel, drawn, look, name, is_filled=len(groups) == 1)
            if group.reference is not None:
                before = _Values(group.reference, x)
                spans.append(before.span)
                if not drawn.is_mean:
                    before.scale_to(drawn)
                name = "reference" if drawn.is_mean else "reference, same area"
                _draw_points(panel, before, REFERENCE, name)
        handles, _ = panel.get_legend_handles_labels()
        if len(handles) > 1:
            legend(panel, handles, 4 if len(panels) == 1 else 2)
    _scale(panels[0].axes, hints, is_mean=drawn.is_mean)
    panels[0].axes.set_xlim(*span(spans))
    finish(sheet, view, label, hints)
    return sheet


class _Values:
    """Entries or means in bins of one axis, with their errors; NaN where there is no mean."""

    def __init__(self, counts: Histogram, x: str) -> None:
        self.is_mean = _is_mean(counts)
        self.edges = edges_shown(counts.axes[x])
        self.values, self.errors = _values(counts, x)

    @property
    def span(self) -> tuple[F64, np.ndarray]:
        return self.edges, np.isfinite(self.values) & (self.values != 0)

    @property
    def middles(self) -> F64:
        middles: F64 = (self.edges[1:] + self.edges[:-1]) / 2
        return middles

    def scale_to(self, other: _Values) -> None:
        """Take the same sum as others."""
        total = self.values.sum()
        factor = other.values.sum() / total if total else 0.0
        self.values, self.errors = factor * self.values, factor * self.errors


def _is_mean(counts: Histogram) -> bool:
    return "moment" in counts.axes.name


def _values(histogram: Histogram, *shown: str) -> tuple[F64, F64]:
    """Return entries or means with their errors; NaN where there is no mean."""
    if _is_mean(histogram):
        return means(profile_on(histogram, *shown))
    entries = histogram.project(*shown)
    values = np.asarray(entries.values(), dtype=np.float64)
    variances = entries.variances()
    return values, np.sqrt(np.maximum(values if variances is None else variances, 0))


def _draw_steps(
    panel: Axes, drawn: _Values, look: CurveStyle, name: str, *, is_filled: bool
) -> None:
    if is_filled:
        panel.stairs(drawn.values, drawn.edges, fill=True, color=look.colour, alpha=0.35)
    line = panel.stairs(drawn.values, drawn.edges, baseline=None, label=name)
    line.set(color=look.colour, linestyle=look.line, linewidth=2)
    bars: Any = {"color": look.colour, "linestyle": "none", "elinewidth": 1}
    panel.errorbar(drawn.middles, drawn.values, drawn.errors, **bars)


def _draw_points(panel: Axes, drawn: _Values, look: CurveStyle, name: str) -> None:
    kept = np.isfinite(drawn.values) & ((drawn.values != 0) | (drawn.errors > 0))
    shown = (drawn.middles[kept], drawn.values[kept], drawn.errors[kept])
    draw_means(panel, *shown, name, look)


def _scale(panel: Axes, hints: PictureHints, *, is_mean: bool) -> None:
    """Set the axis of entries or means: with room for the legend, entries from 0."""
    low, high = panel.get_ylim()
    if ENTRIES in hints.log and high > 1:
        panel.set_yscale("log")
        low, high = 0.5, high * high**ROOM_ABOVE
    else:
        low = low if is_mean else min(low, 0.0)
        high += ROOM_ABOVE * (high - low)
    panel.set_ylim(*(hints.range or (low, high)))


def value_maps(view: View, title: str, label: str, hints: PictureHints) -> StyledFigure:
    """Draw entries or means as colours, a panel for each group; the reference is left out.

    Args:
        view: What is drawn, in a plane.
        title: Plain text for the header.
        label: Of the colours.
        hints: Scales.
    """
    x, y = view.shown
    sheet, panels = make_panels(view, title, apart=True)
    is_mean = _is_mean(view.groups[0].counts)
    cells = [_values(group.counts, x, y)[0] for group in view.groups]
    if not is_mean:
        cells = [np.where(each == 0, np.nan, each) for each in cells]
    low, high = hints.range or _ends(cells, is_mean=is_mean)
    norm = LogNorm(max(low, 1), max(high, 2)) if ENTRIES in hints.log else Normalize(low, high)
    scale = Scale(mpl.colormaps["viridis"], norm, "both" if hints.range else "neither")
    for (panel, [(group, _)]), each in zip(panels, cells, strict=True):
        width = columns_of(group, x)
        mesh = panel.pcolormesh(
            edges_shown(group.counts.axes[x])[: width + 1],
            edges_shown(group.counts.axes[y]),
            np.ma.masked_invalid(each[:width]).T,
            cmap=scale.colours,
            norm=scale.norm,
            rasterized=True,
        )
        shade(panel)
        panel.tick_params(which="both", direction="out", top=False, right=False)
    colour_bar(sheet, mesh, [*sheet.panels.flat], scale, label)
    finish(sheet, view, label, hints)
    return sheet


def _ends(cells: list[F64], *, is_mean: bool) -> tuple[float, float]:
    known = np.concatenate([each[np.isfinite(each)] for each in cells])
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    low = low if is_mean else min(low, 0.0)
    return low, high if high > low else low + 1
