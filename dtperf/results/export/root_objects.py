"""What a ROOT file holds: histograms, efficiencies and profiles of one or two axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from dtperf.measurements.moments import SUM_OF_SQUARES_UNIT, SUM_UNIT
from dtperf.results.export.cells import Bins, HistogramCells
from dtperf.typing import F64

__all__ = ["ReferenceObject", "RootEfficiency", "RootHistogram", "RootProfile", "to_object"]


@dataclass(frozen=True, eq=False)
class _Object:
    title: str
    value_title: str
    """What a bin holds, in TLatex."""
    axes: tuple[Bins, ...]


@dataclass(frozen=True, eq=False)
class RootHistogram(_Object):
    """Counts; every array has shape (bins + 2 of each axis), with underflow and overflow."""

    counts: F64
    variances: F64 | None = None
    """Of weights; None: counts."""
    kind: ClassVar[Literal["histogram"]] = "histogram"


@dataclass(frozen=True, eq=False)
class RootEfficiency(_Object):
    """Passed among all; every array has shape (bins + 2 of each axis)."""

    passed: F64
    total: F64
    kind: ClassVar[Literal["efficiency"]] = "efficiency"


@dataclass(frozen=True, eq=False)
class RootProfile(_Object):
    """Mean of y in bins of x; every array has shape (bins + 2,)."""

    entries: F64
    sums: F64
    """Sum of y."""
    squares: F64
    """Sum of y squared."""
    kind: ClassVar[Literal["profile"]] = "profile"

    @property
    def mean(self) -> F64:
        """Mean of y, 0 without entries."""
        return self.sums / np.maximum(self.entries, 1)


ReferenceObject = RootHistogram | RootEfficiency | RootProfile


def to_object(
    cells: HistogramCells, title: str, value_title: str, axes: tuple[Bins, ...] | None = None
) -> ReferenceObject:
    """Make the object that a cell's kind asks for.

    Args:
        cells: Of one or two axes.
        title: Its title.
        value_title: What a bin holds.
        axes: Bins to show instead of those of the cells.
    """
    axes = axes or cells.axes
    numbers = [column.astype(np.float64) for column in np.moveaxis(cells.values, -1, 0)]
    match cells.kind:
        case "histogram":
            return RootHistogram(title, value_title, axes, numbers[0])
        case "weighted":
            return RootHistogram(title, value_title, axes, *numbers)
        case "efficiency":
            failed, passed = numbers
            return RootEfficiency(title, value_title, axes, passed, failed + passed)
        case "profile":
            entries, sums, squares = numbers
            units = SUM_UNIT, SUM_OF_SQUARES_UNIT
            return RootProfile(
                title, value_title, axes, entries, sums * units[0], squares * units[1]
            )
