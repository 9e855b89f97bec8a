"""What is shown of a measurement: numbers and texts, for the page and for the notebook."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtperf.results import Result
from dtperf.statistics import clopper_pearson
from dtperf.summary import Efficiency
from dtperf.web import chamber_rows

__all__ = ["content", "curves", "station_rows"]


def content(result: Result, before: Result, seconds: float) -> dict[str, Any]:
    """Sum up a measurement.

    Args:
        result: With the cuts as they are now.
        before: With the config's own.
        seconds: How long it took.

    Returns:
        What JSON can hold.
    """
    totals = result.totals
    found = f"{totals['pairs']:,} pairs, {totals['crossings']:,} crossings"
    return {
        "stations": station_rows(result, before),
        "chambers": chamber_rows(result),
        "curves": curves(result),
        "found": found,
        "took": f"{totals['events']:,} events measured in {1000 * seconds:,.0f} ms",
    }


def station_rows(result: Result, before: Result) -> list[dict[str, str]]:
    """Write the table of the stations: efficiency, counts, change."""
    rows = []
    for now, then in zip(result.by_station(), before.by_station(), strict=True):
        row = {"name": now.name}
        for kind, a, b in (
            ("fiducial", now.fiducial, then.fiducial),
            ("acceptance", now.with_acceptance, then.with_acceptance),
        ):
            assert a is not None  # both are always measured here
            assert b is not None
            row |= {kind: _percent(a), f"{kind}_counts": f"{a.passed:,} / {a.total:,}"}
            row[f"{kind}_change"] = _change(a, b)
        rows.append(row)
    return rows


def curves(result: Result) -> list[dict[str, Any]]:
    """List the fiducial efficiency of each station against pT.

    Returns:
        For each station its name and its points, [lower edge, upper edge, passed, total,
        efficiency, lower end, upper end], for bins with probes.
    """
    counts = result.counts["efficiency_vs_pt"]
    station, pt = counts.axes[0], counts.axes[1]
    edges = pt.edges.tolist()
    # a discrete axis has no flow; of pT what lies beyond the axis has no place on it
    view = np.asarray(counts.view())
    passed, total = view[..., 1], view.sum(axis=-1)
    low, high = clopper_pearson(passed, total)
    found = []
    for number in range(station.size):
        points = [
            [
                *(edges[at], edges[at + 1], int(passed[number, at]), int(total[number, at])),
                float(passed[number, at] / total[number, at]),
                *(float(low[number, at]), float(high[number, at])),
            ]
            for at in range(pt.size)
            if total[number, at]
        ]
        found.append({"name": f"MB{station.value(number)}", "points": points})
    return found


def _percent(efficiency: Efficiency) -> str:
    if not efficiency.total:
        return "no probe"
    value, low, high = (100 * x for x in (efficiency.value, efficiency.low, efficiency.high))
    return f"{value:.3f} +{high - value:.3f} −{value - low:.3f}"


def _change(now: Efficiency, then: Efficiency) -> str:
    if not now.total or not then.total:
        return ""
    return f"{100 * (now.value - then.value):+.3f}".replace("-", "−")
