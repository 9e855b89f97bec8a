"""Many results in their order: stations, and what has changed at some moment."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dtperf.diagnostics.comparison import Changes, shared_files
from dtperf.diagnostics.flags import flag_history
from dtperf.errors import ConfigError, InputError
from dtperf.pages.report import changed
from dtperf.pages.report.about import warning
from dtperf.pages.report.headlines import hidden_losses
from dtperf.pages.report.html import fill
from dtperf.pages.report.pictures import against_results
from dtperf.results.colours import SURE
from dtperf.results.summary import Efficiency, efficiencies
from dtperf.statistics import probability

if TYPE_CHECKING:
    from dtperf.detector import Chamber
    from dtperf.diagnostics.comparison import Change
    from dtperf.results.result import Result

__all__ = ["Period", "in_each", "in_order", "overlaps", "render_history"]


class Period(NamedTuple):
    """One of the results."""

    name: str
    """Such as its directory."""
    result: Result
    runs: tuple[int, int] | None
    """First and last one; None if it was not measured against the run."""
    begin: str
    """Of its first job; empty if no job tells."""


def in_order(results: Sequence[tuple[str, Result]], fewest: int = 2) -> list[Period]:
    """Put results into order of their runs, or else of the time at which they were measured.

    Args:
        results: Names and results.
        fewest: Number of results that there are at least.

    Raises:
        ConfigError: There are fewer.
        InputError: One of them has not measured 'by_chamber'.
    """
    if len(results) < fewest:
        raise ConfigError("a trend takes two results at least, or a table of luminosity")
    for name, result in results:
        if not result.by_chamber():
            raise InputError(f"{name}: lacks 'by_chamber': measure it, to compare chambers")
    periods = [Period(name, each, _runs(each), _begin(each)) for name, each in results]
    if any(period.runs is None for period in periods):
        return sorted(periods, key=lambda period: period.begin)
    return sorted(periods, key=lambda period: (period.runs or (0, 0), period.begin))


def _runs(result: Result) -> tuple[int, int] | None:
    return (result.runs[0], result.runs[-1]) if result.runs else None


def _begin(result: Result) -> str:
    return min((str(job.get("begin", "")) for job in result.jobs), default="")


def overlaps(periods: Sequence[Period]) -> list[str]:
    """Return why the tests may not hold: the same files, other cuts, events that are no data."""
    warnings = [
        f"{a.name} and {b.name} have read {shared:,} of the same files: the tests below do not "
        "hold for that"
        for a, b in combinations(periods, 2)
        if (shared := shared_files(a.result, b.result))
    ]
    if len({period.result.config.hash for period in periods}) > 1:
        warnings.append("Their configs differ: what differs may come of the cuts.")
    if text := warning(*(period.result for period in periods)):
        warnings.append(text)
    return warnings


def in_each(periods: Sequence[Period], change: Change) -> list[Efficiency]:
    """Return the efficiency of what has changed in each of the results."""
    excluded = {chamber for place in change.without for chamber in place.chambers}
    kept = {*change.place.chambers} - excluded
    counts = [
        [row.efficiency[:2] for row in period.result.by_chamber() if row.chamber in kept]
        for period in periods
    ]
    return efficiencies(*np.array(counts).sum(axis=1).T)


def render_history(periods: Sequence[Period], found: Changes) -> str:
    """Make the page of many results.

    Args:
        periods: The results in order.
        found: What has changed between their results.

    Returns:
        The page as HTML.
    """
    names = [period.name for period in periods]
    results_by_name = [(period.name, period.result) for period in periods]
    stations = [period.result.by_station() for period in periods]
    changed_most = {change.place.chambers[0]: change for change in found.chambers}
    each = list(zip(*(period.result.by_chamber() for period in periods), strict=True))
    rows = [
        _row(
            mine[0].chamber,
            changed_most.get(mine[0].chamber),
            [row.efficiency for row in mine],
            names,
        )
        for mine in each
    ]
    for row, mine in zip(rows, each, strict=True):
        if reason := changed.reason(found, mine[0].chamber):
            row["reason"] = reason
    return fill(
        "history.html",
        {"rows": rows, "kind": "difference"},
        title=f"{len(periods)} results in their order",
        periods=periods,
        stations=stations,
        trend=against_results(results_by_name),
        warnings=overlaps(periods),
        hidden=hidden_losses(flag_history(results_by_name, found.false_alarms)),
        found=found,
        names=names,
    )


def _row(
    chamber: Chamber,
    change: Change | None,
    measured: Sequence[Efficiency],
    names: Sequence[str],
) -> dict[str, object]:
    row: dict[str, object] = {"name": chamber.name, "station": chamber.station}
    row |= {"wheel": chamber.wheel, "sector": chamber.sector}
    if change is None:
        return row | {"value": None, "note": "too few probes"}
    row |= {"value": change.difference, "few": change.sigmas < SURE}
    row["note"] = f"from {names[change.at]} on, p: {probability(change.p_value)}"
    row["trend"] = [[names[at], e.passed, e.total] for at, e in enumerate(measured)]
    return row
