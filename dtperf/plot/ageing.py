"""Places against luminosity or time: points of equal luminosity, lines with bands, and steps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from dtperf.detector import Chamber, Place
from dtperf.diagnostics.ageing.bins import Bin, bins_of
from dtperf.diagnostics.ageing.exposure import YEAR
from dtperf.diagnostics.ageing.model import Aged, Trend
from dtperf.plot.axes import Binned, efficiency_range
from dtperf.plot.style import STATIONS, CurveStyle, Size, StyledFigure, legend, new_sheet, style
from dtperf.plot.ticks import name_ticks
from dtperf.results.colours import FEW

__all__ = ["ageing_trend"]

OTHER = CurveStyle("black", "o", "-")
BAND = 0.18
SHORT = 0.5
"""Years from which on a date is told by its month."""
LUMINOSITY = r"delivered luminosity [fb$^{-1}$]"


class _Shown(NamedTuple):
    place: Place
    aged: Aged | None
    look: CurveStyle
    bins: tuple[Bin, ...]


def ageing_trend(
    trend: Trend,
    places: Sequence[Place | Chamber | Aged] | None = None,
    *,
    width: float | None = None,
    to_target: bool = False,
    dates: bool = False,
    figsize: Size | None = None,
) -> StyledFigure:
    """Draw efficiencies in bins of equal luminosity, with what describes them.

    Args:
        trend: Of one measurement, from `dtperf.ageing.trends`.
        places: What is drawn: places with their lines, or some of `trend.named` with their line or
            steps and without what they leave out; None: the stations.
        width: Of the bins, 1/fb or years; None: a round one.
        to_target: Go on to the luminosity that efficiencies were asked for at.
        dates: Draw the same bins against the date.
        figsize: Width and height in inches; None: what suits the plot.

    Raises:
        ConfigError: No such width.
    """
    drawn = trend.stations if places is None else places
    shown = [_shown(trend, place, width) for place in drawn]
    is_date = dates or trend.against == "time"
    with style(figsize, caption=trend.caption):
        sheet = new_sheet(size=(12, 6.5), title=trend.counts.title)
        panel = sheet.panels[0, 0]
        handles = []
        for number, each in enumerate(shown):
            handles.append(_points(trend, panel, each, dates, number - (len(shown) - 1) / 2))
            if not dates:
                _describe(trend, panel, each, to_target)
        ends = _ends(trend, dates, to_target)
        low = _lowest(trend, shown, to_target)
        limits = None if low is None else (low, 1.0)
        efficiency_range(panel, [_as_binned(each.bins) for each in shown], limits)
        panel.set_xlim(*ends)
        panel.axhline(1, color="0.6", lw=0.8, ls=":", zorder=0)
        panel.set_ylabel("efficiency")
        panel.set_xlabel("date" if is_date else LUMINOSITY)
        if is_date:
            _date_ticks(panel, ends)
        legend(panel, handles, min(len(handles), 4))
    return sheet


def _shown(trend: Trend, place: Place | Chamber | Aged, width: float | None) -> _Shown:
    aged = place if isinstance(place, Aged) else None
    where = place.place if isinstance(place, Aged) else Place(*place)
    is_station = where in trend.stations and aged is None
    look = STATIONS[(where.station or 1) - 1] if is_station else OTHER
    if aged is not None and where.station is not None:
        look = STATIONS[where.station - 1]
    went = trend.course(where, aged.without if aged else ())
    every = bins_of(trend.counts, went, width)
    many = tuple(each for each in every if each.total >= FEW)
    return _Shown(where, aged, look, many or every)


def _points(trend: Trend, panel: Axes, shown: _Shown, dates: bool, shift: float) -> Any:
    wide = (shown.bins[0].stop - shown.bins[0].start) if shown.bins else 0.0
    x = np.array([each.middle for each in shown.bins]) + 0.08 * wide * shift
    if dates:
        begin, at = trend.exposure.begin, trend.exposure.per_fb
        x = np.interp([each.middle for each in shown.bins], at, begin / YEAR)
    name = shown.place.name
    if shown.aged is not None and shown.aged.without:
        name += f" without {len(shown.aged.without)} parts"
    return panel.errorbar(
        x,
        [each.value for each in shown.bins],
        yerr=[each.uncertainty for each in shown.bins],
        label=name,
        color=shown.look.colour,
        marker=shown.look.marker,
        markersize=5.5,
        linestyle="none",
        elinewidth=1.1,
        zorder=3,
    )


def _describe(trend: Trend, panel: Axes, shown: _Shown, to_target: bool) -> None:
    """Draw the line with its band, or the steps."""
    look, x = shown.look, trend.counts.x
    if shown.aged is not None and shown.aged.shape == "steps":
        edges = [x[0], *(step.at for step in shown.aged.steps), x[-1]]
        levels = [shown.aged.steps[0].before, *(step.after for step in shown.aged.steps)]
        panel.stairs(levels, edges, baseline=None, color=look.colour, lw=1.4, zorder=2)
        return
    row = trend.of(shown.place)
    if row is None:
        return
    last = x[-1]
    if to_target and trend.target is not None and np.isfinite(row.expected):
        last = trend.target
    at = np.linspace(x[0], max(last, x[-1]), 60)
    value, low, high = trend.line(shown.aged or shown.place, at)
    panel.plot(at, value, color=look.colour, ls=look.line, lw=1.2, zorder=2)
    panel.fill_between(at, low, high, color=look.colour, alpha=BAND, lw=0, zorder=1)


def _ends(trend: Trend, dates: bool, to_target: bool) -> tuple[float, float]:
    first, last = float(trend.counts.x[0]), float(trend.counts.x[-1])
    if dates:
        times = trend.exposure.at(trend.counts.runs, "time")
        first, last = float(times.min()), float(times.max())
    if to_target and trend.target is not None:
        last = max(last, trend.target)
    margin = 0.02 * (last - first)
    return first - margin, last + margin


def _lowest(trend: Trend, shown: Sequence[_Shown], to_target: bool) -> float | None:
    """Return the lower end of the axis where lines go on below the points; None: as these ask."""
    if not to_target:
        return None
    rows = [trend.of(each.place) for each in shown]
    least = min(
        (row.expected_low for row in rows if row and np.isfinite(row.expected)), default=0.9
    )
    return float(max(np.floor(20 * (least - 0.02)) / 20, 0.0))


def _as_binned(bins: Sequence[Bin]) -> Binned:
    counts = np.array([[each.passed, each.total] for each in bins], dtype=np.int64).reshape(-1, 2)
    return Binned(counts[:, 0], counts[:, 1])


def _date_ticks(panel: Axes, ends: tuple[float, float]) -> None:
    """Write dates below positions in years since 1970."""
    ticks = [tick for tick in MaxNLocator(6).tick_values(*ends) if ends[0] <= tick <= ends[1]]
    form = "%Y-%m" if ends[1] - ends[0] > SHORT else "%Y-%m-%d"
    texts = [datetime.fromtimestamp(tick * YEAR, UTC).strftime(form) for tick in ticks]
    name_ticks(panel.xaxis, ticks, texts, size="small")
