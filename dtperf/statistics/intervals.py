"""Intervals of efficiencies, and how a p-value is written."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dtperf.statistics import special
from dtperf.typing import AnyArray

__all__ = ["ONE_SIGMA", "bayesian", "clopper_pearson", "counts_of", "probability", "wilson"]

ONE_SIGMA = 0.682689492137086
"""Probability of one Gaussian standard deviation on both sides."""


def clopper_pearson(
    passed: npt.ArrayLike, total: npt.ArrayLike, coverage: float = ONE_SIGMA
) -> tuple[AnyArray, AnyArray]:
    """Return the exact central interval of a binomial probability.

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
    k, n = counts_of(passed, total)
    tail = (1 - coverage) / 2
    # scipy.stats has this, too, but takes as long to import as all the rest
    low = special.betaincinv(np.maximum(k, 1), n - k + 1, tail)
    high = special.betaincinv(k + 1, np.maximum(n - k, 1), 1 - tail)
    return np.where(k > 0, low, 0.0), np.where(k < n, high, 1.0)


def wilson(
    passed: npt.ArrayLike, total: npt.ArrayLike, coverage: float = ONE_SIGMA
) -> tuple[AnyArray, AnyArray]:
    """Return the interval of efficiencies from which the measured one lies within so many sigma.

    It has the coverage on average, and less for some efficiencies. Arguments and errors are
    those of `clopper_pearson`.

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209.
    """
    k, n = counts_of(passed, total)
    z = special.ndtri((1 + coverage) / 2)
    some = np.maximum(n, 1)
    middle = (k + z * z / 2) / (some + z * z)
    half = z / (some + z * z) * np.sqrt(k * (some - k) / some + z * z / 4)
    # both ends are exact there, but for the last digit
    low = np.where(k > 0, middle - half, 0.0)
    return low, np.where(k < n, middle + half, 1.0)


def bayesian(
    passed: npt.ArrayLike,
    total: npt.ArrayLike,
    coverage: float = ONE_SIGMA,
    prior: tuple[float, float] = (0.5, 0.5),
) -> tuple[AnyArray, AnyArray]:
    """Return the central credible interval under a beta prior.

    The prior (0.5, 0.5) is that of Jeffreys; (1, 1) is flat and what ROOT's TEfficiency takes.
    The other arguments and errors are those of `clopper_pearson`.

    Source: L. D. Brown, T. T. Cai, A. DasGupta, Stat. Sci. 16 (2001) 101.
    """
    k, n = counts_of(passed, total)
    a, b = k + prior[0], n - k + prior[1]
    tail = (1 - coverage) / 2
    return special.betaincinv(a, b, tail), special.betaincinv(a, b, 1 - tail)


def counts_of(passed: npt.ArrayLike, total: npt.ArrayLike) -> tuple[AnyArray, AnyArray]:
    """Return counts as float64.

    Raises:
        ValueError: More passed than there are.
    """
    k, n = np.asarray(passed, dtype=np.float64), np.asarray(total, dtype=np.float64)
    if np.any(k > n) or np.any(k < 0):
        raise ValueError("passed must lie between 0 and total")
    return k, n


LEAST = 1e-15
"""No test knows its tails farther out than this, nor does anybody need to."""


def probability(p_value: float) -> str:
    """Return a p-value, or a part of false alarms, as text."""
    if p_value < LEAST:
        return f"< {LEAST:g}"
    return f"{p_value:.3f}" if p_value >= 0.001 else f"{p_value:.0e}".replace("e-0", "e-")
