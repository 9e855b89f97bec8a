"""Residuals of hits with the Gaussian that is fitted to them."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from dtperf.diagnostics.resolution import UM_PER_CM, Peak, fit_peak
from dtperf.measurements.declaration import Histogram
from dtperf.plot.axes import at, edges_of
from dtperf.plot.style import GREY, STATIONS, StyledFigure, new_sheet
from dtperf.typing import F64, AnyArray

__all__ = ["fitted_residuals"]

SUPERLAYERS = (1, 2, 3)
VIEWS = {1: "SL1", 2: r"SL2 ($\theta$)", 3: "SL3"}
REACH = 6.0
"""Sigmas that are shown."""
ROOM_ABOVE = 1.25


def fitted_residuals(counts: Histogram, reference: Histogram | None, title: str) -> StyledFigure:
    """Draw stations against superlayers, each with its resolution in micrometres.

    Args:
        counts: On station, superlayer and residual, cm.
        reference: The same of another result, drawn as an outline of the same area.
        title: Plain text for the header.
    """
    sheet = new_sheet(4, 3, (17, 15), title=title)
    edges = edges_of(counts.axes["residual"])
    for station in range(1, 5):
        for superlayer in SUPERLAYERS:
            panel = sheet.panels[station - 1, superlayer - 1]
            chosen = {"station": station - 1, "superlayer": superlayer - 1}
            own = np.asarray(at(counts, **chosen).view(), dtype=np.int64)
            if not own.any():
                panel.axis("off")
                continue
            if reference is not None and counts.axes == reference.axes:
                other = np.asarray(at(reference, **chosen).view(), dtype=np.float64)
                scaled = other * own.sum() / max(other.sum(), 1.0)
                panel.stairs(scaled, UM_PER_CM * edges, color=GREY, linestyle="--")
            name = f"MB{station} {VIEWS[superlayer]}"
            _draw(panel, name, edges, own, STATIONS[station - 1].colour)
    for column, number in enumerate(SUPERLAYERS):
        # MB4 has no superlayer 2
        sheet.panels[2 if number == 2 else 3, column].set_xlabel("hit - segment [µm]")
    for row in range(4):
        sheet.panels[row, 0].set_ylabel(f"hits / {UM_PER_CM * (edges[1] - edges[0]):.0f} µm")
    return sheet


def _draw(panel: Axes, name: str, edges: F64, entries: AnyArray, colour: str) -> None:
    panel.stairs(entries, UM_PER_CM * edges, fill=True, color=colour, alpha=0.35)
    panel.stairs(entries, UM_PER_CM * edges, color=colour, linewidth=1.5)
    panel.set_ylim(0, ROOM_ABOVE * max(int(entries.max()), 1))
    panel.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    peak = fit_peak(edges, entries)
    if peak is not None:
        _draw_peak(panel, edges, peak)
    words = "no fit" if peak is None else _words(peak)
    panel.text(0.04, 0.94, name, transform=panel.transAxes, va="top", fontweight="bold")
    panel.text(0.96, 0.94, words, transform=panel.transAxes, va="top", ha="right", fontsize="small")


def _draw_peak(panel: Axes, edges: F64, peak: Peak) -> None:
    """Draw the Gaussian: whole where it was fitted, dashed beyond."""
    x = np.linspace(peak.mean - 3 * peak.sigma, peak.mean + 3 * peak.sigma, 181)
    height = peak.entries * (edges[1] - edges[0]) / (np.sqrt(2 * np.pi) * peak.sigma)
    y = height * np.exp(-0.5 * ((x - peak.mean) / peak.sigma) ** 2)
    is_fitted = (x >= peak.low) & (x <= peak.high)
    panel.plot(UM_PER_CM * x, y, color="black", linestyle=":", linewidth=1)
    panel.plot(UM_PER_CM * x[is_fitted], y[is_fitted], color="black", linewidth=1.8)
    panel.set_xlim(*(UM_PER_CM * (peak.mean + side * REACH * peak.sigma) for side in (-1, 1)))


def _words(peak: Peak) -> str:
    sigma, error, mean = (UM_PER_CM * each for each in (peak.sigma, peak.error, peak.mean))
    return rf"$\sigma$ = {sigma:.0f} $\pm$ {max(error, 1):.0f} µm" + f"\nmean {mean:+.0f} µm"
