"""How many of the failures in some strata are of the later sample: tails, given all margins.

In a stratum with so many probes of the later sample, of the earlier one, and failures of both, the
later sample's failures are hypergeometric if both have one efficiency. What is tested is their sum
over strata. Sums of few values are added up, others approximated.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.statistics import special
from dtperf.statistics.saddlepoint import AT_THE_END, in_sigmas, saddlepoint
from dtperf.typing import AnyArray, Bools, Intp

__all__ = ["EXACT", "Margins"]

EXACT = 100
"""Sums that can have more values than these are approximated: numbers of standard deviations to
0.3 %."""
SHORT = 12
"""Strata that can have at most so many values enter approximations with each of them."""
LEAST = 1e-300
"""What is less probable counts as this probable, which is 37 standard deviations."""


class Margins(NamedTuple):
    """What is given of strata, arrays of shape (strata,)."""

    later: AnyArray
    """Probes of the later sample."""
    earlier: AnyArray
    """Probes of the earlier one."""
    failed: AnyArray
    """Probes of both that failed."""

    @property
    def least(self) -> AnyArray:
        """Fewest failures of the later sample."""
        fewest: AnyArray = np.maximum(self.failed - self.earlier, 0)
        return fewest

    @property
    def values(self) -> AnyArray:
        """How many numbers of failures of the later sample there can be."""
        return np.minimum(self.failed, self.later) - self.least + 1

    def sigmas(self, sets: Bools, failed_later: AnyArray) -> AnyArray:
        """Return how far the later sample's failures are from what is expected, on both sides.

        Args:
            sets: Which strata are added up, shape (sets, strata).
            failed_later: Failures of the later sample, shape (strata,).

        Returns:
            Of the smaller one of both tails, each with what was seen, how many standard deviations
            a Gaussian exceeds as rarely on this side; 0 if that is more often than in half of all
            cases. Twice the tail is the p-value. Shape (sets,).
        """
        seen = sets @ failed_later
        freedom = sets @ (self.values - 1)
        is_few = freedom < EXACT
        if any((column % 1).any() for column in (*self, failed_later)):
            is_few[:] = False  # no counts
        found = np.zeros(len(sets))
        is_open = freedom > 0
        few, many = np.flatnonzero(is_few & is_open), np.flatnonzero(~is_few & is_open)
        if len(few):
            found[few] = self._added_up(sets[few], seen[few])
        if len(many):
            found[many] = self._approximated(sets[many], seen[many])
        return found

    def _added_up(self, sets: Bools, seen: AnyArray) -> AnyArray:
        """Add up the probabilities of all numbers that the margins allow."""
        strata = np.flatnonzero(sets.any(axis=0) & (self.values > 1))
        chances = dict(zip(strata.tolist(), self._chances(strata), strict=True))
        found, least = np.empty(len(sets)), sets @ self.least
        for number, (members, at) in enumerate(zip(sets, (seen - least).astype(int), strict=True)):
            together = np.ones(1)
            # short ones first: fewer products
            mine = [chances[each] for each in np.flatnonzero(members).tolist() if each in chances]
            for each in sorted(mine, key=len):
                together = np.convolve(together, each)
            found[number] = min(together[: at + 1].sum(), together[at:].sum())
        tail = np.clip(found, LEAST, 0.5)
        sigmas: AnyArray = 0.0 - special.ndtri(tail)  # not -0.0, which would be printed
        return sigmas

    def _chances(self, strata: Intp) -> list[AnyArray]:
        """Return the hypergeometric probabilities of strata, from the least number on."""
        ends = np.cumsum(self.values[strata].astype(int))
        chances = np.split(np.exp(self._distributions(strata)[1]), ends[:-1])
        return [each / each.sum() for each in chances]

    def _distributions(self, strata: Intp) -> tuple[AnyArray, AnyArray]:
        """Return what numbers there can be, of one stratum after the other, and log probabilities.

        Source: the hypergeometric distribution.
        """
        counts = self.values[strata].astype(int)
        later, earlier, failed, least = (
            np.repeat(column[strata], counts) for column in (*self, self.least)
        )
        ends = np.cumsum(counts)
        possible = least + np.arange(len(least)) - np.repeat(ends - counts, counts)
        logarithm = _choices(later, possible) + _choices(earlier, failed - possible)
        return possible, logarithm - _choices(later + earlier, failed)

    def _approximated(self, sets: Bools, seen: AnyArray) -> AnyArray:
        which, at = np.nonzero(sets & (self.values > 1))
        inside = Margins(*(column[at] for column in self))
        fixed = (sets & (self.values == 1)) @ self.least
        short = np.flatnonzero(inside.values <= SHORT)
        place, logarithm = inside._distributions(short)
        owner = np.repeat(short, inside.values[short].astype(int))
        tilted = _Tilted(which, len(sets), *inside, owner, place, logarithm)
        t = saddlepoint(tilted, seen - fixed)
        return tilted.in_sigmas(t)


def _choices(many: AnyArray, some: AnyArray) -> AnyArray:
    """Return the logarithm of how many ways there are to choose some of many."""
    log_factorial = special.gammaln
    chosen: AnyArray = (
        log_factorial(many + 1) - log_factorial(some + 1) - log_factorial(many - some + 1)
    )
    return chosen


class _Tilted(NamedTuple):
    """Strata of sums, whose odds of failing are exp(t) times as high in the later sample.

    Source: I. M. Skovgaard, J. Appl. Prob. 24 (1987) 875, for the tail given other sums, here the
    failures of each stratum.
    """

    which: AnyArray
    """Number of the sum that each stratum is in."""
    many: int
    """Number of sums."""
    later: AnyArray
    earlier: AnyArray
    failed: AnyArray
    owner: AnyArray
    """Of the values of short strata: the number of the stratum, increasing."""
    value: AnyArray
    logarithm: AnyArray
    """Of its probability."""

    def total(self, values: AnyArray) -> AnyArray:
        """Return sums of values given for each stratum."""
        return np.bincount(self.which, values, self.many)

    def expected(self, t: AnyArray) -> AnyArray:
        """Return the failures of the later sample for which the margins hold on average."""
        odds = np.exp(t)[self.which]
        # odds * (later - x) * (failed - x) = x * (earlier - failed + x)
        square, constant = 1 - odds, odds * self.later * self.failed
        linear = self.earlier - self.failed + odds * (self.later + self.failed)
        root = np.sqrt(np.maximum(linear**2 + 4 * square * constant, 0))
        is_up = linear > 0
        below = np.where(is_up, linear + root, 1.0)
        x = np.where(
            is_up, 2 * constant / below, (root - linear) / (2 * np.where(is_up, 1.0, square))
        )
        least = np.maximum(self.failed - self.earlier, 0)
        return np.clip(x, least, np.minimum(self.failed, self.later))

    def slopes(self, t: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Return how many failures of the later sample are expected, and the derivative."""
        x = self.expected(t)
        later, earlier = self._variances(x)
        both = later + earlier
        variance = later * earlier / np.where(both > 0, both, 1.0)
        _, mean, spread = self._short(t)
        at = self._is_short
        x[at], variance[at] = mean[at], spread[at]
        return self.total(x), self.total(variance)

    @property
    def _is_short(self) -> Bools:
        found = np.zeros(len(self.which), dtype=np.bool_)
        found[self.owner] = True
        return found

    def _short(self, t: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Return cumulant generating function, mean and variance of the short strata, else 0."""
        many, odds = len(self.which), t[self.which]
        # as seen from the end that is favoured, so that nothing grows beyond all numbers
        ends = np.zeros((2, many))
        ends[0, self.owner[::-1]] = self.value[::-1]
        ends[1, self.owner] = self.value
        end = np.where(odds > 0, ends[1], ends[0])
        chance = np.exp(self.logarithm + odds[self.owner] * (self.value - end[self.owner]))
        total = np.bincount(self.owner, chance, many)
        some = np.where(total > 0, total, 1.0)
        mean = np.bincount(self.owner, chance * self.value, many) / some
        beyond = (self.value - mean[self.owner]) ** 2
        variance = np.bincount(self.owner, chance * beyond, many) / some
        return np.where(total > 0, np.log(some) + odds * end, 0.0), mean, variance

    def in_sigmas(self, t: AnyArray) -> AnyArray:
        """Return the tails beyond what is expected with t."""
        x, x_equal = self.expected(t), self.expected(np.zeros(self.many))
        gain = self._likelihood(x) - self._likelihood(x_equal)
        given = self._of_margins(x_equal) - self._of_margins(x)
        generating, mean, _ = self._short(t)
        at = self._is_short
        gain[at], given[at] = (t[self.which] * mean - generating)[at], 0.0
        curvature = np.maximum(self.slopes(t)[1], AT_THE_END)
        return in_sigmas(t, self.total(gain), np.log(curvature) / 2 + self.total(given))

    def _of_margins(self, x: AnyArray) -> AnyArray:
        """Return the logarithm of how probable it is that as many fail as do, where so many are to.

        A sum of two binomial numbers counts as the one of equal mean and variance: with equal odds
        it is that, and where all must fail or pass it is certain.
        """
        failed, variance = self.failed, np.sum(self._variances(x), axis=0)
        size = np.maximum(failed**2 / np.maximum(failed - variance, 1e-12), failed)
        log, rest = special.xlogy, size - failed
        probability: AnyArray = (
            _choices(size, failed) + log(failed, failed / size) + log(rest, rest / size)
        )
        return probability

    def _variances(self, x: AnyArray) -> tuple[AnyArray, AnyArray]:
        rest = self.failed - x
        return x * (1 - x / self.later), rest * (1 - rest / self.earlier)

    def _likelihood(self, x: AnyArray) -> AnyArray:
        """Return the logarithm of the likelihood if so many fail, as often as they are to."""
        log = special.xlogy
        rest = self.failed - x
        later, earlier = self.later - x, self.earlier - rest
        sum_of_both: AnyArray = (
            log(x, x / self.later)
            + log(later, later / self.later)
            + log(rest, rest / self.earlier)
            + log(earlier, earlier / self.earlier)
        )
        return sum_of_both
