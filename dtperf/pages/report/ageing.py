"""The page of efficiencies against luminosity: slopes, steps, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dtperf.detector import Place
from dtperf.pages.report import aged
from dtperf.pages.report.history import overlaps
from dtperf.pages.report.html import fill
from dtperf.pages.report.pictures import Picture, picture
from dtperf.results.colours import SURE
from dtperf.statistics import probability

if TYPE_CHECKING:
    from dtperf.diagnostics.ageing import Aged, Bin, Slope, Trend
    from dtperf.pages.report.history import Period

__all__ = ["render_ageing"]

MOST_PICTURES = 6
"""Of single places."""


class _Section(NamedTuple):
    """One efficiency."""

    name: str
    trend: Trend
    stations: list[Picture]
    """Against luminosity, and against the date."""
    named: list[Picture]
    extrapolated: Picture | None
    points: list[list[str]]
    """Those of the stations: position, runs, and efficiencies."""


def render_ageing(
    periods: Sequence[Period], trends: Mapping[str, Trend], hidden: Sequence[str]
) -> str:
    """Make the page of results against luminosity.

    Args:
        periods: The results, in order.
        trends: What was found in each efficiency; the first has the map and the table of chambers.
        hidden: Losses that no efficiency shows, as sentences.

    Returns:
        The page as HTML.
    """
    sections = [_section(name, trend) for name, trend in trends.items()]
    main = sections[0].trend
    many = f"{len(periods)} results" if len(periods) > 1 else periods[0].name
    return fill(
        "ageing.html",
        {"rows": _rows(main), "kind": "difference"},
        title=f"{many} against {main.against}",
        periods=periods,
        sections=sections,
        main=main,
        trends=[*trends.values()],
        warnings=[*overlaps(periods), *(line for each in trends.values() for line in each.remarks)],
        hidden=hidden,
    )


def _section(name: str, trend: Trend) -> _Section:
    # it loads matplotlib, which most commands do without
    from dtperf.plot.ageing import ageing_trend
    from dtperf.plot.style import for_page

    with for_page():
        stations = [
            picture(ageing_trend(trend), f"Stations against {trend.against}, {trend.counts.title}")
        ]
        if trend.against == "luminosity":
            figure = ageing_trend(trend, dates=True)
            stations.append(picture(figure, "The same against the date"))
        named = [
            picture(ageing_trend(trend, [each]), aged.in_one_line(each, trend.unit))
            for each in trend.named[:MOST_PICTURES]
        ]
        extrapolated = None
        if trend.target is not None:
            figure = ageing_trend(trend, to_target=True)
            extrapolated = picture(figure, f"Lines of the stations up to {trend.target:g} /fb")
    return _Section(name, trend, stations, named, extrapolated, _points(trend))


def _points(trend: Trend) -> list[list[str]]:
    from dtperf.diagnostics.ageing import bins_of

    found: list[dict[float, Bin]] = [{} for _ in range(4)]
    for station in trend.stations:
        bins = bins_of(trend.counts, trend.course(station))
        found[(station.station or 1) - 1] = {each.start: each for each in bins}
    rows = []
    for start in sorted({start for each in found for start in each}):
        mine = [each.get(start) for each in found]
        [first, *_] = [each for each in mine if each is not None]
        texts = [
            f"{100 * each.value:.3f} ± {100 * each.uncertainty:.3f}" if each else "–"
            for each in mine
        ]
        span = f"{first.start:g} – {first.stop:g}"
        rows.append([span, f"{first.first_run} – {first.last_run}", *texts])
    return rows


def _rows(trend: Trend) -> list[dict[str, Any]]:
    """Return what the map shows of each chamber; nothing where larger places are counted."""
    by_place = {each.place: each for each in trend.cells}
    chambers = [place for place in trend.counts.family.places if place.level == 0]
    return [_row(trend, place, by_place.get(place)) for place in chambers]


def _row(trend: Trend, place: Place, found: Slope | None) -> dict[str, Any]:
    from dtperf.diagnostics.ageing import bins_of

    row: dict[str, Any] = {"name": place.name, "station": place.station}
    row |= {"wheel": place.wheel, "sector": place.sector}
    if found is None:
        return row | {"value": None, "note": "too few probes"}
    part: Aged | None = trend.part_of(place)
    note = f"per {trend.unit}: {aged.slope(found)} points, q: {probability(found.q_value)}"
    bins = bins_of(trend.counts, trend.course(place))
    row |= {
        "value": found.slope,
        "few": found.sigmas < SURE,
        "note": note,
        "trend": [[f"runs {each.first_run}", each.passed, each.total] for each in bins],
    }
    return row | ({"reason": aged.in_one_line(part, trend.unit)} if part else {})
