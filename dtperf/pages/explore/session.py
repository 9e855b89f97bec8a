"""What explore shows: measurements, what has changed, how long it took, and the same as a run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError
from dtperf.measurements import BY_GROUP
from dtperf.pages.explore.commands import python_line, shell_line
from dtperf.pages.explore.curves import choices, curves
from dtperf.pages.explore.sliders import sliders
from dtperf.results.html import UNTITLED, chamber_rows
from dtperf.results.result import Result
from dtperf.results.summary import Efficiency, in_words
from dtperf.skim.analysis import Explorer
from dtperf.skim.cuts import with_cuts
from dtperf.wording import counted

__all__ = ["Session", "content", "not_shown", "station_rows"]
CLOSED = "closed: run dtperf.explore again"


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
    found = f"{counted(totals['pairs'], 'pair')}, {counted(totals['crossings'], 'crossing')}"
    return {
        "stations": station_rows(result, before),
        "chambers": chamber_rows(result),
        "curves": curves(result),
        "found": found,
        "took": f"{counted(totals['events'], 'event')} measured in {1000 * seconds:,.0f} ms",
    }


def not_shown(result: Result, config: AnalysisConfig) -> str:
    """Return a sentence on the groups of measurements that are not measured; empty without any.

    Segments, layers and digis take too long to follow a slider.

    Args:
        result: What explore measures.
        config: The analysis, which may ask for groups.
    """
    groups = [
        group
        for group in config.measurements.groups
        if BY_GROUP[group].keys().isdisjoint(result.counts)
    ]
    if not groups:
        return ""
    return (
        f". Not shown: {', '.join(groups)}; a run measures these groups, also one on a skim, and "
        "so does dtperf.Analysis"
    )


def station_rows(result: Result, before: Result) -> list[dict[str, str]]:
    """Write the table of the stations: efficiency, counts, change."""
    rows = []
    for now, then in zip(result.by_station(), before.by_station(), strict=True):
        row = {"name": now.name}
        for kind, a, b in (
            ("fiducial", now.fiducial, then.fiducial),
            ("acceptance", now.with_acceptance, then.with_acceptance),
        ):
            assert a is not None  # both are always measured
            assert b is not None
            value, counts = in_words(a)
            row[kind] = value.replace(" −", "\u00a0−")
            row[f"{kind}_counts"] = counts.replace("/ ", "/\u00a0")
            row[f"{kind}_change"] = _change(a, b)
        rows.append(row)
    return rows


def _change(now: Efficiency, then: Efficiency) -> str:
    if not now.total or not then.total:
        return ""
    return f"{100 * (now.value - then.value):+.3f}".replace("-", "−")


class Session:
    """Events, what they gave with the config's own cuts, and what they give with others."""

    def __init__(self, explorer: Explorer) -> None:
        """Measure with the config's own cuts."""
        explorer.measure()  # compiles what has to be: its time would mislead
        self.explorer: Explorer | None = explorer
        """The events; None when they have been let go."""
        self._config = explorer.config
        self._is_of_skim = explorer.loosest is not None
        self.result = self._before = explorer.measure()
        """What was measured last."""
        self.cuts: dict[str, Any] = {}
        """Its cuts, by key: those that differ from the config."""
        self.last: dict[str, Any] = {}
        """The last answer that is no problem."""
        self.before = self.answer({})
        """The first one."""
        loaded = explorer.loaded
        self.setup = {
            "title": explorer.config.title or UNTITLED,
            "loaded": f"{loaded[0].upper()}{loaded[1:]}{not_shown(self.result, explorer.config)}",
            "is_whole": explorer.is_whole,
            "sliders": [each._asdict() for each in sliders(explorer.config, explorer.loosest)],
            "choices": choices(self.result),
            "before": self.before,
        }
        """What explore.js shows beside the answers; can be written as JSON."""

    @property
    def config(self) -> AnalysisConfig:
        """Return the config with the cuts that were measured last."""
        return self._with_cuts(self.cuts)

    def close(self) -> None:
        """Let the events go; the last result stays."""
        self.explorer = None

    def answer(self, cuts: Mapping[str, Any]) -> dict[str, Any]:
        """Measure.

        Args:
            cuts: Values by key, from whoever it may be.

        Returns:
            What `content` gives, and the same as a run, under 'python' and 'command'; or, under
            'problem', what is wrong with the cuts.
        """
        explorer, start = self.explorer, time.perf_counter()
        if explorer is None:
            return {"problem": CLOSED}
        try:
            result = explorer.measure(cuts)
        except ConfigError as error:
            return {"problem": str(error)}
        seconds = time.perf_counter() - start
        config, origin = self._with_cuts(cuts), explorer.origin
        lines = {"command": shell_line(origin, config), "python": python_line(origin, config)}
        answer = content(result, self._before, seconds) | lines
        self.result, self.cuts, self.last = result, dict(cuts), answer
        return answer

    def _with_cuts(self, cuts: Mapping[str, Any]) -> AnalysisConfig:
        return with_cuts(self._config, cuts, of_skim=self._is_of_skim)
