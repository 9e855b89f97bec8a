"""The sums that a profile is made of: entries, values and squares, in integers of 128 bits.

Whole numbers add up to the same total in any order. Those of 64 bits would hold 21,000 run numbers
in a bin, or the squares of 57, so each sum has a high part as well: how many times 2^32 there is in
each value. It tells how often the 64 bits, which wrap around, have done so.
"""

from __future__ import annotations

import hist
import numpy as np

from dtperf.compiled import compiled
from dtperf.measurements.declaration import MOMENTS, Histogram
from dtperf.typing import F64, I32, I64, AnyArray

__all__ = [
    "HALF",
    "HIGH_BITS",
    "LARGEST_IN_MEAN",
    "SUM_OF_SQUARES_UNIT",
    "SUM_UNIT",
    "add_moments",
    "moments",
    "with_high_parts",
]

SUM_UNIT = 2.0**-30
"""Unit of a profile's sum: whole numbers add up to the same total in any order."""
SUM_OF_SQUARES_UNIT = 2.0**-24
"""Unit of a profile's sum of squares."""

LARGEST_IN_MEAN = 2.0**19
"""The square of such a value alone would overflow 64 bits in these units."""

HIGH_BITS = 32
"""A high part of 1 stands for 2^32 units."""
HALF = 2**31
"""High parts are rounded: what they leave is of either sign, and adds up slowly."""


@compiled
def add_moments(
    sums: I64,
    places: I32,
    values: AnyArray,
    unit: float,
    unit_of_squares: float,
    below: float,
) -> None:
    """Add the powers of a value of each row to a flat profile, in place.

    Args:
        sums: Its contents with flow bins, shape (5, bins), in the order of `MOMENTS`.
        places: Where each row is in them, shape (rows,); -1: nowhere.
        values: Of all rows.
        unit: What a sum of 1 stands for; values are rounded to its multiples, half to even.
        unit_of_squares: The same of squares.
        below: Values that are not smaller than this, or are NaN, are left out.
    """
    for row in range(len(places)):
        at, y = places[row], np.float64(values[row])
        if at < 0 or not abs(y) < below:
            continue
        bin_index = np.uint64(at)
        value, square = np.int64(np.rint(y / unit)), np.int64(np.rint(y * y / unit_of_squares))
        sums[0, bin_index] += 1
        sums[1, bin_index] += value
        sums[2, bin_index] += square
        sums[3, bin_index] += (value + HALF) >> HIGH_BITS
        sums[4, bin_index] += (square + HALF) >> HIGH_BITS


def moments(profile: AnyArray) -> F64:
    """Return entries, sums and sums of squares of bins in double precision, in the same units.

    They are right for 2^32 entries in a bin, whatever their values; in practice for many more.

    Args:
        profile: Contents of a profile, shape (…, 5) as it is filled, or (…, 3) of such doubles.

    Returns:
        Shape (…, 3).
    """
    if profile.shape[-1] == 3:
        return profile.astype(np.float64)
    low, high = profile[..., 1:3], profile[..., 3:5]
    # 64 bits wrap around here, too, and so what is left comes out right
    left = (low - (high << HIGH_BITS)).astype(np.float64)
    sums = high.astype(np.float64) * 2.0**HIGH_BITS + left
    return np.concatenate([profile[..., :1].astype(np.float64), sums], axis=-1)


def with_high_parts(profile: Histogram) -> Histogram:
    """Return a profile with high parts, as older versions have kept none.

    Sums beyond 64 bits are lost in them, those of squares not: a sum of squares is at least that of
    as many equal values, which tells so long as entries times variance are below 5e11.

    Args:
        profile: Integers, of which the last axis has the first three of `MOMENTS`.
    """
    axis = hist.axis.StrCategory(MOMENTS, name="moment", flow=False)
    whole: Histogram = hist.Hist(*profile.axes[:-1], axis, storage=hist.storage.Int64())
    old: I64 = np.asarray(profile.view(flow=True))
    entries, total, squares = np.moveaxis(old.astype(np.float64), -1, 0)
    least = (total * SUM_UNIT) ** 2 / np.maximum(entries, 1) / SUM_OF_SQUARES_UNIT
    lost = np.maximum(np.rint((least - squares) / 2.0**64), 0).astype(np.int64)
    view = np.asarray(whole.view(flow=True))
    view[..., :3] = old
    view[..., 3:] = old[..., 1:] >> HIGH_BITS
    view[..., 4] += lost << (64 - HIGH_BITS)
    return whole
