"""Mean t0 of each chamber, in order of wheel and sector."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from dtperf.measurements.declaration import Histogram
from dtperf.measurements.histograms import presented
from dtperf.plot.bins import stations
from dtperf.plot.style import GREY, STATIONS, Look, Sheet, legend, new_sheet

__all__ = ["profile"]

WHEELS = range(-2, 3)
SECTORS = 14
LEAST, MARGIN = 1.0, 1.5
"""Half of the range in ns, and by how much it is longer than the largest mean."""


def profile(counts: Histogram, reference: Histogram | None, title: str, *, y: str) -> Sheet:
    """Draw the mean in each chamber, a panel for each station.

    Args:
        counts: On station, wheel, sector and moment.
        reference: The same of another result.
        title: Plain text for the header.
        y: Name and unit of what is averaged.
    """
    sheet = new_sheet(4, 1, (15, 14), title=title, share=True)
    others = [None] * 4 if reference is None else [one for _, one in stations(reference)]
    largest = LEAST
    for panel, (n, one), other in zip(sheet.panels.flat, stations(counts), others, strict=True):
        largest = max(largest, _draw(panel, one, f"MB{n}", STATIONS[n - 1]))
        if other is not None:
            _draw(panel, other, "reference", Look(GREY, "o", ""))
        legend(panel, panel.get_legend_handles_labels()[0], 2)
        panel.set_ylabel(y)
        _name_wheels(panel)
    sheet.panels[0, 0].set_ylim(-MARGIN * largest, MARGIN * largest)
    sheet.panels[-1, 0].set_xlabel("wheel, with its sectors 1 to 14 from the left")
    return sheet


def _draw(panel: Axes, counts: Histogram, label: str, look: Look) -> float:
    """Draw means and their errors; give the largest mean, whatever its sign."""
    shown: Any = presented(counts).view()
    number, mean = (np.asarray(shown[name]).ravel() for name in ("count", "value"))
    squares = np.asarray(shown["_sum_of_deltas_squared"]).ravel()
    kept = number > 0
    # one entry has no spread
    variance = squares / np.maximum(number - 1, 1)
    panel.errorbar(
        np.arange(len(mean))[kept],
        mean[kept],
        np.sqrt(variance / np.maximum(number, 1))[kept],
        label=label,
        color=look.colour,
        marker=look.marker,
        markersize=5,
        markerfacecolor=look.colour if look.line else "white",
        linestyle="none",
        elinewidth=1.1,
        zorder=3 if look.line else 2,
    )
    return float(np.abs(mean[kept]).max(initial=0))


def _name_wheels(panel: Axes) -> None:
    panel.axhline(0, color="0.6", lw=0.8, ls=":", zorder=0)
    panel.set_xlim(-0.5, 5 * SECTORS - 0.5)
    middles = [(wheel + 2.5) * SECTORS - 0.5 for wheel in WHEELS]
    panel.set_xticks(middles, [f"W{wheel:+d}" if wheel else "W0" for wheel in WHEELS])
    panel.xaxis.set_minor_locator(FixedLocator(list(range(5 * SECTORS))))
    panel.tick_params(axis="x", which="major", length=0)
    for wheel in WHEELS[1:]:
        panel.axvline((wheel + 2) * SECTORS - 0.5, color="0.5", lw=0.8)
