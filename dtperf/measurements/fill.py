"""Fill measurements from tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
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
from dtperf.selection.ragged import take
from dtperf.selection.tables import Table
from dtperf.typing import I16, I32, I64, AnyArray, Bools

__all__ = ["LARGEST_IN_MEAN", "SUM_OF_SQUARES_UNIT", "SUM_UNIT", "bin_numbers", "can_fill", "fill"]

SUM_UNIT = 2.0**-30
"""Unit of a profile's sum: whole numbers add up to the same total in any order."""
SUM_OF_SQUARES_UNIT = 2.0**-24
"""Unit of a profile's sum of squares."""

LARGEST_IN_MEAN = 2.0**19
"""The square of such a value alone would overflow a sum in these units."""

MOST_BINS = 2**31 - 1
"""Of one histogram: places are kept in 32 bits."""


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
    shared: dict[str, _Shared] = {}
    filled = {}
    for name, measurement in measurements.items():
        table = tables[measurement.table]
        if can_fill(measurement, table):
            rows = shared.setdefault(measurement.table, _Shared(table))
            filled[name] = _fill(measurement, rows)
    return filled


def can_fill(measurement: Measurement, table: Table) -> bool:
    """Return whether a table has the columns that a measurement uses."""
    return all(column in table for column in measurement.columns)


class _Runs(NamedTuple):
    """The categories of some rows on an axis, such as their runs."""

    present: AnyArray
    """Increasing."""
    bins: I16
    """Of each row of the table that has the column, -1 where it has none."""


class _Term(NamedTuple):
    """What an axis, or a boolean column, adds to the place of a row in a flat histogram."""

    axis: Axis | str
    stride: int
    """Distance of neighbouring bins."""
    entering: tuple[str, ...]
    """Of categories what holds for the rows that enter: other rows may have others."""


class _Shared:
    """What all measurements of a table share.

    A column of the parent is binned there: fewer rows to bin, and a row finds the place of its
    parent while it is counted.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self._runs: dict[tuple[tuple[str, ...], Category], _Runs] = {}
        self._bins: dict[Axis | str, I16] = {}
        self._places: dict[tuple[_Term, ...], I32] = {}

    @cached_property
    def parent(self) -> _Shared:
        """Of the parent; of a table without parent itself, which then has no part in it."""
        return self if self.table.parent is None else _Shared(self.table.parent)

    @cached_property
    def never(self) -> Bools:
        """A boolean column that holds for no row."""
        return np.zeros(self.table.rows, dtype=np.bool_)

    @cached_property
    def link(self) -> I32:
        """Row of the parent of each row, shape (rows,); of no rows without parent."""
        return self.table.link.astype(np.int32, copy=False)

    def is_inherited(self, axis: Axis | str) -> bool:
        """Return whether an axis' column is the parent's."""
        return self.table.inherits(axis if isinstance(axis, str) else axis.column)

    def runs(self, names: tuple[str, ...], axis: Category) -> _Runs:
        """Return the categories of the rows for which the named columns hold."""
        key = (names, axis)
        if key not in self._runs:
            entering, owner = self.table.rows_where(names), self.table
            if self.is_inherited(axis):
                entering, owner = take(self.link, entering, np.int32(0)), self.parent.table
            values = owner[axis.column]
            present = _categories(take(values, entering, values.dtype.type(0)), axis)
            self._runs[key] = _Runs(present, category_bins(values, present))
        return self._runs[key]

    def places(self, terms: tuple[_Term, ...], of_categories: Mapping[_Term, I16]) -> I32:
        """Return where rows are on some axes of a histogram.

        Args:
            terms: What the axes add; their columns are this table's, or inherited by it.
            of_categories: Bins on axes of categories.

        Returns:
            Shape (rows,); -1 where a row has no bin.
        """
        if terms not in self._places:
            if terms:
                *first, last = terms
                before = self.places(tuple(first), of_categories)
                bins = of_categories.get(last)
                bins = self._bins_on(last.axis) if bins is None else bins
                self._places[terms] = step(before, bins, last.stride)
            else:
                self._places[terms] = np.zeros(self.table.rows, dtype=np.int32)
        return self._places[terms]

    def _bins_on(self, axis: Axis | str) -> I16:
        """Return the bin numbers on an axis or a boolean column, shape (rows,)."""
        if axis not in self._bins:
            if self.is_inherited(axis):
                self._bins[axis] = self.table.of_parent(self.parent._bins_on(axis))
            elif isinstance(axis, str):
                self._bins[axis] = self.table[axis].astype(np.int16)
            else:
                self._bins[axis] = bin_numbers(axis, self.table[axis.column])
        return self._bins[axis]


class _Places(NamedTuple):
    """Where the rows of a table are in a flat histogram: the sum of both, -1 is nowhere."""

    own: I32
    """By the columns of the table, shape (rows,)."""
    of_parent: I32
    """By those that it inherits, shape (rows of the parent,)."""
    has_inherited: bool
    """Whether there are any of these."""


def _fill(measurement: Measurement, shared: _Shared) -> Histogram:
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
    terms = {
        _Term(axis, stride, names if axis in runs else ()): axis
        for axis, stride in zip(axes, strides, strict=False)
    }
    of_categories = {term: runs[axis].bins for term, axis in terms.items() if axis in runs}
    passed, rows = measurement.passed, table.rows_where(names)
    if passed and shared.is_inherited(passed):
        terms[_Term(passed, strides[-1], ())] = passed
        passed = None
    places = _places(tuple(terms), shared, of_categories)
    if measurement.mean_of:
        _count_moments(view, rows, _joined(places, shared), table[measurement.mean_of])
        return histogram
    has_passed, stride = (table[passed], strides[-1]) if passed else (shared.never, 0)
    counts = np.zeros(shape, dtype=np.int64, order="F") if thresholds else view
    count(_flat(counts), rows, places.own, shared.link, places.of_parent, has_passed, stride)
    if thresholds:
        _add_thresholds(view, counts, thresholds[0])
    return histogram


def _places(
    terms: tuple[_Term, ...], shared: _Shared, of_categories: Mapping[_Term, I16]
) -> _Places:
    own = tuple(term for term in terms if not shared.is_inherited(term.axis))
    inherited = tuple(term for term in terms if shared.is_inherited(term.axis))
    return _Places(
        shared.places(own, of_categories),
        shared.parent.places(inherited, of_categories),
        has_inherited=bool(inherited),
    )


def _joined(places: _Places, shared: _Shared) -> I32:
    """Return where rows are, shape (rows,); -1 is nowhere."""
    if not places.has_inherited:
        return places.own
    of_parent = shared.table.of_parent(places.of_parent)
    return np.where((places.own | of_parent) < 0, np.int32(-1), places.own + of_parent)


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
    changes = np.flatnonzero(values[1:] != values[:-1])
    return np.unique(np.concatenate((values[:1], values[1:][changes])))


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
