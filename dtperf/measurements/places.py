"""Where the rows of a table are in flat histograms, shared by all measurements of the table."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np

from dtperf.errors import InputError
from dtperf.measurements.binning import (
    MOST_CATEGORIES,
    category_bins,
    integer_bins,
    regular_bins,
    step,
    variable_bins,
)
from dtperf.measurements.declaration import (
    AtLeast,
    Axis,
    Category,
    Integer,
    OlderRegular,
    Regular,
    Variable,
)
from dtperf.selection.cuts import LARGEST_CATEGORY
from dtperf.selection.ragged import take
from dtperf.selection.tables import Table
from dtperf.typing import I16, I32, AnyArray, Bools

__all__ = ["Places", "Shared", "Term", "bin_numbers"]


class _Runs(NamedTuple):
    """The categories of some rows on an axis, such as their runs."""

    present: AnyArray
    """Increasing."""
    bins: I16
    """Of each row of the table that has the column, -1 where it has none."""


class Term(NamedTuple):
    """What an axis, or a boolean column, adds to the place of a row in a flat histogram."""

    axis: Axis | str
    stride: int
    """Distance of neighbouring bins."""
    entering: tuple[str, ...]
    """Of categories what holds for the rows that enter: other rows may have others."""


class Places(NamedTuple):
    """Where the rows of a table are in a flat histogram: the sum of both, -1 is nowhere."""

    own: I32
    """By the columns of the table, shape (rows,)."""
    of_parent: I32
    """By those that it inherits, shape (rows of the parent,)."""
    has_inherited: bool
    """Whether there are any of these."""


class Shared:
    """What all measurements of a table share.

    A column of the parent is binned there: fewer rows to bin, and a row finds the place of its
    parent while it is counted.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self._runs: dict[tuple[tuple[str, ...], Category], _Runs] = {}
        self._bins: dict[Axis | str, I16] = {}
        self._places: dict[tuple[Term, ...], I32] = {}

    @cached_property
    def parent(self) -> Shared:
        """Of the parent; of a table without parent itself, which then has no part in it."""
        return self if self.table.parent is None else Shared(self.table.parent)

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

    def places(self, terms: tuple[Term, ...], of_categories: Mapping[Term, I16]) -> I32:
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

    def places_of(self, terms: tuple[Term, ...], of_categories: Mapping[Term, I16]) -> Places:
        """Return where rows are on all axes of a histogram; arguments as of `places`."""
        own = tuple(term for term in terms if not self.is_inherited(term.axis))
        inherited = tuple(term for term in terms if self.is_inherited(term.axis))
        return Places(
            self.places(own, of_categories),
            self.parent.places(inherited, of_categories),
            has_inherited=bool(inherited),
        )

    def joined(self, places: Places) -> I32:
        """Return where rows are, shape (rows,); -1 is nowhere."""
        if not places.has_inherited:
            return places.own
        of_parent = self.table.of_parent(places.of_parent)
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
            # bin 0 reaches no threshold, the last one reaches them all; in a width of their own
            # those that are unsigned, or short, would have no difference below 0
            above = np.subtract(values, axis.first - 1, dtype=np.float64)
            return np.clip(above, 0, axis.last - axis.first + 1).astype(np.int16)
    raise AssertionError(axis)
