"""The part of the probes that a place's efficiency is measured with, against the run."""

from __future__ import annotations

import numpy as np

from dtperf.detector import Place
from dtperf.errors import InputError
from dtperf.plot.axes import Binned, edges_of, values_of
from dtperf.plot.chamber import against_runs
from dtperf.plot.curves import SHIFTS, Curve
from dtperf.plot.style import STATIONS, Size, StyledFigure, style
from dtperf.results.caption import caption_of
from dtperf.results.result import Result, ResultSource

__all__ = ["eligible_trend"]


def eligible_trend(
    result: ResultSource,
    place: Place,
    change: int | None = None,
    *,
    figsize: Size | None = None,
) -> StyledFigure:
    """Draw the eligible fraction of the fiducial probes against the run, a curve for each station.

    Args:
        result: A result or its directory, with the measurement 'eligible_by_sector_and_run'.
        place: A chamber, a sector, a wheel, …
        change: First run after something has changed, to be marked by a line.
        figsize: Width and height in inches; None: what suits the plot.

    Raises:
        InputError: It was not measured.
    """
    result = Result.load(result)
    if "eligible_by_sector_and_run" not in result.counts:
        raise InputError(
            f"the result lacks 'eligible_by_sector_and_run', of which {place.name} would be drawn"
        )
    counts = result.counts["eligible_by_sector_and_run"]
    runs, edges = values_of(counts.axes["run"]), edges_of(counts.axes["run"])
    view = np.asarray(counts.view(), dtype=np.int64)[..., : len(runs), :]
    curves = []
    for station, look, shift in zip(range(1, 5), STATIONS, SHIFTS, strict=True):
        mine = [chamber for chamber in place.chambers if chamber.station == station]
        if mine:
            cells = sum(view[station - 1, c.wheel + 2, c.sector - 1] for c in mine)
            binned = Binned(cells[:, 1], cells.sum(axis=-1))
            curves.append(Curve(f"MB{station}", edges, binned, look, is_exact=True, shift=shift))
    title = f"{place.name}; {result.config.title}"
    with style(figsize, caption=caption_of(result)):
        return against_runs(curves, runs, title, "eligible fraction", change)
