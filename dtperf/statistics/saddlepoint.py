"""Tails of sums of whole numbers, from their cumulant generating functions."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from dtperf.typing import AnyArray

__all__ = ["Generating", "tail_in_sigmas"]

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


class Generating(Protocol):
    """Sums of independent numbers with gaps of 1, shape (sums,)."""

    def logarithm(self, t: AnyArray) -> AnyArray:
        """Return the cumulant generating function of each sum."""

    def slopes(self, t: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Return its first and second derivative."""


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
    t = _saddlepoint(sums, x + middle)
    log = sums.logarithm(t) - t * middle
    curvature = sums.slopes(t)[1]
    root = np.sqrt(np.maximum(2 * (t * x - log), 0))
    other = -np.expm1(-np.abs(t)) * np.sqrt(np.maximum(curvature, AT_THE_END))
    is_told = (root > CENTRE) & (other > 0)
    root, other = np.where(is_told, root, 1.0), np.where(is_told, other, 1.0)
    sigmas: AnyArray = np.where(is_told, np.maximum(root + np.log(other / root) / root, 0), 0.0)
    return sigmas


def _saddlepoint(sums: Generating, x: AnyArray) -> AnyArray:
    """Find where the first derivative of each is x, by Newton's method within an interval."""
    low, high, t = np.full(x.shape, -FARTHEST), np.full(x.shape, FARTHEST), np.zeros(x.shape)
    for _ in range(STEPS):
        slope, curvature = sums.slopes(t)
        low, high = np.where(slope < x, t, low), np.where(slope < x, high, t)
        step = t - (slope - x) / np.maximum(curvature, LEAST)
        new = np.where((step > low) & (step < high), step, (low + high) / 2)
        if np.all(np.abs(new - t) < NEAR):
            return new
        t = new
    return t
