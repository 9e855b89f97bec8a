"""Bins as axes show them: values, ranges and ticks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import hist
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, MaxNLocator, NullFormatter, ScalarFormatter

from dtperf.measurements.declaration import Histogram
from dtperf.plot.ticks import name_ticks
from dtperf.results.colours import is_few, is_surely_low
from dtperf.statistics import clopper_pearson, efficiency
from dtperf.typing import F64, I64, Bools

__all__ = [
    "LOWEST",
    "Binned",
    "Core",
    "at",
    "charges",
    "core",
    "edges_of",
    "efficiency_range",
    "logarithmic",
    "lowest",
    "run_ticks",
    "span",
    "stations",
    "tell_strays",
    "values_of",
    "variables",
    "whole_numbers",
]

NOT_VARIABLES = frozenset({"station", "wheel", "sector", "probe_charge", "passed", "moment"})


@dataclass(frozen=True, eq=False)
class Binned:
    """Passed and total in bins."""

    passed: I64
    """Any shape."""
    total: I64
    """The same shape."""

    @classmethod
    def of(cls, counts: Histogram, *axes: str) -> Binned:
        """Sum up all other axes, with what lies beyond their bins.

        Args:
            counts: An efficiency.
            axes: Names of those that are kept.
        """
        view = np.asarray(counts.project(*axes, "passed").view(), dtype=np.int64)
        return cls(view[..., 1], view.sum(axis=-1))

    @property
    def filled(self) -> Bools:
        """Whether there is anything in a bin."""
        return self.total > 0

    @property
    def value(self) -> F64:
        """The efficiency, NaN in empty bins."""
        return efficiency(self.passed, self.total)

    @property
    def interval(self) -> tuple[F64, F64]:
        """Both ends of the Clopper-Pearson interval of one standard deviation."""
        return clopper_pearson(self.passed, self.total)

    @property
    def is_few(self) -> Bools:
        """Whether a bin has too few probes to say something."""
        return is_few(self.total)

    @property
    def is_surely_low(self) -> Bools:
        """Whether a bin's efficiency is an alarm."""
        return is_surely_low(self.passed, self.total)

    def __getitem__(self, index: Any) -> Binned:
        return Binned(self.passed[index], self.total[index])


def at(counts: Histogram, **bins: int) -> Histogram:
    """Take one bin, counted from 0, of some axes, which are then gone."""
    chosen: Any = bins
    taken: Any = counts[chosen]
    return cast("Histogram", taken)


def variables(counts: Histogram) -> list[str]:
    """List the axes that are neither places nor charge, nor what is counted."""
    return [axis.name for axis in counts.axes if axis.name not in NOT_VARIABLES]


def edges_of(axis: Any) -> F64:
    """Return the edges of the bins; integers lie in the middle of theirs."""
    if isinstance(axis, hist.axis.IntCategory):
        return np.arange(len(axis) + 1.0) - 0.5
    edges = np.asarray(axis.edges, dtype=np.float64)
    return edges - 0.5 if isinstance(axis, hist.axis.Integer) else edges


def values_of(axis: Any) -> list[int]:
    """Return the integers that the bins of a category axis stand for."""
    return [int(str(value)) for value in axis]


def stations(counts: Histogram) -> Iterator[tuple[int, Histogram]]:
    """Yield number and histogram of MB1 to MB4, without the axis."""
    for index, number in enumerate(range(1, 5)):
        yield number, at(counts, station=index)


def charges(counts: Histogram) -> Iterator[tuple[str, Histogram]]:
    """Yield sign and histogram of each bin of the probe's charge, one of both signs without it."""
    if "probe_charge" not in counts.axes.name:
        yield "", counts
        return
    axis = counts.axes["probe_charge"]
    for index, (low, high) in enumerate(zip(axis.edges[:-1], axis.edges[1:], strict=True)):
        # binned by the user, a bin may hold both
        sign = "+" if low >= 0 else "-" if high <= 0 else r"\pm"
        yield rf"$\mu^{{{sign}}}$", at(counts, probe_charge=index)


Span = tuple[F64, Bools]

LOWEST = (0.99, 0.98, 0.95, 0.9, 0.8, 0.6, 0.0)
BELOW_ZERO = -0.04
HEADROOM = 0.22
"""Part of an axis of efficiencies above 1, for the legend."""
FULL = 0.03
"""Half an interval's length at which a point alone does not make the axis longer."""
MOST_STRAY, STRAY, MOST_STRAY_PART = 5, 1e-5, 1e-3
"""Entries at one end of an axis that may lie outside: so many, or this part of very many; but never
more than the last part."""
WORTHWHILE = 0.8
MOST_RUNS = 12
DECADE = np.array([1, 2, 3, 5])


