"""Many results in their order: stations, and the chambers that have changed most."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dtperf.comparison import shared_files
from dtperf.errors import ConfigError, InputError
from dtperf.flags import flag_history
from dtperf.report.charts import chart
from dtperf.report.pages import fill
from dtperf.report.words import hidden_losses
from dtperf.statistics import clopper_pearson, exact_test, false_discovery, probability
from dtperf.summary import Efficiency

if TYPE_CHECKING:
    from dtperf.geometry import Chamber
    from dtperf.results import Result

__all__ = ["Period", "Step", "in_order", "overlaps", "render_history", "steps"]

RUN_AXES = ("efficiency_vs_run", "by_chamber_and_run")


class Period(NamedTuple):
    """One of the results."""

    name: str
    """Such as its directory."""
    result: Result
    runs: tuple[int, int] | None
    """First and last one; None if it was not measured against the run."""
    begin: str
    """Of its first job; empty if no job tells."""


class Step(NamedTuple):
    """The moment at which a chamber has changed most."""

    chamber: Chamber
    at: int
    """Number of the first result after it."""
    before: Efficiency
    after: Efficiency
    efficiencies: tuple[Efficiency, ...]
    """In each result."""
    p_value: float
    """Of such a step anywhere, if nothing has changed."""
    false_alarms: float
    """Part of false alarms among all chambers that are at least as conspicuous as this one."""

    @property
    def difference(self) -> float:
        """After minus before."""
        return self.after.value - self.before.value


def in_order(results: Sequence[tuple[str, Result]]) -> list[Period]:
    """Put results into order of their runs, or else of the time at which they were measured.

    Args:
        results: Names and results, two at least.

    Raises:
        ConfigError: There are fewer than two.
        InputError: One of them has not measured 'by_chamber'.
    """
    if len(results) < 2:
        raise ConfigError("a trend takes two results at least")
    for name, result in results:
        if not result.by_chamber():
            raise InputError(f"{name}: lacks 'by_chamber': measure it, to compare chambers")
    periods = [Period(name, each, _runs(each), _begin(each)) for name, each in results]
    if any(period.runs is None for period in periods):
        return sorted(periods, key=lambda period: period.begin)
    return sorted(periods, key=lambda period: (period.runs or (0, 0), period.begin))


def _runs(result: Result) -> tuple[int, int] | None:
    for name in RUN_AXES:
        if name in result.counts and result.counts[name].axes["run"].size:
            runs = [int(run) for run in result.counts[name].axes["run"]]
            return min(runs), max(runs)
    return None


def _begin(result: Result) -> str:
    return min((str(job.get("begin", "")) for job in result.jobs), default="")


def overlaps(periods: Sequence[Period]) -> list[str]:
    """Tell why the tests may not hold: results of the same files, or of other cuts."""
    told = [
        f"{a.name} and {b.name} have read {shared:,} of the same files: the tests below do not "
        "hold for that"
        for a, b in combinations(periods, 2)
        if (shared := shared_files(a.result, b.result))
    ]
    if len({period.result.config.hash for period in periods}) > 1:
        told.append("Their configs differ: what differs may come of the cuts.")
    return told


def steps(periods: Sequence[Period]) -> list[Step]:
    """Find for each chamber the moment before and after which it differs most.

    Args:
        periods: Two at least, in order.

    Returns:
        The most conspicuous chamber first; without those that have too few probes to tell.
    """
    rows = [period.result.by_chamber() for period in periods]
    efficiencies = [[row.efficiency for row in each] for each in rows]
    passed = np.cumsum([[e.passed for e in each] for each in efficiencies], axis=0)
    total = np.cumsum([[e.total for e in each] for each in efficiencies], axis=0)
    # one row for each moment: what was before it, and what came after
    before, after = (passed[:-1], total[:-1]), (passed[-1] - passed[:-1], total[-1] - total[:-1])
    p_values = exact_test(*after, *before)
    moments = np.argmin(p_values, axis=0)
    # as many looks as there are moments
    least = np.minimum(p_values.min(axis=0) * len(p_values), 1.0)
    alarms = false_discovery(least)
    found = [
        Step(
            chamber=row.chamber,
            at=int(at) + 1,
            before=_efficiency(before[0][at, number], before[1][at, number]),
            after=_efficiency(after[0][at, number], after[1][at, number]),
            efficiencies=tuple(each[number] for each in efficiencies),
            p_value=float(least[number]),
            false_alarms=float(alarms[number]),
        )
        for number, (row, at) in enumerate(zip(rows[0], moments, strict=True))
    ]
    told = (step for step in found if step.before.total and step.after.total)
    return sorted(told, key=lambda step: step.p_value)


def _efficiency(passed: int, total: int) -> Efficiency:
    low, high = clopper_pearson(passed, total)
    return Efficiency(int(passed), int(total), float(low), float(high))


def render_history(
    periods: Sequence[Period], found: Sequence[Step], false_alarms: float = 0.01
) -> str:
    """Make the page of many results.

    Args:
        periods: The results in order.
        found: How each chamber has changed, as `steps` tells it.
        false_alarms: Part of false alarms to allow among the chambers that are set off.

    Returns:
        The page as HTML.
    """
    names = [period.name for period in periods]
    told_by_name = [(period.name, period.result) for period in periods]
    stations = [period.result.by_station() for period in periods]
    of_station = [[each[number].fiducial for each in stations] for number in range(4)]
    charts = [
        chart(f"MB{number}", names, [each for each in mine if each is not None])
        for number, mine in enumerate(of_station, start=1)
    ]
    told = {step.chamber: step for step in found}
    chambers = [chamber for chamber, _ in periods[0].result.by_chamber()]
    rows = [_row(chamber, told.get(chamber), names, false_alarms) for chamber in chambers]
    return fill(
        "history.html",
        {"rows": rows, "kind": "difference"},
        title=f"{len(periods)} results in their order",
        periods=periods,
        stations=stations,
        charts=[each for each in charts if each is not None],
        warnings=overlaps(periods),
        hidden=hidden_losses(flag_history(told_by_name, false_alarms)),
        steps=found,
        changed=[step for step in found if step.false_alarms <= false_alarms],
        false_alarms=false_alarms,
        names=names,
    )


def _row(
    chamber: Chamber, step: Step | None, names: Sequence[str], false_alarms: float
) -> dict[str, object]:
    row: dict[str, object] = {"name": chamber.name, "station": chamber.station}
    row |= {"wheel": chamber.wheel, "sector": chamber.sector}
    if step is None:
        return row | {"value": None, "note": "too few probes"}
    row["value"] = step.difference
    row["note"] = f"from {names[step.at]} on, p: {probability(step.p_value)}"
    row["trend"] = [[names[at], e.passed, e.total] for at, e in enumerate(step.efficiencies)]
    return row | ({"reason": "has changed"} if step.false_alarms <= false_alarms else {})
