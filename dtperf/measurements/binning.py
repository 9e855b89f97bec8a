"""Compute bin numbers, by ROOT's rule on axes of equal width.

Bin 0 is the underflow and the last one the overflow, which also takes NaN. ROOT's rule decides
on which side of an edge a value falls, so it is followed to the letter: the one of 2025 and later
(root-project/root pull request 19033), or the one before, by which older histograms were filled.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dtperf.compiled import called, compiled, inlined
from dtperf.kernel_arrays import empty
from dtperf.typing import F32, F64, I16, I32, U8, AnyArray

__all__ = [
    "MOST_CATEGORIES",
    "category_bins",
    "integer_bins",
    "regular_bins",
    "threshold_bins",
    "variable_bins",
]

FEW_EDGES = 128
"""Up to this number of edges a linear search is faster than bisection."""

TOGETHER = 512
"""Values that are searched side by side: few enough for the nearest cache."""

SINGLE = 2.0**-24
"""By how much, of itself, a number in single precision may differ from what it stands for."""
FEW_UNSURE = TOGETHER // 32
"""Of those that are searched side by side: so many are done again one by one, more all together."""
MOST_DOUBT = 1 / 16
"""Of a bin's width: how near an edge single precision may be unable to tell the side."""

MOST_CATEGORIES = 2**15 - 1
"""The most that 16 bits number; LHC has had 4,000 runs in its best year."""


def regular_bins(
    values: AnyArray, n: int, start: float, stop: float, by_edges: bool, bins: I16
) -> None:
    """Find the bins of equal width: 1 + int(n (x - start) / (stop - start)).

    Args:
        values: Numbers, shape (rows,).
        n: Bins between start and stop.
        start: Lower edge of bin 1.
        stop: Upper edge of bin n.
        by_edges: Correct that number by one where the value lies beyond the edges of its bin,
            start + bin (stop - start) / n, as newer ROOT does. Rounding can put a value on an
            edge, or right below stop, on the other side of it.
        bins: To be filled, 0 to n + 1, shape (rows,).
    """
    scale = n / (stop - start)
    # of the sum of bins and 1 that single precision gives: start, a difference, a product and a
    # sum are rounded, the scale as well, none of them further than n + 1 away; and twice that
    doubt = 2 * SINGLE * (abs(start) * scale + 5 * (n + 1))
    is_narrow = np.can_cast(values.dtype, np.float32)
    if is_narrow and doubt < MOST_DOUBT and 2.0**-100 < scale < 2.0**100:
        # what is compiled for one type need not be for others
        narrow = values.astype(np.float32, copy=False)
        guess = np.float32(start), np.float32(scale), np.float32(n), np.float32(0.5 - doubt)
        _regular_bins_of_narrow(narrow, guess, n, start, stop, by_edges, bins)
    else:
        wide = values.astype(np.float64, copy=False)
        _regular_bins(wide, n, start, stop, by_edges, bins)


@compiled
def _regular_bins_of_narrow(
    values: F32,
    guess: tuple[np.float32, np.float32, np.float32, np.float32],
    n: int,
    start: float,
    stop: float,
    by_edges: bool,
    bins: I16,
) -> None:
    """Do the same for numbers that single precision holds, by which twice as many fit into a step.

    What is nearer to an edge than single precision can tell is done again in double precision.

    Args:
        values: As the other arguments of `regular_bins`.
        guess: Of `_guess`.
        n: Bins.
        start: Of the axis.
        stop: Of the axis.
        by_edges: By which rule.
        bins: To be filled.
    """
    first, factor, top, close = guess
    unsure = empty(TOGETHER, np.uint8)
    wide = empty(TOGETHER, np.float64)  # that what is done again is compiled for one type only
    for begin in range(0, len(values), TOGETHER):
        end = min(begin + TOGETHER, len(values))
        some, found = values[begin:end], bins[begin:end]
        left = _guess(some, first, factor, top, close, found, unsure)
        if left:
            for i in range(len(some)):
                wide[i] = some[i]
            if left > FEW_UNSURE:
                _regular_bins(wide[: len(some)], n, start, stop, by_edges, found)
                continue
            for i in range(len(some)):
                if unsure[i]:
                    its = slice(i, i + 1)
                    _regular_bins(wide[its], n, start, stop, by_edges, found[its])


@called
def _guess(
    values: F32,
    first: np.float32,
    factor: np.float32,
    n: np.float32,
    close: np.float32,
    bins: I16,
    unsure: U8,
) -> Any:
    """Find bins in single precision, mark those that are not sure, and return their number."""
    half, top = np.float32(0.5), n + np.float32(1.5)
    left = np.int32(0)
    for i in range(len(values)):
        at = (values[i] - first) * factor + np.float32(1)
        at = at if at < top else top  # noqa: FURB136  # NaN, too, is above
        at = max(at, half)
        bin_number = np.int32(at)
        is_unsure = np.int32(abs(at - np.float32(bin_number) - half) > close)
        bins[i] = bin_number
        unsure[i] = is_unsure
        left += is_unsure
    return left


