"""Fill measurements from tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dtperf.measurements.binning import add_moments, count
from dtperf.measurements.declaration import (
    MOMENTS,
    AtLeast,
    Category,
    Histogram,
    Measurement,
)
from dtperf.measurements.places import Shared, Term
from dtperf.selection.tables import Table
from dtperf.typing import I32, I64, AnyArray

__all__ = ["LARGEST_IN_MEAN", "SUM_OF_SQUARES_UNIT", "SUM_UNIT", "can_fill", "fill"]

SUM_UNIT = 2.0**-30
"""Unit of a profile's sum: whole numbers add up to the same total in any order."""
SUM_OF_SQUARES_UNIT = 2.0**-24
"""Unit of a profile's sum of squares."""

LARGEST_IN_MEAN = 2.0**19
"""The square of such a value alone would overflow a sum in these units."""

MOST_BINS = 2**31 - 1
"""Of one histogram: places are kept in 32 bits."""


def fill(
    measurements: Mapping[str, Measurement],
    tables: Mapping[str, Table],
    done_with: Callable[[str], None] = lambda _: None,
) -> dict[str, Histogram]:
    """Fill each measurement whose columns are there.

    Args:
        measurements: Declarations by name.
        tables: 'pairs' and 'crossings', and others; each parent before its children.
        done_with: Called with the name of each table when its measurements are filled, its
            children's before its own: what was made of its rows is the most of a chunk's memory.

    Returns:
        Histograms by the measurement's name; without those that need a column that is not there.

    Raises:
        InputError: A column of categories, such as the run, has more values than can be.
    """
    filled = {}
    used = {measurement.table for measurement in measurements.values()}
    for table in reversed([name for name in tables if name in used]):
        shared = Shared(tables[table])
        for name, measurement in measurements.items():
            if measurement.table == table and can_fill(measurement, shared.table):
                filled[name] = _fill(measurement, shared)
        del shared
        done_with(table)
    return {name: filled[name] for name in measurements if name in filled}


def can_fill(measurement: Measurement, table: Table) -> bool:
    """Return whether a table has the columns that a measurement uses."""
    return all(column in table for column in measurement.columns)


def _fill(measurement: Measurement, shared: Shared) -> Histogram:
    table, axes, names = shared.table, measurement.axes, measurement.rows
    runs = {axis: shared.runs(names, axis) for axis in axes if isinstance(axis, Category)}
    categories = {axis.name: found.present.tolist() for axis, found in runs.items()}
    histogram = measurement.empty(categories)
    view: Any = histogram.view(flow=True)
    thresholds = [at for at, axis in enumerate(axes) if isinstance(axis, AtLeast)]
    shape = [n + (at in thresholds) for at, n in enumerate(view.shape)]
    if math.prod(shape) > MOST_BINS:
        raise MemoryError(f"{math.prod(shape):,} bins")
    strides = [math.prod(shape[:at]) for at in range(len(shape))]
    terms, of_categories = [], {}
    for axis, stride in zip(axes, strides, strict=False):
        term = Term(axis, stride, names if axis in runs else ())
        terms.append(term)
        if axis in runs:
            of_categories[term] = runs[axis].bins
    passed, rows = measurement.passed, table.rows_where(names)
    if passed and shared.is_inherited(passed):
        terms.append(Term(passed, strides[-1], ()))
        passed = None
    places = shared.places_of(tuple(terms), of_categories)
    if measurement.mean_of:
        _count_moments(view, rows, shared.joined(places), table[measurement.mean_of])
        return histogram
    has_passed, stride = shared.never, 0
    if passed:
        has_passed, stride = table[passed].astype(np.bool_, copy=False), strides[-1]
    counts = np.zeros(shape, dtype=np.int64, order="F") if thresholds else view
    count(_flat(counts), rows, places.own, shared.link, places.of_parent, has_passed, stride)
    if thresholds:
        _add_thresholds(view, counts, thresholds[0])
    return histogram


def _flat(counts: I64) -> I64:
    """Return a flat view of contents, without a copy."""
    return counts.reshape(-1, order="F", copy=False)


def _count_moments(counts: I64, rows: I32, places: I32, values: AnyArray) -> None:
    # NaN, and what would not fit into a sum, has no place in a mean
    entries, sums, squares = (_flat(counts[..., moment]) for moment in range(len(MOMENTS)))
    units = (SUM_UNIT, SUM_OF_SQUARES_UNIT)
    add_moments(entries, sums, squares, rows, places, values, *units, LARGEST_IN_MEAN)


def _add_thresholds(counts: I64, raw: I64, at: int) -> None:
    """Count at every threshold what reaches it: `raw` has a bin more there, for none reached."""
    total = raw.sum(axis=(at, -1), keepdims=True)[..., 0]
    reached = np.flip(np.cumsum(np.flip(raw[..., 1], axis=at), axis=at), axis=at)
    passed = np.delete(reached, 0, axis=at)
    counts[..., 1] += passed
    counts[..., 0] += total - passed
