"""The stations over many results."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dtperf.errors import InputError
from dtperf.plot.axes import Binned
from dtperf.plot.chamber import against_runs
from dtperf.plot.curves import SHIFTS, Curve
from dtperf.plot.style import STATIONS, StyledFigure, style
from dtperf.results.caption import caption_of
from dtperf.results.result import Result

__all__ = ["station_trend"]

LONGEST = 24


def station_trend(results: Sequence[tuple[str, Result]]) -> StyledFigure:
    """Draw the fiducial efficiency of the stations against the result.

    Args:
        results: Names and results, in their order.

    Raises:
        InputError: One of them has not measured 'by_chamber'.
    """
    rows = [result.by_station() for _, result in results]
    for (name, _), stations in zip(results, rows, strict=True):
        if any(station.fiducial is None for station in stations):
            raise InputError(f"{name}: lacks 'by_chamber', of which stations would be drawn")
    counts = np.array([[s.fiducial[:2] for s in stations if s.fiducial] for stations in rows])
    edges = np.linspace(-0.5, len(results) - 0.5, len(results) + 1, dtype=np.float64)
    curves = [
        Curve(
            f"MB{number + 1}",
            edges,
            Binned(counts[:, number, 0], counts[:, number, 1]),
            STATIONS[number],
            is_exact=True,
            shift=SHIFTS[number],
        )
        for number in range(4)
    ]
    names = [n if len(n) <= LONGEST else f"…{n[1 - LONGEST :]}" for n, _ in results]
    with style(caption=caption_of(*(result for _, result in results))):
        return against_runs(curves, names, "", "efficiency", x="result")