def efficiency_range(
    panel: Axes, shown: Sequence[Binned], limits: tuple[float, float] | None = None
) -> float:
    """Set the y axis so that efficiencies near 1 can be told apart, with room above.

    Args:
        panel: Where.
        shown: Everything on that axis, shape (n,) each.
        limits: Ends that the user asks for, without the room above.

    Returns:
        Its lower end.
    """
    low, high = limits or (lowest(shown), 1.0)
    top = high + HEADROOM / (1 - HEADROOM) * (high - low)
    # a dead chamber's points lie on 0, and are to be seen whole
    panel.set_ylim(low if low > 0 else BELOW_ZERO, top)
    ticks = MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    kept = [tick for tick in ticks if low - 1e-9 <= tick <= high + 1e-9]
    panel.yaxis.set_major_locator(FixedLocator(kept))
    panel.yaxis.set_minor_locator(FixedLocator([]))
    return low


def lowest(shown: Iterable[Binned]) -> float:
    """Find the lower end of an axis: below all points that say something, and their total."""
    worst = 1.0
    for binned in shown:
        points = binned[binned.filled]
        passed, total = points.passed, points.total
        # of an ill chamber no run alone may have enough probes to say so
        kept = Binned(np.append(passed, passed.sum()), np.append(total, total.sum()))
        below, above = kept.interval
        # what has three probes may lie anywhere: only what it excludes counts, but for an alarm
        is_known = (above - below < 2 * FULL) | kept.is_surely_low
        known = np.where(is_known, kept.value, above)
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


class Core(NamedTuple):
    """The range of an axis without its few stray entries."""

    low: float
    high: float
    below: int
    """Entries outside of it, of all that share the axis."""
    above: int


def core(edges: F64, entries: Sequence[F64]) -> Core:
    """Find a range that a few stray entries do not stretch.

    At either end at most `MOST_STRAY` entries, or a part `STRAY` of very many, are left out, which
    lie beyond an empty bin; and only if the range becomes much shorter by that.

    Args:
        edges: Shape (n + 1,).
        entries: Of each that shares the axis, shape (n,).
    """
    total = np.sum([np.zeros(len(edges) - 1), *entries], axis=0)
    low, high = span([(edges, total > 0)])
    allowed = min(max(MOST_STRAY, STRAY * total.sum()), MOST_STRAY_PART * total.sum())
    enough = (np.cumsum(total) > allowed) & (np.cumsum(total[::-1])[::-1] > allowed)
    if not enough.any():
        return Core(low, high, 0, 0)
    # what hangs together with the rest is no stray
    islands = np.cumsum(total == 0)
    first, last = islands[enough][[0, -1]]
    kept = (islands >= first) & (islands <= last) & (total > 0)
    inner_low, inner_high = span([(edges, kept)])
    if inner_high - inner_low > WORTHWHILE * (high - low):
        return Core(low, high, 0, 0)
    below, above = total[edges[1:] <= inner_low].sum(), total[edges[:-1] >= inner_high].sum()
    return Core(inner_low, inner_high, int(below), int(above))


def tell_strays(panel: Axes, found: Core) -> None:
    """Write at either end of the x axis how many entries lie beyond."""
    look: dict[str, Any] = {"transform": panel.transAxes, "fontsize": "x-small", "va": "bottom"}
    if found.below:
        panel.text(0.01, 0.01, rf"$\leftarrow$ {found.below:,} outside", ha="left", **look)
    if found.above:
        panel.text(0.99, 0.01, rf"{found.above:,} outside $\rightarrow$", ha="right", **look)


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


def run_ticks(panel: Axes, runs: Sequence[int] | Sequence[str]) -> None:
    """Write run numbers below evenly spaced bins, not all of them where there are many.

    Args:
        panel: With run i at x = i.
        runs: In order; or other names.
    """
    places = range(0, len(runs), max(1, -(-len(runs) // MOST_RUNS)))
    panel.xaxis.set_minor_locator(FixedLocator([]))
    name_ticks(panel.xaxis, places, [str(runs[i]) for i in places], size="x-small")
    panel.tick_params(axis="x", top=False, labelrotation=35)
    # further ticks are made like the first
    panel.xaxis.get_major_ticks(1)[0].label1.set_horizontalalignment("right")
