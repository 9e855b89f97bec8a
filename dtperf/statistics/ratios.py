"""Efficiencies, and the ratio of two of them, such as a scale factor of data to simulation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dtperf.statistics.intervals import clopper_pearson, counts_of
from dtperf.typing import F64, AnyArray

__all__ = ["efficiency", "efficiency_ratio"]


def efficiency(passed: AnyArray, total: AnyArray) -> F64:
    """Return what has passed over all.

    Args:
        passed: Counts, any shape.
        total: Counts of the same shape.

    Returns:
        Of the same shape; NaN without entries.
    """
    value: F64 = np.where(total > 0, passed / np.maximum(total, 1), np.nan)
    return value


def efficiency_ratio(
    passed: npt.ArrayLike,
    total: npt.ArrayLike,
    passed_below: npt.ArrayLike,
    total_below: npt.ArrayLike,
) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Return the ratio of two independent efficiencies with its interval of one sigma.

    Args:
        passed: Counts of what is above, any shape.
        total: Counts of the same shape, at least as large.
        passed_below: Counts of what is below.
        total_below: Those.

    Returns:
        Ratio, lower and upper end, of the same shape; NaN where one has no entries, or nothing has
        passed below. The errors to each side of both Clopper-Pearson intervals are added in
        quadrature, to first order: up goes with what is above up, or what is below down.

    Raises:
        ValueError: More passed than there are.
    """
    above, below = counts_of(passed, total), counts_of(passed_below, total_below)
    is_defined = (above[1] > 0) & (below[0] > 0)
    one = above[0] / np.maximum(above[1], 1)
    other = np.where(is_defined, below[0] / np.maximum(below[1], 1), 1.0)
    one_low, one_high = clopper_pearson(*above)
    other_low, other_high = clopper_pearson(*below)
    ratio = one / other
    up = np.hypot(one_high - one, ratio * (other - other_low)) / other
    down = np.hypot(one - one_low, ratio * (other_high - other)) / other
    middle, low, high = np.where(is_defined, [ratio, ratio - down, ratio + up], np.nan)
    return middle, low, high