# without the check for a division by zero the loops run on several values at once
@compiled(error_model="numpy")
def _regular_bins(
    values: F64, n: int, start: float, stop: float, by_edges: bool, bins: I16
) -> None:
    """Find the bins of any numbers, in double precision."""
    width = (stop - start) / n
    # where edges are far apart for doubles, a bin that is off by one is corrected to the same bin
    if by_edges and width > 1e-9 * max(abs(start), abs(stop)) and width > 1e-300:
        scale = n / (stop - start)
        for i in range(len(values)):
            x = np.float64(values[i])
            inside = np.int32(1) + np.int32((x - start) * scale)
            below = np.int32(x < start + (inside - 1) * width)
            beyond = np.int32(x >= start + inside * width)
            bins[i] = _clipped(x, inside + (beyond & ~below) - below, n, start, stop)
        return
    for i in range(len(values)):
        x = np.float64(values[i])
        inside = np.int32(1) + np.int32(n * (x - start) / (stop - start))
        if by_edges:
            below = np.int32(x < start + (inside - 1) * width)
            beyond = np.int32(x >= start + inside * width)
            inside += (beyond & ~below) - below
        bins[i] = _clipped(x, inside, n, start, stop)


@inlined
def _clipped(x: float, inside: Any, n: int, start: float, stop: float) -> Any:
    """Return a bin, or underflow or overflow where a value is not inside."""
    above = inside if x < stop else np.int32(n + 1)
    return np.int32(0) if x < start else above


@inlined
def _at_or_below(edges: AnyArray, value: float) -> int:
    """Return how many of increasing edges are not above a value.

    np.searchsorted has numba import SciPy's linear algebra, which takes 0.1 s.
    """
    low, high = 0, len(edges)
    while low < high:
        middle = (low + high) // 2
        if edges[middle] <= value:
            low = middle + 1
        else:
            high = middle
    return low


def variable_bins(values: AnyArray, edges: AnyArray, bins: I16) -> None:
    """Find the bins between edges, each with its lower edge.

    Args:
        values: Numbers, shape (rows,).
        edges: Increasing doubles, shape (n + 1,).
        bins: To be filled, 0 to n + 1, shape (rows,).
    """
    if np.can_cast(values.dtype, np.float32):
        # what single precision holds is not below an edge if it is not below the next number
        # that single precision holds; twice as many of these fit into a step
        with np.errstate(over="ignore"):  # beyond them all is infinity
            narrow = edges.astype(np.float32)
            above = np.nextafter(narrow, np.float32(np.inf))
        edges = np.where(narrow < edges, above, narrow)
    _variable_bins(values.astype(edges.dtype, copy=False), edges, bins)


@compiled
def _variable_bins(values: AnyArray, edges: AnyArray, bins: I16) -> None:
    """Find the bins between edges, of whose type the values are."""
    if len(edges) >= FEW_EDGES:
        for i in range(len(values)):
            x = np.float64(values[i])
            bins[i] = len(edges) if np.isnan(x) else _at_or_below(edges, x)
        return
    # one edge for many values: the loop runs on several of them at once
    for begin in range(0, len(values), TOGETHER):
        end = min(begin + TOGETHER, len(values))
        some, below = values[begin:end], bins[begin:end]
        below[:] = 0
        for edge in edges:
            _count_at_or_above(some, edge, below)
        for i in range(len(some)):
            below[i] = len(edges) if np.isnan(some[i]) else below[i]


# not inlined, which leaves the compiler in doubt whether its arrays are different ones
@called
def _count_at_or_above(values: AnyArray, edge: Any, counts: I16) -> None:
    for i in range(len(values)):
        counts[i] += values[i] >= edge


@compiled
def integer_bins(values: AnyArray, first: int, n: int, bins: I16) -> None:
    """Find the bins of integers from 0, without flow bins; -1 where a value is not on the axis.

    Args:
        values: Integers, shape (rows,).
        first: The integer of bin 0.
        n: Number of bins.
        bins: To be filled, -1 to n - 1, shape (rows,).
    """
    for i in range(len(values)):
        # compared before they are converted: 64 bits without sign may not fit into 64 with one
        is_on_axis = (values[i] >= first) & (values[i] < first + n)
        bins[i] = np.int64(values[i]) - first if is_on_axis else -1


@compiled
def threshold_bins(values: AnyArray, first: int, n: int, bins: I16) -> None:
    """Find how many of the thresholds first, first + 1, … are reached.

    Args:
        values: Numbers, shape (rows,); NaN reaches none.
        first: The lowest threshold.
        n: Number of thresholds.
        bins: To be filled, 0 to n, shape (rows,).
    """
    # in a width of their own: those that are unsigned, or short, would have no difference below 0;
    # and down to an integer, as what is right below a threshold could be rounded to it
    for i in range(len(values)):
        above = np.floor(np.float64(values[i])) - (first - 1)
        reached = above if above > 0 else 0.0
        bins[i] = np.int16(min(reached, np.float64(n)))


def category_bins(values: AnyArray, categories: AnyArray, bins: I16 | I32) -> None:
    """Find the index of integers among categories; -1 where a value is none of them.

    Args:
        values: Integers, shape (rows,); fast where neighbours are equal, as run numbers are.
        categories: Increasing, of the same dtype.
        bins: To be filled, -1 to len(categories) - 1, shape (rows,).

    Raises:
        ValueError: There are more categories than the type of `bins` numbers.
    """
    if len(categories) - 1 > np.iinfo(bins.dtype).max:
        raise ValueError("more categories than can be numbered")
    _category_bins(values, categories, bins)


@compiled
def _category_bins(values: AnyArray, categories: AnyArray, bins: I16 | I32) -> None:
    """Find the index of integers among categories."""
    place = -1
    for i in range(len(values)):
        if i == 0 or values[i] != values[i - 1]:
            place = _at_or_below(categories, values[i]) - 1
            if place >= 0 and categories[place] != values[i]:
                place = -1
        bins[i] = place
