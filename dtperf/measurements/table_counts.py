"""Count the rows of one table in all measurements: ``TableCounts(table).counted(declared)``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from dtperf.measurements.counting import (
    COUNTED,
    NEVER,
    NOTHING,
    add_moments,
    add_places,
    count_rows,
)
from dtperf.measurements.declaration import (
    MOMENTS,
    AtLeast,
    Axis,
    Category,
    Histogram,
    Measurement,
)
from dtperf.measurements.places import Axes
from dtperf.selection.tables import Table
from dtperf.typing import I32, I64, AnyArray

__all__ = ["LARGEST_IN_MEAN", "SUM_OF_SQUARES_UNIT", "SUM_UNIT", "TableCounts"]

SUM_UNIT = 2.0**-30
"""Unit of a profile's sum: whole numbers add up to the same total in any order."""
SUM_OF_SQUARES_UNIT = 2.0**-24
"""Unit of a profile's sum of squares."""

LARGEST_IN_MEAN = 2.0**19
"""The square of such a value alone would overflow a sum in these units."""

MOST_BINS = 2**31 - 1
"""Of one histogram: places are kept in 32 bits."""


class _Booked(NamedTuple):
    """Where a measurement is counted."""

    measurement: Measurement
    shape: list[int]
    """Bins of each axis with flow bins; of thresholds one more: none is reached."""
    begin: int
    """Its first count among those of all; -1: its places are noted."""
    noted: int
    """Number of its noted places; -1: it is counted."""
    seen: dict[int, tuple[int, AnyArray]]
    """Of each axis of categories where is counted which of them enter, and the categories."""


