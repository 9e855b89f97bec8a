"""Count by chamber, or another place, and run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dtperf import detector
from dtperf.measurements.declaration import Histogram
from dtperf.results.result import Result
from dtperf.typing import I64, AnyArray

__all__ = ["Runs", "by_run", "cells_by_run"]

MEASUREMENT = "by_chamber_and_run"


class Runs(NamedTuple):
    """Counts of chambers, or other cells, in the runs of one result, of shape (cells, runs)."""

    numbers: I64
    """Of the runs, in their order."""
    passed: AnyArray
    total: AnyArray


def by_run(result: Result) -> Runs | None:
    """Count by chamber and run.

    Returns:
        Counts; None if 'by_chamber_and_run' was not measured.
    """
    if MEASUREMENT not in result.counts:
        return None
    cells = tuple(detector.Place(*chamber) for chamber in detector.chambers())
    return cells_by_run(result.counts[MEASUREMENT], cells)


def cells_by_run(counts: Histogram, cells: Sequence[detector.Place]) -> Runs:
    """Count by place and run, summed over all axes that are neither.

    Args:
        counts: With axes 'run' and 'passed', and those that the cells are told apart by.
        cells: Of 'station', 'wheel' and 'sector' all have the same, each one bin.
    """
    named = [name for name in ("station", "wheel", "sector") if getattr(cells[0], name) is not None]
    axes = [counts.axes[name] for name in named]
    numbers = np.asarray(list(counts.axes["run"]), dtype=np.int64)
    order = np.argsort(numbers)
    # a category axis that grows has nothing in its overflow
    view = np.asarray(counts.project(*named, "run", "passed").view())[..., : len(numbers), :]
    found = [
        view[tuple(a.index(getattr(cell, n)) for a, n in zip(axes, named, strict=True))]
        for cell in cells
    ]
    pairs = np.stack(found)[:, order].astype(np.int64)
    return Runs(numbers[order], pairs[..., 1], pairs.sum(axis=-1))
