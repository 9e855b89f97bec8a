"""Test whether two efficiencies differ, and correct for many tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from dtperf.statistics.intervals import counts_of
from dtperf.typing import AnyArray

__all__ = ["exact_test", "false_discovery", "student"]


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
    from scipy.stats import fisher_exact  # takes long to import

    new, old = counts_of(passed, total), counts_of(passed_before, total_before)
    tables = np.stack([new[0], new[1] - new[0], old[0], old[1] - old[0]], axis=-1).astype(np.int64)
    values = [fisher_exact(table.reshape(2, 2)).pvalue for table in tables.reshape(-1, 4)]
    return np.clip(np.reshape(values, tables.shape[:-1]), 0.0, 1.0)


def false_discovery(p_values: npt.ArrayLike) -> AnyArray:
    """Return p-values corrected for the number of tests.

    Args:
        p_values: One a look, any shape.

    Returns:
        For each look the smallest part of false alarms, among all that is flagged, at which it
        would be flagged itself.

    Source: Y. Benjamini, Y. Hochberg, J. R. Stat. Soc. B 57 (1995) 289.
    """
    from scipy.stats import false_discovery_control

    values = np.asarray(p_values, dtype=np.float64)
    if not values.size:
        return values
    return np.asarray(false_discovery_control(values.ravel(), method="bh")).reshape(values.shape)


def student(sigmas: npt.ArrayLike, freedom: npt.ArrayLike = np.inf) -> AnyArray:
    """Return the two-sided p-values of distances from 0.

    Args:
        sigmas: In estimated standard deviations, any shape.
        freedom: Degrees of freedom of the estimate; infinite: it is known.

    Returns:
        Those of Student's distribution, or of the Gaussian.
    """
    return np.asarray(2 * stdtr(freedom, -np.abs(sigmas)))
