"""Count the rows of one table in all measurements: ``TableCounts(table).counted(declared)``.

First each measurement is booked: which set of rows enters, which place they have by its axes, and
where its bins are in one array of counts; what other measurements have booked is taken again. Then
`count_rows` counts all of them. At last each histogram is made of its part of the counts, with
those categories, such as runs, that rows have which enter. A profile is no count: where rows are
in it is noted, and the moments of their values are added there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from dtperf.measurements.counting import (
    LISTED,
    NO_FLAG,
    NOTHING,
    OWN,
    PARENTS,
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
from dtperf.measurements.moments import (
    LARGEST_IN_MEAN,
    SUM_OF_SQUARES_UNIT,
    SUM_UNIT,
    add_moments,
)
from dtperf.measurements.places import Axes, refuse_wild
from dtperf.selection.tables import Table
from dtperf.typing import I32, I64, AnyArray

__all__ = ["TableCounts"]

MOST_BINS = 2**31 - 2
"""Of one histogram: places are kept in 32 bits, and one is nowhere."""


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
        parent = table if table.parent is None else table.parent
        self._by, looked_up = table.looked_up()
        self._lists = {name: made.values() for name, made in looked_up.items()}
        listed = next((len(values) for values in self._lists.values()), 0)
        self._axes = {
            OWN: Axes(table, table.rows),
            PARENTS: Axes(parent, parent.rows),
            LISTED: Axes(self._lists, listed),
        }
        self._flags: dict[str, int] = {}
        # the first one of each is NOTHING
        self._sets: dict[tuple[int, int], int] = {(-1, -1): NOTHING}
        self._places: dict[tuple[int, ...], int] = {(-1,) * 6: NOTHING}
        self._counted: list[tuple[int, int, int]] = []
        self._noted: list[tuple[int, int]] = []
        self._seen: dict[tuple[int, Category], int] = {}
        self._size = 0

    def counted(self, measurements: Mapping[str, Measurement]) -> dict[str, Histogram]:
        """Return the histograms, by the name of the measurement.

        Raises:
            InputError: Rows enter with more values on an axis of categories than can be.
        """
        booked = {name: self._book(measurement) for name, measurement in measurements.items()}
        counts, noted = self._count()
        return {name: self._histogram(each, counts, noted) for name, each in booked.items()}

    def _book(self, measurement: Measurement) -> _Booked:
        rows = NOTHING
        for name in measurement.rows:
            rows = self._sets.setdefault((rows, self._flag(name)), len(self._sets))
        shape = [_extent(axis, self._axes[self._whose(axis.column)]) for axis in measurement.axes]
        strides = [math.prod(shape[:at]) for at in range(len(shape) + 1)]
        passed, place, seen = measurement.passed, NOTHING, {}
        own_flag = passed if passed and not self._table.inherits(passed) else None
        for at, axis in enumerate(measurement.axes):
            is_last = at == len(shape) - 1
            flag = (own_flag, strides[-1]) if own_flag and is_last else ()
            place = self._step(place, axis, strides[at], *flag)
            if isinstance(axis, Category):
                seen[at] = self._book_seen(rows, axis)
        if passed and not own_flag:
            place = self._step(place, passed, strides[-1])
        if passed:
            shape.append(2)
        bins = math.prod(shape) * (len(MOMENTS) if measurement.mean_of else 1)
        if bins > MOST_BINS:
            raise MemoryError(f"{bins:,} bins")
        if measurement.mean_of:
            self._noted.append((rows, place))
            return _Booked(measurement, shape, -1, len(self._noted) - 1, seen)
        return _Booked(measurement, shape, self._line(rows, place, bins), -1, seen)

    def _whose(self, column: str) -> int:
        """Return of what rows the axes of a column are binned, as `count_rows` takes it."""
        if column in self._lists:
            return LISTED
        return PARENTS if self._table.inherits(column) else OWN

    def _flag(self, name: str) -> int:
        return self._flags.setdefault(name, len(self._flags))

    def _step(
        self, before: int, axis: Axis | str, stride: int, flag: str = "", of_flag: int = 0
    ) -> int:
        """Return the place by the axes of another place, one axis more, and if need be a flag.

        Args:
            before: The other place.
            axis: What is added, or a boolean column of the parent's.
            stride: Distance of its bins.
            flag: A boolean column that is an axis, too.
            of_flag: Distance of its two bins.
        """
        column = axis if isinstance(axis, str) else axis.column
        whose = self._whose(column)
        number = self._axes[whose].number(axis)
        its_flag = self._flag(flag) if flag else NO_FLAG
        step = before, whose, number, stride, its_flag, of_flag
        return self._places.setdefault(step, len(self._places))

    def _book_seen(self, rows: int, axis: Category) -> tuple[int, AnyArray]:
        """Return where is counted which categories the rows of a set have, and the categories."""
        categories = self._axes[self._whose(axis.column)].categories(axis)
        if (rows, axis) not in self._seen:
            place = self._step(NOTHING, axis, 1)
            self._seen[rows, axis] = self._line(rows, place, len(categories))
        return self._seen[rows, axis], categories

    def _line(self, rows: int, place: int, size: int) -> int:
        """Add a histogram, of a set of rows, and return where its bins begin among all counts."""
        self._counted.append((rows, place, self._size))
        self._size += 1 + size  # the first one is nowhere
        return self._size - size

    def _count(self) -> tuple[I32, I32]:
        """Return all counts, one histogram behind the other, and all places that are noted."""
        rows = self._table.rows
        flags = np.empty((len(self._flags), rows), dtype=np.bool_)
        for name, number in self._flags.items():
            flags[number] = self._table[name]
        counts = np.zeros(self._size, dtype=np.int32)
        noted = np.empty((len(self._noted), rows), dtype=np.int32)
        are_narrow = all(axes.are_narrow for axes in self._axes.values())
        bins = {whose: axes.bins(are_narrow) for whose, axes in self._axes.items()}
        numbers = self._table[self._by] if len(bins[LISTED]) else np.zeros(0)
        count_rows(
            counts,
            noted,
            bins[OWN],
            bins[PARENTS],
            self._table.link.astype(np.int32, copy=False),
            bins[LISTED],
            numbers.astype(np.int16, copy=False),
            flags,
            np.array([*self._places], dtype=np.int64),
            np.array([*self._sets], dtype=np.int64),
            # those of one set stand together, which is the fastest
            np.array(sorted(self._counted), dtype=np.int64).reshape(-1, 3),
            np.array(self._noted, dtype=np.int64).reshape(-1, 2),
        )
        return counts, noted

    def _histogram(self, booked: _Booked, counts: I32, noted: I32) -> Histogram:
        measurement, axes = booked.measurement, booked.measurement.axes
        enter = {
            at: np.flatnonzero(counts[begin : begin + len(present)])
            for at, (begin, present) in booked.seen.items()
        }
        for at, present in enter.items():
            refuse_wild(axes[at], len(present))
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
    sums = counts.reshape((-1, len(MOMENTS)), order="F", copy=False).T
    add_moments(sums, places, values, SUM_UNIT, SUM_OF_SQUARES_UNIT, LARGEST_IN_MEAN)


def _add_thresholds(counts: I64, raw: I32, at: int) -> None:
    """Count at every threshold what reaches it: `raw` has a bin more there, for none reached."""
    total = raw.sum(axis=(at, -1), keepdims=True)[..., 0]
    reached = np.flip(np.cumsum(np.flip(raw[..., 1], axis=at), axis=at), axis=at)
    passed = np.delete(reached, 0, axis=at)
    counts[..., 1] += passed
    counts[..., 0] += total - passed
