"""Intervals of an efficiency."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

__all__ = ["ONE_SIGMA", "clopper_pearson"]

ONE_SIGMA = 0.682689492137086
"""Probability of one Gaussian standard deviation on both sides."""


def clopper_pearson(
    passed: npt.ArrayLike, total: npt.ArrayLike, coverage: float = ONE_SIGMA
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Give the exact central interval of a binomial probability.

    Args:
        passed: Counts, any shape.
        total: Counts of the same shape, at least as large.
        coverage: Least probability that the interval holds the truth.

    Returns:
        Lower and upper ends, of the same shape; 0 and 1 where the total is 0.

    Raises:
        ValueError: More passed than there are.

    Source: C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404.
    """
    k, n = np.asarray(passed, dtype=np.float64), np.asarray(total, dtype=np.float64)
    if np.any(k > n) or np.any(k < 0):
        raise ValueError("passed must lie between 0 and total")
    tail = (1 - coverage) / 2
    # scipy.stats has this, too, but takes as long to import as all the rest
    low = betaincinv(np.maximum(k, 1), n - k + 1, tail)
    high = betaincinv(k + 1, np.maximum(n - k, 1), 1 - tail)
    return np.where(k > 0, low, 0.0), np.where(k < n, high, 1.0)
