"""What all pictures agree on: colours of stations and efficiencies, and which numbers say little.

Plots, notebooks, the report and explore take them from here; pages through `dtperf.pages.assets`.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import numpy.typing as npt

from dtperf.statistics import clopper_pearson, special
from dtperf.typing import Bools

__all__ = [
    "ALARM",
    "DIFFERENCE_EDGES",
    "DIFFERENCE_FILLS",
    "EDGES",
    "FEW",
    "FILLS",
    "PALE",
    "STATION_COLOURS",
    "SURE",
    "UNCERTAINTY_EDGES",
    "UNCERTAINTY_FILLS",
    "fill_of",
    "ink_on",
    "is_few",
    "is_surely_low",
    "pale",
]

STATION_COLOURS = ("#5790fc", "#f89c20", "#e42536", "#964a8b")
"""Of MB1 to MB4, by M. A. Petroff, arXiv:2107.02270: CMS's, and for colour-blind people, too."""

EDGES = (0.9, 0.93, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 1.0)
"""Efficiencies at which the colour changes."""
FILLS = ("#00224e", "#1d3964", "#434e6c", "#61646f", "#7d7c78", "#9d9570", "#c4b561", "#fee838")
"""Between the edges: cividis, which colour-blind people see as everybody does."""
ALARM = "#d55e00"
"""Surely below the first edge: vermilion, neither blue nor yellow, as all others are."""

DIFFERENCE_EDGES = (-0.05, -0.02, -0.01, -0.005, 0.005, 0.01, 0.02, 0.05)
DIFFERENCE_FILLS = (
    *("#7f3b08", "#c7640c", "#f0a24a", "#fdd9a8", "#f4f4f4"),
    *("#cfdcf0", "#93b4dd", "#4a7fc1", "#173f7f"),
)
"""One more than edges: what is lost is orange, what is gained blue."""

UNCERTAINTY_EDGES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
UNCERTAINTY_FILLS = FILLS[::-1]
"""One more than edges: dark is large."""

FEW = 20
"""Probes: of fewer, a point is left out and a colour is pale. The number of probes decides, not the
interval, which is longer where some have failed: leaving out those would raise what is left."""
SURE = 2.0
"""Standard deviations from which on a difference, or an efficiency that is too low, is taken for
one."""
PALE = 0.45
"""Opacity on white."""
DARK = 0.18


def is_few(total: npt.ArrayLike) -> Bools:
    """Return where there are probes, but fewer than `FEW`.

    Args:
        total: Numbers of probes, any shape.
    """
    number = np.asarray(total)
    few: Bools = (number > 0) & (number < FEW)
    return few


def is_surely_low(passed: npt.ArrayLike, total: npt.ArrayLike, limit: float = EDGES[0]) -> Bools:
    """Return where the whole interval of `SURE` standard deviations lies below a limit.

    One probe lost of three is no alarm; ten lost of ten are one.

    Args:
        passed: Counts, any shape.
        total: Counts of the same shape.
        limit: An efficiency; by default where the colours begin.
    """
    coverage = float(2 * special.ndtr(SURE) - 1)
    low: Bools = clopper_pearson(passed, total, coverage)[1] < limit
    return low


def fill_of(value: float, *, alarm: bool, few: bool) -> str:
    """Return the colour of an efficiency.

    Args:
        value: The efficiency.
        alarm: It is surely low, see `is_surely_low`.
        few: Of few probes, see `is_few`.
    """
    if alarm:
        return ALARM
    step = min(max(bisect_right(EDGES, value) - 1, 0), len(FILLS) - 1)
    return pale(FILLS[step]) if few else FILLS[step]


def pale(colour: str) -> str:
    """Mix a colour with white."""
    parts = (PALE * int(colour[at : at + 2], 16) + (1 - PALE) * 255 for at in (1, 3, 5))
    return "#" + "".join(f"{round(part):02x}" for part in parts)


def ink_on(colour: str) -> str:
    """Return black or white, whichever can be read on a colour."""
    red, green, blue = ((int(colour[at : at + 2], 16) / 255) ** 2.2 for at in (1, 3, 5))
    return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > DARK else "#ffffff"
