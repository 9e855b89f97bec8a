"""What background does to the efficiency of a station."""

from __future__ import annotations

from typing import NamedTuple

from dtperf.summary import Efficiency

__all__ = ["Bias", "Estimate", "Fit"]


class Estimate(NamedTuple):
    """The efficiency without background, by one method."""

    efficiency: float
    uncertainty: float
    """One standard deviation, as the next one."""
    bias: float
    """Counted efficiency minus this one; what both have in common has dropped out of its
    uncertainty."""
    bias_uncertainty: float


class Fit(NamedTuple):
    """The estimate of a fit of the masses, and how good it is."""

    estimate: Estimate
    background: float
    """Part of the probes within the window."""
    background_uncertainty: float
    background_efficiency: float
    """NaN without background."""
    chi2: float
    """Of all masses, passing and failing (S. Baker, R. D. Cousins, NIM 221 (1984) 437)."""
    degrees_of_freedom: int


class Bias(NamedTuple):
    """The efficiency of one station within the signal window, with and without background."""

    station: str
    counted: Efficiency
    sideband: Estimate | None
    """None if there is no probe in the window, or nothing is left without the background."""
    fitted: Fit | None
    """None if there are too few probes, or the fit did not converge."""
