"""What the page of explore shows: measurements, what has changed, how long it took; its command."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from dtperf.config import AnalysisConfig, load_config
from dtperf.config.load import packaged
from dtperf.config.values import flat_values
from dtperf.errors import ConfigError
from dtperf.results.html import chamber_rows
from dtperf.results.result import Result
from dtperf.results.summary import Efficiency
from dtperf.skim.analysis import Explorer
from dtperf.skim.cuts import with_cuts
from dtperf.skim.recut.inputs import ExploreInputs
from dtperf.statistics import clopper_pearson

__all__ = ["Session", "command", "content", "curves", "settings", "station_rows"]

LONGEST = 2000
"""Characters of all --set together; more is for a file."""


def command(origin: ExploreInputs, config: AnalysisConfig) -> str:
    """Write the `dtperf run` that measures with a config.

    Args:
        origin: The files.
        config: The cuts.

    Returns:
        For a shell. In capitals what has to be put in: CONFIG where the config has more to it than
        can stand in a line, FILES where there are many.
    """
    name, sets = settings(config)
    if sum(map(len, sets)) > LONGEST:
        name, sets = "CONFIG", []
    inputs = shlex.join(origin.arguments) or "FILES"
    out = shlex.quote(origin.out)
    return " ".join(
        ["dtperf run", name, inputs, "-o", out, *(f"--set {shlex.quote(each)}" for each in sets)]
    )


def settings(config: AnalysisConfig) -> tuple[str, list[str]]:
    """Write a config as a packaged analysis and what differs from it.

    Args:
        config: The config; how it runs, and its title, do not count.

    Returns:
        Name of the nearest packaged analysis, and the values to set.
    """
    wanted = flat_values(config)
    choices = {}
    for name in packaged("analyses"):
        there = _values(name)
        choices[name] = [
            f"{key}={json.dumps(value, ensure_ascii=False)}"
            for key, value in wanted.items()
            if there[key] != value and not key.startswith(("run.", "title"))
        ]
    return min(choices.items(), key=lambda choice: sum(map(len, choice[1])))


@cache
def _values(name: str) -> dict[str, object]:
    return flat_values(load_config(name))


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


class Session:
    """An explorer, and what it gave for the config's own cuts."""

    def __init__(self, explorer: Explorer) -> None:
        """Measure with the config's own cuts."""
        self.explorer = explorer
        explorer.measure()  # compiles what has to be: its time would mislead
        self.result = self._before = explorer.measure()
        """What was measured last."""
        self.before = self.answer({})

    def answer(self, cuts: Mapping[str, Any]) -> dict[str, Any]:
        """Measure.

        Args:
            cuts: Values by key, from whoever it may be.

        Returns:
            What `content` gives, and the command line that gives the same; or, under 'problem',
            what is wrong with the cuts.
        """
        start = time.perf_counter()
        try:
            result = self.explorer.measure(cuts)
        except ConfigError as error:
            return {"problem": str(error)}
        seconds = time.perf_counter() - start
        self.result = result
        config = with_cuts(self.explorer.config, cuts)
        found = content(result, self._before, seconds)
        return found | {"command": command(self.explorer.origin, config)}
