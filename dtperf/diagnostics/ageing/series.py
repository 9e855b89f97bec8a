"""What is kept by run, of several results together, with the luminosity of each run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations, product
from typing import NamedTuple

import hist
import numpy as np

from dtperf.config.suggest import suggest
from dtperf.detector import Place, chambers
from dtperf.diagnostics.ageing.exposure import Against, Exposure
from dtperf.diagnostics.comparison.changes import shared_files
from dtperf.diagnostics.comparison.family import Family, family_of
from dtperf.diagnostics.comparison.runs import Runs, cells_by_run
from dtperf.diagnostics.comparison.spread import Spread, spread_of
from dtperf.errors import ConfigError, InputError
from dtperf.measurements.declaration import Histogram
from dtperf.results.result import Result
from dtperf.selection.brilcalc import first_runs
from dtperf.typing import F64, I64, AnyArray

__all__ = ["FEWEST_RUNS", "Series", "kept_by_run", "series"]

FEWEST_RUNS = 3
SAME_COUNTS = {"efficiency_vs_run": "by_chamber_and_run"}
"""Left out where the other is there, of which it is the sum."""
NAMED = ("station", "wheel", "sector")


class Series(NamedTuple):
    """Counts of places by run, in the order of luminosity or time."""

    measurement: str
    title: str
    family: Family
    """Places, the last of which are the cells that are counted."""
    runs: I64
    """Shape (runs,)."""
    x: F64
    """1/fb delivered until its middle, or years since 1970; increasing, shape (runs,)."""
    passed: I64
    """Shape (cells, runs)."""
    total: I64
    spread: Spread
    """What differs from run to run."""
    unknown: tuple[int, ...]
    """Runs that the tables of luminosity lack, which are left out."""
    lost: int
    """Probes of these."""

    @property
    def range(self) -> float:
        """From the first to the last run, in units of x."""
        return float(self.x[-1] - self.x[0])

    @property
    def unit(self) -> F64:
        """The runs' positions between the first, at 0, and the last, at 1."""
        scaled: F64 = (self.x - self.x[0]) / self.range
        return scaled


def kept_by_run(results: Sequence[Result]) -> list[str]:
    """Return the names of the efficiencies that all results keep by run."""
    common = [name for name in results[0].counts if all(name in each.counts for each in results)]
    found = [name for name in common if _is_by_run(results[0].counts[name])]
    return [name for name in found if SAME_COUNTS.get(name) not in found]


def _is_by_run(counts: Histogram) -> bool:
    return {"run", "passed", "station"} <= {*counts.axes.name} and all(
        isinstance(axis, hist.axis.IntCategory if axis.name == "run" else hist.axis.Integer)
        for axis in counts.axes
        if axis.name in ("run", *NAMED)
    )


def series(
    results: Sequence[Result], measurement: str, found: Exposure, against: Against = "luminosity"
) -> Series:
    """Count an efficiency by place and run.

    Args:
        results: Of different events.
        measurement: Name of an efficiency that all have measured against the run.
        found: The luminosity of the runs.
        against: What runs are ordered by.

    Raises:
        ConfigError: It was not measured by all, or not against the run.
        InputError: Two results have read the same files, or too few runs are known.
    """
    for one, other in combinations(results, 2):
        if shared := shared_files(one, other):
            raise InputError(f"two of the results have read {shared:,} of the same files")
    if measurement not in (names := kept_by_run(results)):
        known = f"; there are {', '.join(names)}" if names else ""
        raise ConfigError(
            f"'{measurement}' is no efficiency that all results keep by run and station"
            f"{suggest(measurement, names)}{known}"
        )
    counts = results[0].counts[measurement]
    cells = _cells(counts)
    blocks, unknown, lost = [], set(), 0
    for result in results:
        runs = cells_by_run(result.counts[measurement], cells)
        kept = np.isfinite(found.at(runs.numbers, against))
        some = runs.total.any(axis=0)
        unknown |= set(runs.numbers[~kept & some].tolist())
        lost += int(runs.total[:, ~kept].sum())
        kept &= some
        blocks.append(Runs(runs.numbers[kept], runs.passed[:, kept], runs.total[:, kept]))
    numbers = np.unique(np.concatenate([block.numbers for block in blocks]))
    if len(numbers) < FEWEST_RUNS:
        raise InputError(_too_few(len(numbers), sorted(unknown), found))
    x = found.at(numbers, against)
    order = np.argsort(x, kind="stable")
    if x[order[-1]] <= x[order[0]]:
        raise InputError(f"{', '.join(found.files)}: no luminosity was delivered between the runs")
    whole = family_of(cells)
    passed, total = (_joined(blocks, numbers, name)[:, order] for name in ("passed", "total"))
    return Series(
        measurement,
        _title(results[0], measurement),
        whole,
        numbers[order],
        x[order],
        passed,
        total,
        spread_of([block for block in blocks if block.numbers.size], whole, own=True),
        tuple(sorted(unknown)),
        lost,
    )


def _title(result: Result, measurement: str) -> str:
    text = result.config.measurements.active()[measurement].title
    return re.sub(r",? (of each chamber )?against run$", "", text)


def _cells(counts: Histogram) -> tuple[Place, ...]:
    """Return the smallest places that have bins of their own."""
    named = [name for name in NAMED if name in counts.axes.name]
    values = {name: [int(value) for value in counts.axes[name]] for name in named}
    if named == [*NAMED] and values["sector"] == [*range(1, 15)]:
        return tuple(Place(*each) for each in chambers() if each.station in values["station"])
    # sectors without 13 and 14, as RPCs have them, are no chambers
    values.pop("sector", None)
    found = [Place(**dict(zip(values, each, strict=True))) for each in product(*values.values())]
    return tuple(sorted(found, key=lambda place: (place.station, place.wheel)))


def _joined(blocks: Sequence[Runs], numbers: I64, name: str) -> I64:
    """Put counts of results side by side; a run that is in two of them is added."""
    first: AnyArray = getattr(blocks[0], name)
    joined = np.zeros((len(first), len(numbers)), dtype=np.int64)
    for block in blocks:
        joined[:, np.searchsorted(numbers, block.numbers)] += getattr(block, name)
    return joined


def _too_few(known: int, unknown: Sequence[int], found: Exposure) -> str:
    files = ", ".join(found.files)
    if not unknown:
        return f"a trend takes {FEWEST_RUNS} runs at least, and the results have {known}"
    lacks = f"{files}: lacks {first_runs(unknown)} of the results"
    return f"{lacks}: write a table of all these runs with brilcalc"
