"""Whether two samples of many strata differ, stratum by stratum: what they hold of each may differ.

A stratum is a chamber, say. Sums of passed and total would take a change in which chambers get
probes for a change of efficiency; the differences within the chambers do not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dtperf.statistics.conditional import Margins
from dtperf.statistics.intervals import counts_of
from dtperf.typing import AnyArray, Bools

__all__ = ["Differences", "Strata"]


class Differences(NamedTuple):
    """Differences of two samples in sets of strata, arrays of shape (sets,)."""

    value: AnyArray
    """Efficiency after minus before; NaN where no stratum of the set has probes in both."""
    uncertainty: AnyArray
    """Of the value, one standard deviation of the counts."""
    sigmas: AnyArray
    """How sure it is that there is a difference, by counting alone: standard deviations of a
    Gaussian that are exceeded, on both sides, as rarely as this difference is by chance, which is
    twice as often as it is on its own side; see `conditional.Margins`."""
    weight: AnyArray
    """Inverse of the variance of the value, times that of one probe's result."""
    variance: AnyArray
    """Of the difference times the weight, if there is none."""


class Strata:
    """Counts before and after, in strata, to be compared in any sets of them.

    Args:
        passed: Counts, shape (strata,).
        total: Counts of the same shape, at least as large.
        passed_before: The other sample's, which has no probe in common with this one.
        total_before: The other sample's.

    Raises:
        ValueError: More passed than there are.

    Source: N. Mantel, W. Haenszel, J. Natl. Cancer Inst. 22 (1959) 719, for weights and variance.
    """

    def __init__(
        self,
        passed: npt.ArrayLike,
        total: npt.ArrayLike,
        passed_before: npt.ArrayLike,
        total_before: npt.ArrayLike,
    ) -> None:
        new, old = counts_of(passed, total), counts_of(passed_before, total_before)
        both, k = new[1] + old[1], new[0] + old[0]
        some = np.maximum(both, 1)
        self.share = np.where((new[1] > 0) & (old[1] > 0), new[1] / some, 0.0)
        """Of the probes that are of the later sample; 0 if one of both has none."""
        self.weight = self.share * (1 - self.share) * both
        self.excess = np.where(self.weight > 0, new[0] - k * self.share, 0.0)
        """Passed beyond what is expected of the later sample: weight times difference."""
        self.error = self.weight**2 * (_error(*new) + _error(*old))
        failing = 1 - k / some
        self.variance = self.weight * failing * (1 - failing) * both / np.maximum(both - 1, 1)
        in_both = self.weight > 0
        self._margins = Margins(*(np.where(in_both, n, 0) for n in (new[1], old[1], both - k)))
        self._failed = np.where(in_both, new[1] - new[0], 0)

    def differences(self, sets: Bools) -> Differences:
        """Return the differences of both samples in sets of strata.

        Args:
            sets: Shape (sets, strata).
        """
        weight, variance = sets @ self.weight, sets @ self.variance
        some = np.where(weight > 0, weight, np.nan)
        return Differences(
            value=sets @ self.excess / some,
            uncertainty=np.sqrt(sets @ self.error) / some,
            sigmas=self._margins.sigmas(sets, self._failed),
            weight=weight,
            variance=variance,
        )


def _error(passed: AnyArray, total: AnyArray) -> AnyArray:
    """Return an estimate of the variance of an efficiency; not 0 where all have passed."""
    part = (passed + 0.5) / (total + 1)
    variance: AnyArray = part * (1 - part) / np.maximum(total, 1)
    return variance
