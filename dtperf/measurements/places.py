"""The axes of histograms, and in which of their bins rows are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dtperf.errors import InputError
from dtperf.measurements.binning import (
    MOST_CATEGORIES,
    category_bins,
    integer_bins,
    regular_bins,
    threshold_bins,
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
from dtperf.typing import I16, I32, AnyArray

__all__ = ["Axes", "bin_numbers", "refuse_wild"]


class Axes:
    """Axes of histograms whose columns are of the same rows; each is there once."""

    def __init__(self, columns: Mapping[str, AnyArray], rows: int) -> None:
        self._columns = columns
        self._rows = rows
        self._numbers: dict[Axis | str, int] = {}
        self._categories: dict[Category, AnyArray] = {}

    def number(self, axis: Axis | str) -> int:
        """Return the number of an axis, or of a boolean column, among `bins`."""
        return self._numbers.setdefault(axis, len(self._numbers))

    def categories(self, axis: Category) -> AnyArray:
        """Return the categories of all rows, increasing; those that enter have few."""
        if axis not in self._categories:
            self._categories[axis] = _categories(self._columns[axis.column])
        return self._categories[axis]

    @property
    def are_narrow(self) -> bool:
        """Whether 16 bits number the bins on all axes: rows that enter nowhere may be wild."""
        return all(len(its) <= MOST_CATEGORIES for its in self._categories.values())

    def bins(self, are_narrow: bool) -> I16 | I32:
        """Return the bin of each row on each axis, shape (axes, rows), -1 where it has none.

        Args:
            are_narrow: Whether it shall have 16 bits, else it has 32.
        """
        dtype = np.int16 if are_narrow else np.int32
        bins = np.empty((len(self._numbers), self._rows), dtype=dtype)
        for axis, number in self._numbers.items():
            if isinstance(axis, str):
                bins[number] = self._columns[axis]
            elif isinstance(axis, Category):
                category_bins(self._columns[axis.column], self.categories(axis), bins[number])
            else:
                bin_numbers(axis, self._columns[axis.column], bins[number])
        return bins


def refuse_wild(axis: Axis, entering: int) -> None:
    """Refuse an axis with so many categories that only a damaged file can have them.

    Raises:
        InputError: It has; to add up such axes would take minutes.
    """
    if entering > MOST_CATEGORIES:
        message = (
            f"{axis.column}: {entering:,} different values in one chunk, where an axis has "
            f"{MOST_CATEGORIES:,} at most"
        )
        raise InputError(message, "corrupt")


def _categories(values: AnyArray) -> AnyArray:
    """Return the values that an axis can have; the others were counted as anomalies."""
    distinct = _distinct(values)
    return distinct[(distinct <= LARGEST_CATEGORY) & (distinct >= -LARGEST_CATEGORY - 1)]


def _distinct(values: AnyArray) -> AnyArray:
    # neighbours are mostly equal: leave few to sort
    changes = np.flatnonzero(values[1:] != values[:-1])
    return np.unique(np.concatenate((values[:1], values[1:][changes])))


def bin_numbers(axis: Axis, values: AnyArray, bins: I16 | None = None) -> I16:
    """Return the bins of values on an axis, flow bins included; -1 is in no bin.

    Args:
        axis: Any but one of categories, whose bins only a whole table knows.
        values: Shape (rows,).
        bins: Where to put them, same shape; None: a new array.
    """
    if bins is None:
        bins = np.empty(len(values), dtype=np.int16)
    match axis:
        case Regular():
            by_edges = not isinstance(axis, OlderRegular)
            regular_bins(values, axis.bins, axis.start, axis.stop, by_edges, bins)
        case Variable():
            variable_bins(values, np.asarray(axis.edges, dtype=np.float64), bins)
        case Integer():
            integer_bins(values, axis.first, axis.last - axis.first + 1, bins)
        case AtLeast():
            threshold_bins(values, axis.first, axis.last - axis.first + 1, bins)
        case _:
            raise AssertionError(axis)
    return bins
