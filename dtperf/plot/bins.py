"""What is drawn of a histogram: efficiencies and entries in bins of its axes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import hist
import numpy as np

from dtperf.measurements.declaration import Histogram
from dtperf.statistics import clopper_pearson
from dtperf.typing import F64, I64, Bools

__all__ = ["Binned", "at", "charges", "edges_of", "stations", "values_of", "variables"]


NOT_VARIABLES = frozenset({"station", "wheel", "sector", "probe_charge", "passed", "moment"})


@dataclass(frozen=True, eq=False)
class Binned:
    """Passed and total in bins."""

    passed: I64
    """Any shape."""
    total: I64
    """The same shape."""

    @classmethod
    def of(cls, counts: Histogram, *axes: str) -> Binned:
        """Sum up all other axes, with what lies beyond their bins.

        Args:
            counts: An efficiency.
            axes: Names of those that are kept.
        """
        view = np.asarray(counts.project(*axes, "passed").view(), dtype=np.int64)
        return cls(view[..., 1], view.sum(axis=-1))

    @property
    def filled(self) -> Bools:
        """Whether there is anything in a bin."""
        return self.total > 0

    @property
    def value(self) -> F64:
        """The efficiency, NaN in empty bins."""
        value: F64 = np.where(self.filled, self.passed / np.maximum(self.total, 1), np.nan)
        return value

    @property
    def interval(self) -> tuple[F64, F64]:
        """Both ends of the Clopper-Pearson interval of one standard deviation."""
        return clopper_pearson(self.passed, self.total)

    def __getitem__(self, index: Any) -> Binned:
        return Binned(self.passed[index], self.total[index])


def at(counts: Histogram, **bins: int) -> Histogram:
    """Take one bin, counted from 0, of some axes, which are then gone."""
    chosen: Any = bins
    taken: Any = counts[chosen]
    return cast("Histogram", taken)


def variables(counts: Histogram) -> list[str]:
    """List the axes that are neither places nor charge, nor what is counted."""
    return [axis.name for axis in counts.axes if axis.name not in NOT_VARIABLES]


def edges_of(axis: Any) -> F64:
    """Give the edges of the bins; integers lie in the middle of theirs."""
    if isinstance(axis, hist.axis.IntCategory):
        return np.arange(len(axis) + 1.0) - 0.5
    edges = np.asarray(axis.edges, dtype=np.float64)
    return edges - 0.5 if isinstance(axis, hist.axis.Integer) else edges


def values_of(axis: Any) -> list[int]:
    """Give the integers that the bins of a category axis stand for."""
    return [int(str(value)) for value in axis]


def stations(counts: Histogram) -> Iterator[tuple[int, Histogram]]:
    """Give number and histogram of MB1 to MB4, without the axis."""
    for index, number in enumerate(range(1, 5)):
        yield number, at(counts, station=index)


def charges(counts: Histogram) -> Iterator[tuple[str, Histogram]]:
    """Give sign and histogram of each bin of the probe's charge, one of both signs without it."""
    if "probe_charge" not in counts.axes.name:
        yield "", counts
        return
    axis = counts.axes["probe_charge"]
    for index, (low, high) in enumerate(zip(axis.edges[:-1], axis.edges[1:], strict=True)):
        # binned by the user, a bin may hold both
        sign = "+" if low >= 0 else "-" if high <= 0 else r"\pm"
        yield rf"$\mu^{{{sign}}}$", at(counts, probe_charge=index)
