"""Ranges and ticks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, MaxNLocator, NullFormatter, ScalarFormatter

from dtperf.plot.bins import Binned
from dtperf.typing import F64, Bools

__all__ = [
    "LOWEST",
    "efficiency_range",
    "logarithmic",
    "lowest",
    "run_ticks",
    "span",
    "whole_numbers",
]

Span = tuple[F64, Bools]

LOWEST = (0.99, 0.98, 0.95, 0.9, 0.8, 0.6, 0.0)
BELOW_ZERO = -0.04
HEADROOM = 0.22
"""Part of an axis of efficiencies above 1, for the legend."""
FULL = 0.03
"""Half an interval's length at which a point alone does not make the axis longer."""
MOST_RUNS = 12
DECADE = np.array([1, 2, 3, 5])


def efficiency_range(panel: Axes, shown: Sequence[Binned]) -> float:
    """Set the y axis so that efficiencies near 1 can be told apart, with room above.

    Args:
        panel: Where.
        shown: Everything on that axis, shape (n,) each.

    Returns:
        Its lower end.
    """
    low = lowest(shown)
    top = 1 + HEADROOM / (1 - HEADROOM) * (1 - low)
    # a dead chamber's points lie on 0, and are to be seen whole
    panel.set_ylim(low if low > 0 else BELOW_ZERO, top)
    ticks = MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, 1)
    panel.yaxis.set_major_locator(FixedLocator([t for t in ticks if low - 1e-9 <= t <= 1 + 1e-9]))
    panel.yaxis.set_minor_locator(FixedLocator([]))
    return low


def lowest(shown: Iterable[Binned]) -> float:
    """Find the lower end of an axis: below all points that say something."""
    worst = 1.0
    for binned in shown:
        kept = binned[binned.filled]
        below, above = kept.interval
        # a bin with three probes may lie anywhere: only what it excludes counts
        known = np.where(above - below < 2 * FULL, kept.value, above)
        worst = min(worst, *known.tolist(), 1.0)
    return next((low for low in LOWEST if low < worst), 0.0)


def span(shown: Iterable[Span]) -> tuple[float, float]:
    """Find the ends of the x axis: of the bins that are filled, or of all if none is.

    Args:
        shown: Edges, shape (n + 1,), and whether a bin is filled, shape (n,).
    """
    shown = list(shown)
    filled = [pair for pair in shown if pair[1].any()]
    ends = [(edges[:-1][kept][0], edges[1:][kept][-1]) for edges, kept in filled]
    if not ends:
        ends = [(edges[0], edges[-1]) for edges, _ in shown if len(edges) > 1] or [(0.0, 1.0)]
    return float(min(low for low, _ in ends)), float(max(high for _, high in ends))


def logarithmic(panel: Axes) -> None:
    """Make x logarithmic, with numbers as they are spoken, if it does not begin at 0."""
    low, high = panel.get_xlim()
    if low <= 0:
        return
    panel.set_xscale("log")
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)))
    panel.xaxis.set_major_locator(FixedLocator(np.outer(decades, DECADE).ravel().tolist()))
    panel.xaxis.set_major_formatter(ScalarFormatter())
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.set_xlim(low, high)


def whole_numbers(axis: Axis) -> None:
    """Put ticks at integers only."""
    axis.set_major_locator(MaxNLocator(integer=True))
    axis.set_minor_locator(FixedLocator([]))


def run_ticks(panel: Axes, runs: Sequence[int]) -> None:
    """Write run numbers below evenly spaced bins, not all of them where there are many.

    Args:
        panel: With run i at x = i.
        runs: In order.
    """
    places = range(0, len(runs), max(1, -(-len(runs) // MOST_RUNS)))
    panel.xaxis.set_major_locator(FixedLocator(list(places)))
    panel.xaxis.set_minor_locator(FixedLocator([]))
    panel.set_xticks(list(places), [str(runs[i]) for i in places], rotation=35, ha="right")
    panel.tick_params(axis="x", top=False, labelsize="x-small")
