"""Fill measurements from tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from dtperf.errors import InputError
from dtperf.measurements.binning import (
    MOST_CATEGORIES,
    add_rounded,
    category_bins,
    count,
    integer_bins,
    regular_bins,
    step,
    variable_bins,
)
from dtperf.measurements.declaration import (
    MOMENTS,
    AtLeast,
    Axis,
    Category,
    Histogram,
    Integer,
    Measurement,
    OlderRegular,
    Regular,
    Variable,
)
from dtperf.selection.cuts import LARGEST_CATEGORY
from dtperf.selection.tables import Table
from dtperf.typing import I16, I32, I64, AnyArray, Intp

__all__ = ["LARGEST_IN_MEAN", "SUM_OF_SQUARES_UNIT", "SUM_UNIT", "bin_numbers", "fill"]

SUM_UNIT = 2.0**-30
"""Unit of a profile's sum: whole numbers add up to the same total in any order."""
SUM_OF_SQUARES_UNIT = 2.0**-24
"""Unit of a profile's sum of squares."""

LARGEST_IN_MEAN = 2.0**19
"""The square of such a value alone would overflow a sum in these units."""


def fill(
    measurements: Mapping[str, Measurement], tables: Mapping[str, Table]
) -> dict[str, Histogram]:
    """Fill each measurement whose columns are there.

    Args:
        measurements: Declarations by name.
        tables: 'pairs' and 'crossings'.

    Returns:
        Histograms by the measurement's name; without those that need a column that is not there.

    Raises:
        InputError: A column of categories, such as the run, has more values than can be.
    """
    cache = _Cache({}, {})
    return {
        name: _fill(measurement, tables[measurement.table], cache)
        for name, measurement in measurements.items()
        if measurement.columns <= tables[measurement.table].keys()
    }


class _Cache(NamedTuple):
    """Bin numbers and memory that all measurements of some tables share."""

    bins: dict[tuple[int, Axis | str], I16]
    """Bin numbers by table, and by axis or boolean column."""
    buffers: dict[int, I32]
    """Memory for positions, by number of rows: allocating it anew takes longer than to fill it."""

    def buffer(self, rows: int) -> I32:
        """Return the memory, uninitialised."""
        if rows not in self.buffers:
            self.buffers[rows] = np.empty(rows, dtype=np.int32)
        return self.buffers[rows]


def _fill(measurement: Measurement, table: Table, cache: _Cache) -> Histogram:
    rows = table.rows_where(measurement.rows)
    bins = []
    categories = {}
    for axis in measurement.axes:
        if isinstance(axis, Category):
            values = table[axis.column]
            present, are_all = _categories(values[rows], axis)
            categories[axis.name] = present.tolist()
            bins.append(category_bins(values, present))
            if not are_all:  # the others were counted as anomalies
                rows = rows[bins[-1][rows] >= 0]
            continue
        bins.append(_cached_bins(table, axis, cache))
        if isinstance(axis, Integer) and len(rows) and bins[-1].min() < 0:
            rows = rows[bins[-1][rows] >= 0]
    if measurement.passed:
        bins.append(_cached_bins(table, measurement.passed, cache))
    histogram = measurement.empty(categories)
    view: Any = histogram.view(flow=True)
    buffer = cache.buffer(table.rows)
    if measurement.mean_of:
        _count_moments(view, rows, bins, table[measurement.mean_of], buffer)
    elif any(isinstance(axis, AtLeast) for axis in measurement.axes):
        _count_thresholds(view, rows, bins, measurement, buffer)
    else:
        count(_flat(view), rows, _positions(view, bins, buffer))
    return histogram


