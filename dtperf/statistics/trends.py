"""Whether outcomes become rarer along ordered groups, and by how much: few of them suffice."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dtperf.statistics import special
from dtperf.statistics.intervals import counts_of
from dtperf.statistics.saddlepoint import tail_in_sigmas
from dtperf.typing import AnyArray, Bools

__all__ = ["slope_interval", "trend_in_sigmas"]

GOLDEN = (np.sqrt(5) - 1) / 2
HALVINGS = 34
"""Of an interval of length 1 or 2, down to 1e-7."""


def trend_in_sigmas(which: AnyArray, many: int, passed: AnyArray, total: AnyArray) -> AnyArray:
    """Approximate the exact test of a trend over groups, given in each stratum the sum of passed.

    Args:
        which: Number of the set that each stratum is in, shape (strata,).
        many: Number of sets.
        passed: Counts in groups, in order and as far apart, shape (strata, groups).
        total: Counts of the same shape, at least as large.

    Returns:
        Standard deviations of a Gaussian that are exceeded as rarely, 0 or more, shape (sets,).

    Raises:
        ValueError: More passed than there are.

    Source: P. Armitage, Biometrics 11 (1955) 375, for the test; the tail is a saddlepoint's.
    """
    k, n = counts_of(passed, total)
    every, failed = n.sum(axis=1), (n - k).sum(axis=1)
    some = np.maximum(every, 1)
    chances = n / some[:, np.newaxis]
    score = np.arange(n.shape[1], dtype=np.float64)
    mean = chances @ score
    is_high = failed > every / 2  # then what has passed is rarer
    rare = np.where(is_high, every - failed, failed)
    sign = np.where(is_high, -1.0, 1.0)
    drawn = _Draws(which, many, rare, chances, sign)
    middle = drawn.total(rare * sign * mean)
    last = n.shape[1] - 1
    ends = np.sort(np.stack([np.zeros_like(sign), sign * last]), axis=0)
    x = drawn.total((n - k) @ score - failed * mean)
    x = np.clip(x, drawn.total(rare * ends[0]) - middle, drawn.total(rare * ends[1]) - middle)
    spread = rare * (chances @ score**2 - mean**2)
    # none is drawn twice
    true = drawn.total(spread * (1 - rare / some) * some / np.maximum(some - 1, 1))
    ratio = drawn.total(spread) / np.where(true > 0, true, 1)
    sigmas = tail_in_sigmas(drawn, x, middle) * np.sqrt(np.where(true > 0, ratio, 0))
    return np.asarray(sigmas)


class _Draws(NamedTuple):
    """Sums of the groups' numbers from which rare outcomes are drawn."""

    which: AnyArray
    many: int
    rare: AnyArray
    """Number of draws, shape (strata,)."""
    chances: AnyArray
    """Of each group, shape (strata, groups)."""
    sign: AnyArray
    """-1 where what is drawn has passed: its lack is what counts."""

    def total(self, values: AnyArray) -> AnyArray:
        """Return sums of values given for each stratum."""
        return np.bincount(self.which, values, self.many)

    def logarithm(self, t: AnyArray) -> AnyArray:
        """Return the cumulant generating function of each sum."""
        return self.total(self.rare * np.log(np.maximum(self._grown(t).sum(axis=1), 1e-300)))

    def slopes(self, t: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Return its first and second derivative."""
        grown = self._grown(t)
        grown = grown / np.maximum(grown.sum(axis=1, keepdims=True), 1e-300)
        score = np.arange(grown.shape[1], dtype=np.float64)
        mean = grown @ score
        variance = np.maximum(grown @ score**2 - mean**2, 0)
        return self.total(self.rare * self.sign * mean), self.total(self.rare * variance)

    def _grown(self, t: AnyArray) -> AnyArray:
        score = np.arange(self.chances.shape[1], dtype=np.float64)
        grown: AnyArray = self.chances * np.exp(np.multiply.outer(t[self.which] * self.sign, score))
        return grown


def slope_interval(
    x: AnyArray, passed: AnyArray, total: AnyArray, sigmas: AnyArray, dispersion: AnyArray
) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Return the likeliest slopes of efficiencies that are linear in x, and their intervals.

    The line stays within 0 and 1 from x = 0 to 1, so that the interval tells something also where
    nothing or nearly nothing has failed.

    Args:
        x: Between 0 and 1, shape (groups,) or that of the counts.
        passed: Counts, shape (n, groups).
        total: Counts of the same shape.
        sigmas: Half length of the intervals in standard deviations of a Gaussian, shape (n,).
        dispersion: By which the variance is larger than that of counts, shape (n,).

    Returns:
        Slopes, and lower and upper ends of their profile-likelihood intervals, shape (n,).

    Source: R. W. M. Wedderburn, Biometrika 61 (1974) 439, for a likelihood of counts that vary
    more than by chance.
    """
    k, n = counts_of(passed, total)
    places = np.broadcast_to(x, k.shape)

    def profile(slope: AnyArray) -> AnyArray:
        def likelihood(start: AnyArray) -> AnyArray:
            line = np.clip(start[:, np.newaxis] + slope[:, np.newaxis] * places, 0, 1)
            return np.asarray((special.xlogy(k, line) + special.xlogy(n - k, 1 - line)).sum(axis=1))

        low, high = np.maximum(0, -slope), np.minimum(1, 1 - slope)
        return likelihood(_highest(likelihood, low, high))

    ones = np.ones(len(k))
    best = _highest(profile, -ones, ones)
    needed = profile(best) - sigmas**2 * dispersion / 2
    low = _crossing(lambda slope: profile(slope) >= needed, best, -ones)
    high = _crossing(lambda slope: profile(slope) >= needed, best, ones)
    return best, low, high


def _highest(function: Callable[[AnyArray], AnyArray], low: AnyArray, high: AnyArray) -> AnyArray:
    """Find where concave functions are highest, by golden sections."""
    a, b = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_a, at_b = function(a), function(b)
    for _ in range(HALVINGS):
        left = at_a >= at_b
        low, high = np.where(left, low, a), np.where(left, b, high)
        new = np.where(left, high - GOLDEN * (high - low), low + GOLDEN * (high - low))
        value = function(new)
        a, b, at_a, at_b = (
            np.where(left, new, b),
            np.where(left, a, new),
            np.where(left, value, at_b),
            np.where(left, at_a, value),
        )
    return (low + high) / 2


def _crossing(
    is_inside: Callable[[AnyArray], Bools], inside: AnyArray, outside: AnyArray
) -> AnyArray:
    """Find the end of an interval, between a point in it and one that may lie beyond."""
    for _ in range(HALVINGS * 2 // 3):
        middle = (inside + outside) / 2
        kept = is_inside(middle)
        inside, outside = np.where(kept, middle, inside), np.where(kept, outside, middle)
    return (inside + outside) / 2
