"""Bins of equal luminosity, or of equal time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.diagnostics.ageing.series import Series
from dtperf.diagnostics.ageing.shapes import Course
from dtperf.errors import ConfigError
from dtperf.results.row_columns import Columns, field_columns
from dtperf.results.table import Table

__all__ = ["Bin", "bins_of", "width_for"]

USUAL, MOST = 20, 1000
ROUND = (1.0, 2.0, 5.0, 10.0)


class Bin(NamedTuple):
    """The efficiency of a place in a part of the luminosity, or of the time."""

    start: float
    """1/fb, or years since 1970."""
    stop: float
    middle: float
    """Mean position of its probes."""
    first_run: int
    last_run: int
    passed: int
    """As if every cell had had its usual part of the probes."""
    total: int
    value: float
    """The efficiency."""
    uncertainty: float
    """One standard deviation, with what differs from run to run."""

    def cells(self) -> list[tuple[str, str]]:
        """Return what a table shows of it."""
        return [
            ("from", f"{self.start:g}"),
            ("to", f"{self.stop:g}"),
            ("runs", f"{self.first_run} – {self.last_run}"),
            ("efficiency %", f"{100 * self.value:.3f} ± {100 * self.uncertainty:.3f}"),
            ("passed / total", f"{self.passed:,} / {self.total:,}"),
        ]

    @classmethod
    def columns(cls) -> Columns:
        """Return the columns of a data frame."""
        return field_columns(cls)


def width_for(counts: Series) -> float:
    """Return a round width of which there are about 20 from the first run to the last."""
    wanted = counts.range / USUAL
    size = 10.0 ** np.floor(np.log10(wanted))
    return float(next(size * each for each in ROUND if size * each >= wanted * (1 - 1e-9)))


def bins_of(counts: Series, found: Course, width: float | None = None) -> Table[Bin]:
    """Sum up the runs of a place in equal steps of luminosity, or of time.

    Args:
        counts: Of all runs.
        found: The place.
        width: In units of x; None: a round one.

    Returns:
        Those that have probes.

    Raises:
        ConfigError: There would be none, or too many.
    """
    wide = width_for(counts) if width is None else width
    if wide <= 0 or counts.range / wide > MOST:
        raise ConfigError(f"bins of {wide:g}: take from {counts.range / MOST:.2g} up")
    number = np.floor(counts.x / wide).astype(np.int64)
    made = []
    for each in np.unique(number[found.total > 0]):
        runs = np.flatnonzero((number == each) & (found.total > 0))
        passed, total = (int(counted[runs].sum()) for counted in (found.passed, found.total))
        part, failing = found.total[runs] / total, (total - passed + 0.5) / (total + 1)
        variance = failing * (1 - failing) / total + found.variance * float(np.square(part).sum())
        made.append(
            Bin(
                float(each * wide),
                float((each + 1) * wide),
                float(part @ counts.x[runs]),
                int(counts.runs[runs].min()),
                int(counts.runs[runs].max()),
                passed,
                total,
                passed / total,
                float(np.sqrt(variance)),
            )
        )
    return Table(made, "no probes", Bin)
