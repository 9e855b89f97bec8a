"""Estimate the efficiency without background, from the sidebands in the mass."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dtperf.diagnostics.background.mass_spectrum import Estimate, Masses, background_shares
from dtperf.typing import AnyArray

__all__ = ["sideband"]

STEEPEST = 0.5
"""Largest slope of the background, 1/GeV: it has fallen by half after 1.4 GeV."""


def sideband(masses: Masses, counts: AnyArray) -> Estimate | None:
    """Return the efficiency with the background subtracted that the sidebands give.

    Passing and failing probes in the sidebands are scaled by one factor. The tails of the signal in
    the sidebands thus are subtracted, too, but from passing and failing probes in proportion: the
    efficiency does not see it. The factor is that of an exponential which has as many probes in
    each sideband as fail there: background is the largest part of these, and matters most there.

    Args:
        masses: Of these probes.
        counts: Of one station, shape (bins, 2): failed and passed.

    Returns:
        The estimate, with uncertainties from the Poisson spread of the six counts; None if nothing
        is left. It may exceed 1 by chance.
    """
    regions = np.stack(
        [
            counts[which].sum(axis=0)
            for which in (masses.is_below, masses.is_inside, masses.is_above)
        ]
    )
    efficiency, bias = _efficiency(masses, regions), _bias(masses, regions)
    if not np.isfinite(efficiency):
        return None
    return Estimate(
        float(efficiency),
        _spread(lambda changed: _efficiency(masses, changed), regions),
        float(bias),
        _spread(lambda changed: _bias(masses, changed), regions),
    )


def _efficiency(masses: Masses, regions: AnyArray) -> float:
    """Return the efficiency of counts of shape (3, 2): below, inside, above; failed, passed."""
    beside = regions[0] + regions[2]
    left = regions[1] - _scale(masses, regions[0, 0], regions[2, 0]) * beside
    return float(left[1] / left.sum()) if left.sum() > 0 else float("nan")


def _bias(masses: Masses, regions: AnyArray) -> float:
    total = regions[1].sum()
    return float(regions[1, 1] / total) - _efficiency(masses, regions) if total else float("nan")


def _scale(masses: Masses, below: float, above: float) -> float:
    """Return the content of the window over that of both sidebands, for an exponential."""
    from scipy.optimize import brentq  # takes long to import

    ends = np.array([masses.edges[0], *masses.window, masses.edges[-1]])
    # one half: an empty sideband has no logarithm
    ratio = np.log((below + 0.5) / (above + 0.5))

    def contents(slope: float) -> AnyArray:
        """Return the integrals of the exponential below, inside and above the window."""
        return np.diff(background_shares(ends, masses.window, slope))

    def excess(slope: float) -> float:
        at = contents(slope)
        return float(np.log(at[0] / at[2]) - ratio)

    if excess(-STEEPEST) >= 0:
        slope = -STEEPEST
    elif excess(STEEPEST) <= 0:
        slope = STEEPEST
    else:
        slope = brentq(excess, -STEEPEST, STEEPEST)
    lower, inside, upper = contents(slope)
    return float(inside / (lower + upper))


def _spread(function: Callable[[AnyArray], float], regions: AnyArray) -> float:
    """Return the uncertainty propagated from Poisson counts."""
    variance = 0.0
    for at in np.ndindex(regions.shape):
        # where nothing was counted there could have been one
        sigma = float(np.sqrt(max(float(regions[at]), 1.0)))
        step = np.zeros(regions.shape)
        step[at] = sigma / 2
        variance += (function(regions + step) - function(np.maximum(regions - step, 0))) ** 2
    return float(np.sqrt(variance))
