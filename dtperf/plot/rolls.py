"""Efficiency of the barrel's RPC rolls, a panel for each wheel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.detector.rolls import roll_name
from dtperf.measurements.declaration import Histogram
from dtperf.plot.axes import Binned, at, edges_of
from dtperf.plot.cells import EfficiencyMap
from dtperf.plot.maps import WHEELS, Map, draw_maps
from dtperf.plot.style import StyledFigure
from dtperf.plot.ticks import name_ticks
from dtperf.typing import I64

__all__ = ["Row", "rolls_of_wheels", "rows_of_rolls"]


class Row(NamedTuple):
    """The rolls of one kind of all sectors of a wheel; numbers count from 1."""

    station: int
    layer: int
    subsector: int
    roll: int

    @property
    def name(self) -> str:
        """Chamber and roll, such as 'RB1in roll 2'."""
        return roll_name(*self)


def rows_of_rolls(total: I64) -> list[Row]:
    """List the kinds of rolls that any sector of any wheel has.

    Args:
        total: Crossings, shape (stations, wheels, sectors, layers, subsectors, rolls).
    """
    found = np.argwhere(total.sum(axis=(1, 2)) > 0) + 1
    return [Row(*map(int, each)) for each in found]


def rolls_of_wheels(counts: Histogram, reference: Histogram | None, title: str) -> StyledFigure:
    """Draw sector and roll, a panel for each wheel.

    Args:
        counts: On station, wheel, sector, layer, subsector and roll.
        reference: The same of another result.
        title: Plain text for the header.
    """
    total = np.asarray(counts.view(), dtype=np.int64).sum(axis=-1)
    rows = rows_of_rolls(total)
    if reference is not None and counts.axes != reference.axes:
        reference, title = None, f"reference has other bins: not shown; {title}"
    y_edges = np.arange(len(rows) + 1.0) - 0.5
    x_edges = edges_of(counts.axes["sector"])
    shown = [
        Map(
            f"W{wheel:+d}" if wheel else "W0",
            EfficiencyMap(x_edges, y_edges, _binned(at(counts, wheel=number), rows)),
            None if reference is None else _binned(at(reference, wheel=number), rows),
        )
        for number, wheel in enumerate(WHEELS)
    ]
    sheet = draw_maps(shown, title, (10, 0.32 * len(rows) + 1.2), "efficiency of rolls")
    for panel in sheet.panels.flat[len(shown) :] if reference is None else ():
        panel.axis("off")
    for panel in sheet.panels.flat:
        name_ticks(panel.xaxis, range(1, 13))
        name_ticks(panel.yaxis, range(len(rows)), [row.name for row in rows], size="xx-small")
        panel.minorticks_off()
        panel.set_xlabel("sector")
    return sheet


def _binned(counts: Histogram, rows: list[Row]) -> Binned:
    """Take the rolls of a wheel, shape (sectors, rows)."""
    binned = Binned.of(counts, "station", "sector", "layer", "subsector", "roll")
    taken = [
        binned[row.station - 1, :, row.layer - 1, row.subsector - 1, row.roll - 1] for row in rows
    ]
    return Binned(
        np.stack([each.passed for each in taken], axis=-1),
        np.stack([each.total for each in taken], axis=-1),
    )
