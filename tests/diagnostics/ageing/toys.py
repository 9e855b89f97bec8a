"""Years of counts drawn from known efficiencies by chamber and run, with their luminosity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from dtperf.detector import Chamber, chambers
from dtperf.diagnostics.ageing.series import Series
from dtperf.diagnostics.comparison.family import family
from dtperf.diagnostics.comparison.runs import Runs
from dtperf.diagnostics.comparison.spread import spread_of
from dtperf.measurements import KNOWN
from dtperf.results.result import Result
from tests.helpers.ledgers import row
from tests.helpers.made_results import config, made

__all__ = [
    "BEGIN",
    "ILL",
    "PERIODS",
    "SPREAD",
    "THETA",
    "Years",
    "drawn",
    "drawn_series",
    "with_theta",
    "years",
]

EFFICIENCY = np.array([0.9966, 0.9970, 0.9904, 0.9979])
BETWEEN_CHAMBERS, CHAMBERS_SEED = 0.0015, 1
PERIODS, RUNS = 12, 20
PER_PERIOD = 25.0
"""Delivered, 1/fb."""
FIRST_RUN, APART = 360_000, 10
BEGIN, WEEK = datetime(2022, 7, 1, tzinfo=UTC).timestamp(), 7 * 86_400.0
ILL = Chamber(0, 5, 2)
MEASUREMENTS = ("by_chamber", "by_chamber_and_run")
THETA = "trigger_theta_twinmux_in_by_chamber_and_run"
SPREAD = {"together": 0.0005, "by_station": 0.001, "by_chamber": 0.002}
"""What differs from run to run, as large as in the reference's real data or larger."""


@dataclass(frozen=True)
class Years:
    """Runs with their luminosity."""

    run: np.ndarray
    delivered: np.ndarray
    """1/fb."""
    begin: np.ndarray
    """Seconds."""

    @property
    def middle(self) -> np.ndarray:
        """Delivered until the middle of each run, 1/fb."""
        return np.cumsum(self.delivered) - self.delivered / 2

    def table(self, path: Path) -> Path:
        """Write what brilcalc would."""
        lines = ["#Data tag : 24v1 , Norm tag: None"]
        lines.append("#run:fill,time,nls,ncms,delivered(/pb),recorded(/pb)")
        for run, per_fb, begin in zip(self.run, self.delivered, self.begin, strict=True):
            time = datetime.fromtimestamp(begin, UTC).strftime("%m/%d/%y %H:%M:%S")
            lines.append(f"{run}:8000,{time},9,9,{1e3 * per_fb:.6f},{0.93e3 * per_fb:.6f}")
        path.write_text("\n".join([*lines, "#Summary:"]) + "\n")
        return path


def years(seed: int = 0, periods: int = PERIODS, runs: int = RUNS) -> Years:
    """Runs of unequal luminosity; between the periods some months go by."""
    rng = np.random.default_rng(seed)
    delivered = rng.gamma(4.0, size=(periods, runs))
    delivered *= PER_PERIOD / delivered.sum(axis=1, keepdims=True)
    number = np.arange(periods * runs)
    begin = BEGIN + WEEK * (0.2 * number + 4 * (number // runs))
    return Years(FIRST_RUN + APART * number, delivered.ravel(), begin)


def drawn(seed: int, of: Years, periods: int = PERIODS, **options: Any) -> list[Result]:
    """Draw the results of some periods; the options are those of `drawn_counts`."""
    passed, total = drawn_counts(seed, of, **options)
    parts = np.array_split(np.arange(len(of.run)), periods)
    return [
        _result(f"{seed}-{number}", of, part, passed, total) for number, part in enumerate(parts)
    ]


def drawn_series(seed: int, of: Years, periods: int = PERIODS, **options: Any) -> Series:
    """Draw what `series` would make of such results, in a hundredth of the time."""
    passed, total = drawn_counts(seed, of, **options)
    blocks = [
        Runs(of.run[part], passed[:, part], total[:, part])
        for part in np.array_split(np.arange(len(of.run)), periods)
    ]
    spread = spread_of(blocks, family(), own=True)
    name = "by_chamber_and_run"
    return Series(name, name, family(), of.run, of.middle, passed, total, spread, (), 0)


def drawn_counts(
    seed: int,
    of: Years,
    *,
    ageing: float = 0.0,
    station: int = 1,
    ill_from: int | None = None,
    ill_loss: float = 0.1,
    ill_until: int | None = None,
    together: float = 0.0,
    by_station: float = 0.0,
    by_chamber: float = 0.0,
    probes: float = 100.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw counts of the chambers in each run: passed and total, shape (250, runs).

    Args:
        seed: Of this toy.
        of: The runs.
        ageing: Loss of efficiency per 1/fb of one station.
        station: Which one.
        ill_from: Number of the run from which on the chamber `ILL` has lost something.
        ill_loss: How much.
        ill_until: Number of the run from which on it is well again; None: it stays ill.
        together: Standard deviation by which all chambers vary from run to run.
        by_station: The same for each station on its own.
        by_chamber: The same for each chamber.
        probes: Mean of a chamber in a run.
    """
    rng, usual = np.random.default_rng(seed), np.random.default_rng(CHAMBERS_SEED)
    everywhere = chambers()
    at = np.array([each.station - 1 for each in everywhere])
    true = np.minimum(usual.normal(EFFICIENCY[at], BETWEEN_CHAMBERS), 0.9995)[:, np.newaxis]
    n = len(of.run)
    lost = ageing * of.middle * (at == station - 1)[:, np.newaxis]
    if ill_from is not None:
        runs = (np.arange(n) >= ill_from) & (np.arange(n) < (n if ill_until is None else ill_until))
        lost[everywhere.index(ILL)] += ill_loss * runs
    in_run = true - lost + together * rng.normal(size=n)
    in_run += by_station * rng.normal(size=(4, n))[at] + by_chamber * rng.normal(size=(len(at), n))
    total = rng.poisson(probes * of.delivered / of.delivered.mean(), (len(at), n))
    return rng.binomial(total, np.clip(in_run, 0, 1)), total


def with_theta(result: Result) -> Result:
    """Have the theta trigger, which MB4 has none of, count what segments do."""
    counts = result.counts["by_chamber_and_run"]
    theta = KNOWN[THETA].empty({"run": [int(run) for run in counts.axes["run"]]})
    theta.view()[...] = np.asarray(counts.view())[:3]
    groups = result.config.model_copy(
        update={
            "measurements": result.config.measurements.model_copy(update={"groups": ("trigger",)})
        }
    )
    return replace(result, config=groups, counts={**result.counts, THETA: theta})


def _result(
    name: str, of: Years, part: Sequence[int] | np.ndarray, passed: np.ndarray, total: np.ndarray
) -> Result:
    active = config().measurements.active()
    numbers = [int(run) for run in of.run[part]]
    counts = {each: active[each].empty({"run": numbers}) for each in MEASUREMENTS}
    cells = np.stack([total - passed, passed], axis=-1)[:, part]
    for chamber, mine in zip(chambers(), cells, strict=True):
        place = chamber.station - 1, chamber.wheel + 2, chamber.sector - 1
        counts["by_chamber_and_run"].view()[place] = mine
        counts["by_chamber"].view()[place] = mine.sum(axis=0)
    return replace(made([row(f"file{name}", 0, 10)]), counts=counts)
