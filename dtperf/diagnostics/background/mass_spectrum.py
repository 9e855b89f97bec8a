"""Masses of tag and probe: counts, the lineshape of the Z, and a falling background."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from dtperf.errors import ConfigError, InputError
from dtperf.results.result import Result
from dtperf.results.row_columns import Column, Columns, at, efficiency_columns
from dtperf.results.summary import Efficiency, in_words, station_columns
from dtperf.typing import AnyArray

__all__ = [
    "NO_ESTIMATE",
    "Bias",
    "Estimate",
    "Fit",
    "Masses",
    "background_shares",
    "masses",
    "signal_shares",
]

MEASUREMENT = "efficiency_vs_mass"
LEAST_SIDEBAND_GEV = 5.0
"""On either side of the window."""
TOLERANCE_GEV = 1e-6
SEEN = 3.0
"""Standard deviations from which on one speaks of evidence."""


class Masses(NamedTuple):
    """Counts of the mass bins that the selection leaves whole."""

    edges: AnyArray
    """GeV, shape (bins + 1,)."""
    counts: AnyArray
    """Shape (4, bins, 2): station, mass, failed and passed."""
    window: tuple[float, float]
    """Lowest and highest mass of the signal, GeV; both are edges."""

    @property
    def is_below(self) -> AnyArray:
        """Which bins are below the window, shape (bins,)."""
        return np.asarray(self.edges[1:] <= self.window[0] + TOLERANCE_GEV)

    @property
    def is_above(self) -> AnyArray:
        """Which bins are above the window, shape (bins,)."""
        return np.asarray(self.edges[:-1] >= self.window[1] - TOLERANCE_GEV)

    @property
    def is_inside(self) -> AnyArray:
        """Which bins are in the window, shape (bins,)."""
        return ~(self.is_below | self.is_above)


def masses(result: Result, window: tuple[float, float]) -> Masses:
    """Read the masses that a result has measured.

    Args:
        result: With 'efficiency_vs_mass', measured with a wider window than the signal's.
        window: Lowest and highest mass of the signal, GeV.

    Raises:
        ConfigError: The window is not made of whole bins.
        InputError: The masses were not measured, or not on both sides of the window.
    """
    if MEASUREMENT not in result.counts:
        raise InputError(f"the result lacks '{MEASUREMENT}': measure it, to estimate background")
    counts = result.counts[MEASUREMENT]
    edges = np.asarray(counts.axes["mass"].edges)
    _check_window(window, edges)
    pair = result.config.selection.pair
    low, high = pair.min_mass - TOLERANCE_GEV, pair.max_mass + TOLERANCE_GEV
    whole = (edges[:-1] >= low) & (edges[1:] <= high)
    kept = edges[:-1][whole], edges[1:][whole]
    if not whole.any() or not (
        kept[0][0] <= window[0] - LEAST_SIDEBAND_GEV
        and window[1] + LEAST_SIDEBAND_GEV <= kept[1][-1]
    ):
        raise InputError(
            f"the selection keeps masses from {pair.min_mass:g} to {pair.max_mass:g} GeV, and "
            f"background is seen beside the signal's {window[0]:g} to {window[1]:g} GeV, at least "
            f"{LEAST_SIDEBAND_GEV:g} GeV on both sides: run again with "
            "selection.pair.min_mass=60 and selection.pair.max_mass=120"
        )
    view = np.asarray(counts.project("station", "mass", "passed").view(), dtype=np.float64)
    return Masses(np.append(kept[0], kept[1][-1]), view[:, whole], window)


def _check_window(window: tuple[float, float], edges: AnyArray) -> None:
    low, high = window
    is_edge = [bool(np.any(np.abs(edges - value) < TOLERANCE_GEV)) for value in window]
    if not (low < high and all(is_edge)):
        raise ConfigError(
            f"window: {low:g} to {high:g} GeV is not made of whole bins of '{MEASUREMENT}': "
            f"take two of its edges, {edges[0]:g}, {edges[1]:g} … {edges[-1]:g} GeV"
        )


class Estimate(NamedTuple):
    """The efficiency without background, by one method."""

    efficiency: float
    uncertainty: float
    """One standard deviation, as the next one."""
    bias: float
    """Counted efficiency minus this one; what both have in common has dropped out of its
    uncertainty."""
    bias_uncertainty: float

    def in_words(self) -> tuple[str, str]:
        """Write efficiency and bias in per cent, with their uncertainties."""
        return (
            f"{100 * self.efficiency:.3f} ± {100 * self.uncertainty:.3f}",
            f"{100 * self.bias:+.3f} ± {100 * self.bias_uncertainty:.3f}",
        )


class Fit(NamedTuple):
    """The estimate of a fit of the masses, and how good it is."""

    estimate: Estimate
    background: float
    """Part of the probes within the window."""
    background_uncertainty: float
    background_efficiency: float
    """NaN without background; of a background that is not seen it tells nothing."""
    chi2: float
    """Of all masses, passing and failing (S. Baker, R. D. Cousins, NIM 221 (1984) 437)."""
    degrees_of_freedom: int

    @property
    def is_background_seen(self) -> bool:
        """Return whether the background exceeds 0 by more than `SEEN` standard deviations."""
        return self.background > SEEN * self.background_uncertainty


NO_ESTIMATE = ("–", "–")
"""In the place of the words of an estimate that is None."""


class Bias(NamedTuple):
    """The efficiency of one station within the signal window, with and without background."""

    station: str
    counted: Efficiency
    sideband: Estimate | None
    """None if there is no probe in the window, or nothing is left without the background."""
    fitted: Fit | None
    """None if there are too few probes, or the fit did not converge."""

    def cells(self) -> list[tuple[str, str]]:
        """Return what a table shows of it."""
        sideband = self.sideband.in_words() if self.sideband else NO_ESTIMATE
        fitted = self.fitted.estimate.in_words() if self.fitted else NO_ESTIMATE
        heads = ("counted %", "passed / total", "sideband %", "bias", "fit %", "bias")
        texts = (*in_words(self.counted), *sideband, *fitted)
        return [("station", self.station), *zip(heads, texts, strict=True)]

    @classmethod
    def columns(cls) -> Columns:
        """Return the columns of a data frame."""
        numbers = ("background", "background_uncertainty", "background_efficiency", "chi2")
        return {
            **station_columns("station"),
            **efficiency_columns("counted", "counted_"),
            **_estimate("sideband", "sideband_"),
            **_estimate("fitted.estimate", "fit_"),
            **{f"fit_{name}": Column(at(f"fitted.{name}"), float | None) for name in numbers},
            "fit_degrees_of_freedom": Column(at("fitted.degrees_of_freedom"), int | None),
        }


def _estimate(path: str, prefix: str) -> dict[str, Column]:
    names = Estimate._fields
    return {f"{prefix}{name}": Column(at(f"{path}.{name}"), float | None) for name in names}


Z_MASS_GEV, Z_WIDTH_GEV = 91.1876, 2.4952
"""Particle Data Group, Phys. Rev. D 110 (2024) 030001."""
STEP_GEV = 0.1
REACH_GEV = 40.0
"""Farther off than this nothing is measured."""


def signal_shares(
    edges: AnyArray,
    window: tuple[float, float],
    shift: float,
    resolution: float,
    tail: float,
    power: float,
) -> AnyArray:
    """Return the integral of the measured lineshape of the Z up to each edge.

    A relativistic Breit-Wigner, folded with a Crystal Ball whose tail towards lower masses stands
    for radiation.

    Args:
        edges: GeV, multiples of 0.1, shape (n,).
        window: GeV, multiples of 0.1.
        shift: Of the mass, GeV.
        resolution: Gaussian core, GeV.
        tail: Where the tail begins, in units of the resolution below the peak.
        power: The tail falls as the distance to minus this.

    Returns:
        Integrals from the first edge on, over the integral of the window, shape (n,).

    Source: J. E. Gaiser, SLAC-R-255 (1982), appendix F, for the Crystal Ball.
    """
    grid, integral = _integral(edges[0], edges[-1], shift, resolution, tail, power)
    at = np.interp([*edges, *window], grid, integral)
    return np.asarray((at[:-2] - at[0]) / (at[-1] - at[-2]))


def background_shares(edges: AnyArray, window: tuple[float, float], slope: float) -> AnyArray:
    """Integrate exp(-slope * mass) from the first edge to each, over the integral of the window.

    Args:
        edges: GeV, shape (n,).
        window: GeV.
        slope: 1/GeV.
    """
    middle = sum(window) / 2
    values = np.asarray([*edges, *window]) - middle
    # at slope 0 the quotient would be 0/0
    at = values if abs(slope) < 1e-9 else -np.expm1(-slope * values) / slope
    return np.asarray((at[:-2] - at[0]) / (at[-1] - at[-2]))


# passing and failing probes have one shape of the signal, and are asked for in turn
@lru_cache(maxsize=8)
def _integral(
    first: float, last: float, shift: float, resolution: float, tail: float, power: float
) -> tuple[AnyArray, AnyArray]:
    steps = round((last - first) / STEP_GEV)
    reach = round(REACH_GEV / STEP_GEV)
    true = first + STEP_GEV * np.arange(-reach, steps + reach + 1)
    s, pole = true**2, Z_MASS_GEV**2
    produced = true / ((s - pole) ** 2 + pole * Z_WIDTH_GEV**2)
    off = STEP_GEV * np.arange(-reach, reach + 1) - shift
    density = np.convolve(produced, _crystal_ball(off / resolution, tail, power), mode="valid")
    between = (density[1:] + density[:-1]) / 2
    grid = first + STEP_GEV * np.arange(steps + 1)
    return grid, np.concatenate([[0.0], np.cumsum(between)])


def _crystal_ball(t: AnyArray, tail: float, power: float) -> AnyArray:
    """Return a Gaussian whose left side continues as a power law (Crystal Ball), 1 at its peak."""
    core = np.exp(-(t**2) / 2)
    offset = power / tail - tail
    beyond = np.maximum(offset - np.minimum(t, -tail), 1e-12)
    law = np.exp(-(tail**2) / 2) * (power / tail / beyond) ** power
    return np.where(t > -tail, core, law)
