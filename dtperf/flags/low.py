"""Chambers that are less efficient than their peers."""

from __future__ import annotations

import numpy as np
from scipy.special import bdtr

from dtperf.flags.model import Flag, Look, percent
from dtperf.geometry import Place
from dtperf.results import Result

__all__ = ["MARGIN", "low"]

MARGIN = 0.01
"""Healthy chambers differ by less."""


def low(result: Result) -> list[Look]:
    """Test whether each chamber is more than `MARGIN` below the median of its station.

    Args:
        result: With 'by_chamber', or nothing is looked at.

    Returns:
        One look a chamber that has probes. Its p-value is that of a chamber that is just `MARGIN`
        below the median, to pass as few probes: less for all that are better.
    """
    rows = [row for row in result.by_chamber() if row.efficiency.total]
    looks = []
    for station in range(1, 5):
        peers = [row for row in rows if row.chamber.station == station]
        usual = float(np.median([row.efficiency.value for row in peers])) if peers else 0.0
        for row in peers:
            k, n = row.efficiency.passed, row.efficiency.total
            reason = (
                f"efficiency {percent(row.efficiency.value)} ({k:,} of {n:,}); "
                f"the median of MB{station} is {percent(usual)}"
            )
            p_value = float(bdtr(k, n, max(usual - MARGIN, 0.0)))
            loss = usual - row.efficiency.value
            found = Flag(Place(*row.chamber), "low", reason, p_value, loss=loss)
            looks.append(Look(found, row.efficiency.value < usual - MARGIN))
    return looks