class TableCounts:
    """Counts the rows of one table in all measurements of it."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._own = Axes(table)
        self._parent = Axes(table if table.parent is None else table.parent)
        self._sets: dict[tuple[int, int], int] = {(NOTHING, NEVER): NOTHING}
        self._flags: dict[str, int] = {}
        self._lines: list[tuple[int, ...]] = []
        self._seen: dict[tuple[int, Category], int] = {}
        self._size = self._noted = 0

    def counted(self, measurements: Mapping[str, Measurement]) -> dict[str, Histogram]:
        """Return the histograms, by the name of the measurement."""
        booked = {name: self._book(measurement) for name, measurement in measurements.items()}
        counts, noted = self._count()
        return {name: self._histogram(each, counts, noted) for name, each in booked.items()}

    def _book(self, measurement: Measurement) -> _Booked:
        rows = NOTHING
        for name in measurement.rows:
            rows = self._sets.setdefault((rows, self._flag(name)), len(self._sets))
        shape: list[int] = []
        places = {True: NOTHING, False: NOTHING}
        seen = {}
        for at, axis in enumerate(measurement.axes):
            is_inherited = self._table.inherits(axis.column)
            its, stride = self._axes(is_inherited), math.prod(shape)
            shape.append(_extent(axis, its))
            places[is_inherited] = its.step(places[is_inherited], axis, stride)
            if isinstance(axis, Category):
                seen[at] = self._book_seen(rows, axis, is_inherited), its.categories(axis)
        size = math.prod(shape)
        flag = NEVER
        if measurement.passed:
            shape.append(2)
            if self._table.inherits(measurement.passed):
                places[True] = self._parent.step(places[True], measurement.passed, size)
            else:
                flag = self._flag(measurement.passed)
        bins = math.prod(shape) * (len(MOMENTS) if measurement.mean_of else 1)
        if bins > MOST_BINS:
            raise MemoryError(f"{bins:,} bins")
        begin, noted = self._line(
            rows, places, flag, size, bins, is_noted=bool(measurement.mean_of)
        )
        return _Booked(measurement, shape, begin, noted, seen)

    def _axes(self, is_inherited: bool) -> Axes:
        return self._parent if is_inherited else self._own

    def _flag(self, name: str) -> int:
        return self._flags.setdefault(name, NEVER + 1 + len(self._flags))

    def _book_seen(self, rows: int, axis: Category, is_inherited: bool) -> int:
        """Return where is counted which categories the rows of a set have."""
        if (rows, axis) not in self._seen:
            its = self._axes(is_inherited)
            places = {is_inherited: its.step(NOTHING, axis, 1), not is_inherited: NOTHING}
            size = len(its.categories(axis))
            self._seen[rows, axis] = self._line(rows, places, NEVER, 0, size)[0]
        return self._seen[rows, axis]

    def _line(
        self,
        rows: int,
        places: Mapping[bool, int],
        flag: int,
        stride: int,
        size: int,
        *,
        is_noted: bool = False,
    ) -> tuple[int, int]:
        """Add what is counted, and return its first count, or the number of its noted places."""
        begin, noted = (-1, self._noted) if is_noted else (self._size, -1)
        self._lines.append((rows, places[False], places[True], flag, stride, max(begin, 0), noted))
        self._noted += is_noted
        self._size += 0 if is_noted else size
        return begin, noted

    def _count(self) -> tuple[I32, I32]:
        """Return all counts, one histogram behind the other, and all places that are noted."""
        rows = self._table.rows
        flags = np.empty((1 + len(self._flags), rows), dtype=np.bool_)
        flags[NEVER] = False
        for name, number in self._flags.items():
            flags[number] = self._table[name]
        counts = np.zeros(self._size, dtype=np.int32)
        noted = np.full((self._noted, rows), -1, dtype=np.int32)
        count_rows(
            counts,
            self._own.bins(),
            self._own.steps,
            flags,
            np.array([*self._sets], dtype=np.int64),
            self._table.link.astype(np.int32, copy=False),
            add_places(self._parent.bins(), self._parent.steps),
            np.array(self._lines, dtype=np.int64).reshape(-1, COUNTED),
            noted,
        )
        return counts, noted

    def _histogram(self, booked: _Booked, counts: I32, noted: I32) -> Histogram:
        measurement, axes = booked.measurement, booked.measurement.axes
        enter = {
            at: np.flatnonzero(counts[begin : begin + len(present)])
            for at, (begin, present) in booked.seen.items()
        }
        categories = {axes[at].name: booked.seen[at][1][its].tolist() for at, its in enter.items()}
        histogram = measurement.empty(categories)
        view: Any = histogram.view(flow=True)
        if measurement.mean_of:
            whole = view
            if any(len(its) < booked.shape[at] for at, its in enter.items()):
                whole = np.zeros((*booked.shape, len(MOMENTS)), dtype=np.int64, order="F")
            _count_moments(whole, noted[booked.noted], self._table[measurement.mean_of])
            view[...] = _only(whole, enter)
            return histogram
        its = counts[booked.begin : booked.begin + math.prod(booked.shape)]
        its = _only(its.reshape(booked.shape, order="F"), enter)
        thresholds = [at for at, axis in enumerate(axes) if isinstance(axis, AtLeast)]
        if thresholds:
            _add_thresholds(view, its, thresholds[0])
        else:
            view[...] = its
        return histogram


def _extent(axis: Axis, axes: Axes) -> int:
    """Return the number of bins on an axis as they are counted, with flow bins."""
    if isinstance(axis, Category):
        return len(axes.categories(axis))
    return axis.extent + isinstance(axis, AtLeast)


def _only(counts: AnyArray, enter: Mapping[int, AnyArray]) -> AnyArray:
    """Return the counts of those categories that enter, on each axis of categories."""
    for at, its in enter.items():
        if len(its) < counts.shape[at]:
            counts = counts.take(its, axis=at)
    return counts


def _count_moments(counts: I64, places: I32, values: AnyArray) -> None:
    # NaN, and what would not fit into a sum, has no place in a mean
    entries, sums, squares = (
        counts[..., moment].reshape(-1, order="F", copy=False) for moment in range(len(MOMENTS))
    )
    units = (SUM_UNIT, SUM_OF_SQUARES_UNIT)
    add_moments(entries, sums, squares, places, values, *units, LARGEST_IN_MEAN)


def _add_thresholds(counts: I64, raw: I32, at: int) -> None:
    """Count at every threshold what reaches it: `raw` has a bin more there, for none reached."""
    total = raw.sum(axis=(at, -1), keepdims=True)[..., 0]
    reached = np.flip(np.cumsum(np.flip(raw[..., 1], axis=at), axis=at), axis=at)
    passed = np.delete(reached, 0, axis=at)
    counts[..., 1] += passed
    counts[..., 0] += total - passed
