"""Where systematic uncertainties are told: the barrel, its stations, its chambers."""

from __future__ import annotations

from functools import cache

import numpy as np

from dtperf import detector
from dtperf.typing import I64

__all__ = ["CHAMBERS", "STATIONS", "places", "summed"]

STATIONS = slice(1, 5)
"""Which of the places are stations; the first one is the barrel."""
CHAMBERS = slice(5, None)
"""Which are chambers."""


@cache
def places() -> tuple[detector.Place, ...]:
    """Return the barrel, MB1 to MB4, and the 250 chambers."""
    stations = (detector.Place(station=number) for number in range(1, 5))
    chambers = (detector.Place(*chamber) for chamber in detector.chambers())
    return (detector.Place(), *stations, *chambers)


def summed(counts: I64) -> I64:
    """Return the sums of counts over each place.

    Args:
        counts: Shape (4, 5, 14, …): station, wheel, sector.

    Returns:
        Shape (places, …).
    """
    stations, each = counts.sum(axis=(1, 2)), detector.of_chambers(counts)
    return np.concatenate([stations.sum(axis=0)[np.newaxis], stations, each])