def _cached_bins(table: Table, axis: Axis | str, cache: _Cache) -> I16:
    """Return the bin numbers on an axis or a boolean column, computed once for all measurements."""
    key = (id(table), axis)
    found = cache.bins
    if key not in found:
        column = axis if isinstance(axis, str) else axis.column
        if table.parent is not None and table.inherits(column):
            # fewer rows to bin, and a bin number is smaller than what it was made of
            found[key] = table.of_parent(_cached_bins(table.parent, axis, cache))
        elif isinstance(axis, str):
            found[key] = table[axis].astype(np.int16)
        else:
            found[key] = bin_numbers(axis, table[axis.column])
    return found[key]


def _categories(values: AnyArray, axis: Category) -> tuple[AnyArray, bool]:
    """Return the values that an axis can have, and whether these are all."""
    distinct = _distinct(values)
    fitting = distinct[(distinct <= LARGEST_CATEGORY) & (distinct >= -LARGEST_CATEGORY - 1)]
    if len(fitting) > MOST_CATEGORIES:
        message = f"{axis.column}: {len(fitting):,} different values in one chunk cannot be"
        raise InputError(message, "corrupt")
    return fitting, len(fitting) == len(distinct)


def _distinct(values: AnyArray) -> AnyArray:
    # neighbours are mostly equal: leave few to sort
    return np.unique(values[np.flatnonzero(np.diff(values, prepend=values[:1] + 1))])


def bin_numbers(axis: Axis, values: AnyArray) -> I16:
    """Return the bins of values on an axis, flow bins included; -1 is in no bin.

    Args:
        axis: Any but one of categories, whose bins only a whole table knows.
        values: Shape (rows,).
    """
    match axis:
        case Regular():
            by_edges = not isinstance(axis, OlderRegular)
            return regular_bins(values, axis.bins, axis.start, axis.stop, by_edges)
        case Variable():
            return variable_bins(values, np.asarray(axis.edges, dtype=np.float64))
        case Integer():
            return integer_bins(values, axis.first, axis.last - axis.first + 1)
        case AtLeast():
            # bin 0 reaches no threshold, the last one reaches them all
            reached = np.clip(values - (axis.first - 1), 0, axis.last - axis.first + 1)
            return np.asarray(reached, dtype=np.int16)
    raise AssertionError(axis)


def _flat(counts: I64) -> I64:
    """Return a flat view of contents, without a copy."""
    return counts.reshape(-1, order="A", copy=False)


def _positions(counts: I64, bins: list[I16], buffer: I32) -> I32:
    """Return where in the flat contents each row is, shape (rows,), in the memory that is given."""
    buffer.fill(0)
    for numbers, stride in zip(bins, counts.strides, strict=True):
        step(buffer, numbers, stride // counts.itemsize)
    return buffer


def _count_moments(
    counts: I64,
    rows: Intp,
    bins: list[I16],
    values: AnyArray,
    buffer: I32,
) -> None:
    # NaN, and what would not fit into a sum, has no place in a mean
    rows = rows[np.abs(values[rows]) < LARGEST_IN_MEAN]
    entries, sums, squares = (counts[..., moment] for moment in range(len(MOMENTS)))
    positions = _positions(entries, bins, buffer)
    count(_flat(entries), rows, positions)
    add_rounded(_flat(sums), rows, positions, values, SUM_UNIT, 1)
    add_rounded(_flat(squares), rows, positions, values, SUM_OF_SQUARES_UNIT, 2)


def _count_thresholds(
    counts: I64,
    rows: Intp,
    bins: list[I16],
    measurement: Measurement,
    buffer: I32,
) -> None:
    at = next(i for i, axis in enumerate(measurement.axes) if isinstance(axis, AtLeast))
    shape = list(counts.shape)
    shape[at] += 1
    raw = np.zeros(shape, dtype=np.int64)
    count(_flat(raw), rows, _positions(raw, bins, buffer))
    total = raw.sum(axis=(at, -1), keepdims=True)[..., 0]
    reached = np.flip(np.cumsum(np.flip(raw[..., 1], axis=at), axis=at), axis=at)
    passed = np.delete(reached, 0, axis=at)
    counts[..., 1] += passed
    counts[..., 0] += total - passed
