"""Test whether two efficiencies differ, and correct for many tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dtperf.statistics import special
from dtperf.statistics.intervals import counts_of
from dtperf.typing import AnyArray

__all__ = ["exact_test", "false_discovery", "student"]

FARTHEST = 40
"""Standard deviations beyond which a table is too rare to count, and tables at least."""
ROUNDING = 1e-9
"""Of logarithms: tables that are as likely differ by less."""


def exact_test(
    passed: npt.ArrayLike,
    total: npt.ArrayLike,
    passed_before: npt.ArrayLike,
    total_before: npt.ArrayLike,
) -> AnyArray:
    """Return the probability that equal efficiencies differ as much as these, or more.

    Args:
        passed: Counts, any shape.
        total: Counts of the same shape, at least as large.
        passed_before: The other sample's, which has no probe in common with this one.
        total_before: The other sample's.

    Returns:
        Two-sided p-values of the same shape; 1 where either total is 0. At most a part `p` of
        equal efficiencies has a value below `p`.

    Raises:
        ValueError: More passed than there are.

    Source: R. A. Fisher, J. R. Stat. Soc. 85 (1922) 87.
    """
    new, old = counts_of(passed, total), counts_of(passed_before, total_before)
    # of what is rarer there are fewer tables
    tables = np.stack([new[1] - new[0], new[1], old[1] - old[0], old[1]], axis=-1)
    values = [_fisher(*table) for table in tables.reshape(-1, 4).astype(np.int64).tolist()]
    return np.reshape(np.asarray(values, dtype=np.float64), tables.shape[:-1])


def _fisher(failed: int, total: int, failed_before: int, total_before: int) -> float:
    """Sum up the probabilities of all tables that are no likelier than this one.

    scipy.stats has it, too, but takes half a second to import and 5 ms for a table.
    """
    both, every = failed + failed_before, total + total_before
    low, high = max(0, both - total_before), min(both, total)
    if low == high:
        return 1.0
    mean = both * total / every
    sigma = np.sqrt(mean * (1 - both / every) * total_before / max(every - 1, 1))
    reach = int(FARTHEST * sigma) + FARTHEST  # what lies farther adds less than 1e-300
    low = max(low, min(failed, int(mean) - reach))
    high = min(high, max(failed, int(mean) + reach))
    k = np.arange(low, high, dtype=np.float64)
    # of each table to the one before
    ratios = (both - k) / (k + 1) * (total - k) / (total_before - both + k + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log(ratios))])
    likely = np.exp(logs - logs.max())
    no_likelier = logs <= logs[failed - low] + ROUNDING
    return float(min(likely[no_likelier].sum() / likely.sum(), 1.0))


def false_discovery(p_values: npt.ArrayLike) -> AnyArray:
    """Return p-values corrected for the number of tests.

    Args:
        p_values: One a look, any shape.

    Returns:
        For each look the smallest part of false alarms, among all that is flagged, at which it
        would be flagged itself.

    Source: Y. Benjamini, Y. Hochberg, J. R. Stat. Soc. B 57 (1995) 289.
    """
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values, axis=None)[::-1]  # the largest first
    ranks = np.arange(values.size, 0, -1)
    corrected = np.empty(values.size)
    corrected[order] = np.minimum.accumulate(values.ravel()[order] * values.size / ranks)
    return np.minimum(corrected, 1.0).reshape(values.shape)


def student(sigmas: npt.ArrayLike, freedom: npt.ArrayLike = np.inf) -> AnyArray:
    """Return the two-sided p-values of distances from 0.

    Args:
        sigmas: In estimated standard deviations, any shape.
        freedom: Degrees of freedom of the estimate; infinite: it is known.

    Returns:
        Those of Student's distribution, or of the Gaussian.
    """
    return np.asarray(2 * special.stdtr(freedom, -np.abs(sigmas)))
