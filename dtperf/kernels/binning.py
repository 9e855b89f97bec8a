"""Bin numbers, by ROOT's rule on axes of equal width, and counting.

Bin 0 is the underflow and the last one the overflow, which also takes NaN. ROOT's rule decides
on which side of an edge a value falls, so it is followed to the letter.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["count", "integer_bins", "regular_bins", "variable_bins"]

Bins = npt.NDArray[np.int16]
"""Half the memory of int32, and memory is what counting waits for."""


# without the check for a division by zero the loop runs on several values at once
@numba.njit(nogil=True, cache=True, error_model="numpy")
def regular_bins(values: npt.NDArray[Any], n: int, start: float, stop: float) -> Bins:
    """Number the bins of equal width: 1 + int(n (x - start) / (stop - start)).

    Args:
        values: Numbers, shape (rows,).
        n: Bins between start and stop.
        start: Lower edge of bin 1.
        stop: Upper edge of bin n.

    Returns:
        0 to n + 1, shape (rows,).
    """
    bins = np.empty(len(values), dtype=np.int16)
    for i in range(len(values)):
        x = float(values[i])
        inside = np.int32(1) + np.int32(n * (x - start) / (stop - start))
        above = inside if x < stop else np.int32(n + 1)
        bins[i] = np.int32(0) if x < start else above
    return bins


@numba.njit(nogil=True, cache=True)
def variable_bins(values: npt.NDArray[Any], edges: npt.NDArray[np.float64]) -> Bins:
    """Number the bins between edges, each with its lower edge.

    Args:
        values: Numbers, shape (rows,).
        edges: Increasing, shape (n + 1,).

    Returns:
        0 to n + 1, shape (rows,).
    """
    bins = np.empty(len(values), dtype=np.int16)
    for i in range(len(values)):
        x = float(values[i])
        bins[i] = len(edges) if np.isnan(x) else np.searchsorted(edges, x, side="right")
    return bins


@numba.njit(nogil=True, cache=True)
def integer_bins(values: npt.NDArray[Any], first: int, n: int) -> Bins:
    """Number integers from 0, with no bins beyond; -1 where a value is not on the axis.

    Args:
        values: Integers, shape (rows,).
        first: The integer of bin 0.
        n: Number of bins.

    Returns:
        -1 to n - 1, shape (rows,).
    """
    bins = np.empty(len(values), dtype=np.int16)
    for i in range(len(values)):
        bin_number = int(values[i]) - first
        bins[i] = bin_number if 0 <= bin_number < n else -1
    return bins


@numba.njit(nogil=True, cache=True)
def count(
    counts: npt.NDArray[np.int64],
    rows: npt.NDArray[np.intp],
    bins: tuple[Bins, ...],
    strides: tuple[int, ...],
    weights: npt.NDArray[np.int64],
) -> None:
    """Add rows to a flat histogram, in place.

    Args:
        counts: Flat contents with flow bins.
        rows: Numbers of the rows that enter, shape (n,).
        bins: Bin numbers of all rows on each axis; a row with a -1 does not enter.
        strides: Distance of neighbouring bins of each axis in counts.
        weights: What each row that enters adds, shape (n,), or one number for all, shape (1,).
    """
    step = 0 if len(weights) == 1 else 1
    for entry in range(len(rows)):
        position = 0
        inside = True
        for axis in range(len(bins)):
            bin_number = bins[axis][rows[entry]]
            inside &= bin_number >= 0
            position += bin_number * strides[axis]
        if inside:
            counts[position] += weights[entry * step]
