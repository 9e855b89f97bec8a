"""Shapes of the masses: a Z that was measured, and a background that falls."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from dtperf.typing import AnyArray

__all__ = ["background_shares", "signal_shares"]


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
    """Integrate the measured lineshape of the Z up to each edge.

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
    """Evaluate a Gaussian whose left side goes over to a power law, 1 at its peak."""
    core = np.exp(-(t**2) / 2)
    offset = power / tail - tail
    beyond = np.maximum(offset - np.minimum(t, -tail), 1e-12)
    law = np.exp(-(tail**2) / 2) * (power / tail / beyond) ** power
    return np.where(t > -tail, core, law)
