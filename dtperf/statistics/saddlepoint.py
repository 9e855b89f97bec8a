"""Tails of sums of whole numbers, from their cumulant generating functions."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from dtperf.typing import AnyArray

__all__ = ["AT_THE_END", "Generating", "Sloping", "in_sigmas", "saddlepoint", "tail_in_sigmas"]

STEPS = 60
"""Maximum number of iterations of the search for a saddlepoint."""
FARTHEST = 40.0
"""Saddlepoints lie nearer to 0 than this, but where all failures are on one side: at infinity."""
NEAR = 1e-9
"""Tolerance at which a saddlepoint counts as found."""
AT_THE_END = 1 / (2 * np.pi)
"""Curvature with which the approximation gives the probability of that exactly."""
LEAST = 1e-200
"""Curvature at which a step is beyond any interval, and still a number."""
CENTRE = 1e-3
"""Nearer to its mean a sum is not conspicuous at all."""


class Sloping(Protocol):
    """Functions that are convex, shape (sums,)."""

    def slopes(self, t: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Return the first and second derivative of each."""


class Generating(Sloping, Protocol):
    """Sums of independent numbers with gaps of 1: their cumulant generating functions."""

    def logarithm(self, t: AnyArray) -> AnyArray:
        """Return the cumulant generating function of each sum."""


def tail_in_sigmas(sums: Generating, x: AnyArray, middle: AnyArray) -> AnyArray:
    """Return how far sums lie from their means, on both sides.

    Args:
        sums: Their distributions.
        x: The sums minus their means, shape (sums,), within what they can be.
        middle: Their means.

    Returns:
        Standard deviations of a Gaussian that are exceeded as rarely, 0 or more.

    Source: O. E. Barndorff-Nielsen, Biometrika 73 (1986) 307, and H. E. Daniels, Int. Stat.
    Rev. 55 (1987) 37, for the tail of a sum that has gaps of 1.
    """
    t = saddlepoint(sums, x + middle)
    log = sums.logarithm(t) - t * middle
    curvature = np.maximum(sums.slopes(t)[1], AT_THE_END)
    return in_sigmas(t, t * x - log, np.log(curvature) / 2)


def in_sigmas(t: AnyArray, gain: AnyArray, log_width: AnyArray) -> AnyArray:
    """Return how far sums with gaps of 1 lie from their means, on both sides.

    Args:
        t: Their saddlepoints, shape (sums,), as all others.
        gain: What the logarithm of the likelihood gains by them.
        log_width: Logarithm of the standard deviation there, or of what stands in its place.

    Returns:
        As `tail_in_sigmas`, whose source it is of.
    """
    root = np.sqrt(np.maximum(2 * gain, 0))
    gap = -np.expm1(-np.abs(t))
    is_told = (root > CENTRE) & (gap > 0)
    root, gap = np.where(is_told, root, 1.0), np.where(is_told, gap, 1.0)
    other = np.log(gap) + log_width
    sigmas: AnyArray = np.where(is_told, np.maximum(root + (other - np.log(root)) / root, 0), 0.0)
    return sigmas


def saddlepoint(sums: Sloping, x: AnyArray) -> AnyArray:
    """Return where the first derivative of each is x, by Newton's method within an interval.

    Args:
        sums: What has derivatives.
        x: What they are to be, shape (sums,).
    """
    low, high, t = np.full(x.shape, -FARTHEST), np.full(x.shape, FARTHEST), np.zeros(x.shape)
    for _ in range(STEPS):
        slope, curvature = sums.slopes(t)
        low, high = np.where(slope < x, t, low), np.where(slope < x, high, t)
        step = t - (slope - x) / np.maximum(curvature, LEAST)
        # a search that has ended stays where it is, which is an end of its interval
        new = np.where((step >= low) & (step <= high), step, (low + high) / 2)
        if np.all(np.abs(new - t) < NEAR):
            return new
        t = new
    return t
