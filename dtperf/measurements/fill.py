"""Fill measurements from tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dtperf.errors import InputError
from dtperf.measurements.binning import (
    MOST_CATEGORIES,
    add_moments,
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

__all__ = ["LARGEST_IN_MEAN", "SUM_OF_SQUARES_UNIT", "SUM_UNIT", "bin_numbers", "can_fill", "fill"]

SUM_UNIT = 2.0**-30
"""Unit of a profile's sum: whole numbers add up to the same total in any order."""
SUM_OF_SQUARES_UNIT = 2.0**-24
"""Unit of a profile's sum of squares."""

LARGEST_IN_MEAN = 2.0**19
"""The square of such a value alone would overflow a sum in these units."""


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
    cache = _Cache({}, {}, {})
    filled = {}
    used = {measurement.table for measurement in measurements.values()}
    for table in reversed([name for name in tables if name in used]):
        rows = tables[table]
        for name, measurement in measurements.items():
            if measurement.table == table and can_fill(measurement, rows):
                filled[name] = _fill(measurement, rows, cache)
        cache.forget(rows)
        del rows
        done_with(table)
    return {name: filled[name] for name in measurements if name in filled}


def can_fill(measurement: Measurement, table: Table) -> bool:
    """Return whether a table has the columns that a measurement uses."""
    return all(column in table for column in measurement.columns)


class _Runs(NamedTuple):
    """The categories of some rows on an axis, such as their runs."""

    present: AnyArray
    """Increasing."""
    bins: I16
    """Of each row of the table, -1 where it has none."""


class _Cache(NamedTuple):
    """What all measurements of some tables share."""

    bins: dict[tuple[int, Axis | str], I16]
    """Bin numbers by table, and by axis or boolean column."""
    runs: dict[tuple[int, tuple[str, ...], Category], _Runs]
    """Categories by table, by what holds for the rows that enter, and by axis."""
    positions: dict[tuple[int, tuple[Axis, ...]], I32]
    """Where rows are on the first axes of a histogram, by table and by these axes: many
    measurements have the chamber, and more, in common."""

    def forget(self, table: Table) -> None:
        """Forget what is known of a table."""
        every: tuple[dict[Any, Any], ...] = self
        for known in every:
            for key in [key for key in known if key[0] == id(table)]:
                del known[key]


def _fill(measurement: Measurement, table: Table, cache: _Cache) -> Histogram:
    rows, axes = table.rows_where(measurement.rows), measurement.axes
    runs: dict[Axis | str, _Runs] = {
        axis: _cached_runs(table, measurement.rows, axis, cache)
        for axis in axes
        if isinstance(axis, Category)
    }
    categories = {axis.name: runs[axis].present.tolist() for axis in axes if axis in runs}
    histogram = measurement.empty(categories)
    view: Any = histogram.view(flow=True)
    if measurement.mean_of:
        positions = _positions(table, axes, view.shape, runs, cache)
        _count_moments(view, rows, positions, table[measurement.mean_of])
        return histogram
    last: Axis | str = measurement.passed or axes[-1]
    first = axes if measurement.passed else axes[:-1]
    thresholds = [at for at, axis in enumerate(axes) if isinstance(axis, AtLeast)]
    shape = [n + (at in thresholds) for at, n in enumerate(view.shape)]
    counts = np.zeros(shape, dtype=np.int64, order="F") if thresholds else view
    positions = _positions(table, first, shape, runs, cache)
    count(_flat(counts), rows, positions, _bins(table, last, runs, cache), math.prod(shape[:-1]))
    if thresholds:
        _add_thresholds(view, counts, thresholds[0])
    return histogram


def _bins(table: Table, axis: Axis | str, runs: Mapping[Axis | str, _Runs], cache: _Cache) -> I16:
    """Return the bin numbers on an axis or a boolean column."""
    return runs[axis].bins if axis in runs else _cached_bins(table, axis, cache)


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
            found[key] = bin_numbers(axis, table[column])
    return found[key]


def _cached_runs(table: Table, names: tuple[str, ...], axis: Category, cache: _Cache) -> _Runs:
    """Return the categories of the rows for which the named columns hold."""
    key = (id(table), names, axis)
    if key not in cache.runs:
        values = table[axis.column]
        present = _categories(values[table.rows_where(names)], axis)
        cache.runs[key] = _Runs(present, category_bins(values, present))
    return cache.runs[key]


def _positions(
    table: Table,
    axes: Sequence[Axis],
    shape: Sequence[int],
    runs: Mapping[Axis | str, _Runs],
    cache: _Cache,
) -> I32:
    """Return where rows are on the first axes of a histogram, whose first axis is the densest.

    Args:
        table: The rows.
        axes: The first ones.
        shape: Of the histogram with its flow bins.
        runs: Categories of the rows that enter, by axis: other measurements have others.
        cache: Where positions on other axes are kept.

    Returns:
        Shape (rows,); -1 where a row has no bin.
    """
    if not axes:
        return np.zeros(table.rows, dtype=np.int32)
    key, is_shared = (id(table), tuple(axes)), not runs.keys() & set(axes)
    if is_shared and key in cache.positions:
        return cache.positions[key]
    parent, (*first, last) = table.parent, axes
    if is_shared and parent is not None and all(table.inherits(axis.column) for axis in axes):
        found = table.of_parent(_positions(parent, axes, shape, runs, cache))
    else:
        before = _positions(table, first, shape, runs, cache)
        found = step(before, _bins(table, last, runs, cache), math.prod(shape[: len(first)]))
    if is_shared:
        cache.positions[key] = found
    return found


def _categories(values: AnyArray, axis: Category) -> AnyArray:
    """Return the values that an axis can have; the others were counted as anomalies."""
    distinct = _distinct(values)
    fitting = distinct[(distinct <= LARGEST_CATEGORY) & (distinct >= -LARGEST_CATEGORY - 1)]
    if len(fitting) > MOST_CATEGORIES:
        message = f"{axis.column}: {len(fitting):,} different values in one chunk cannot be"
        raise InputError(message, "corrupt")
    return fitting


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
    return counts.reshape(-1, order="F", copy=False)


def _count_moments(counts: I64, rows: Intp, positions: I32, values: AnyArray) -> None:
    # NaN, and what would not fit into a sum, has no place in a mean
    rows = rows[np.abs(values[rows]) < LARGEST_IN_MEAN]
    entries, sums, squares = (_flat(counts[..., moment]) for moment in range(len(MOMENTS)))
    add_moments(entries, sums, squares, rows, positions, values, SUM_UNIT, SUM_OF_SQUARES_UNIT)


def _add_thresholds(counts: I64, raw: I64, at: int) -> None:
    """Count at every threshold what reaches it: `raw` has a bin more there, for none reached."""
    total = raw.sum(axis=(at, -1), keepdims=True)[..., 0]
    reached = np.flip(np.cumsum(np.flip(raw[..., 1], axis=at), axis=at), axis=at)
    passed = np.delete(reached, 0, axis=at)
    counts[..., 1] += passed
    counts[..., 0] += total - passed
