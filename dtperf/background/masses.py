"""Masses of tag and probe, around a signal window."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.errors import ConfigError, InputError
from dtperf.results import Result
from dtperf.typing import AnyArray

__all__ = ["Masses", "masses"]

MEASUREMENT = "efficiency_vs_mass"
LEAST_SIDEBAND_GEV = 5.0
"""On either side of the window."""
TOLERANCE_GEV = 1e-6


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
            "`--set selection.pair.min_mass=60 --set selection.pair.max_mass=120`"
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
