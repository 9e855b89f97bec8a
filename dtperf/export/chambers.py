"""Chambers laid out as in the reference's maps, by station, wheel and sector."""

from __future__ import annotations

import numpy as np

from dtperf.export.bins import Bins
from dtperf.export.cells import Cells
from dtperf.typing import I64, AnyArray

__all__ = ["in_one_row", "sector_by_wheel", "side_by_side", "within_sectors"]

STATIONS, WHEELS, SECTORS, TWELVE = 4, 5, 14, 12
TWINS = {13: 4, 14: 10}
"""Second MB4 chamber of a sector, and that sector."""


def in_one_row(cells: Cells) -> Cells:
    """Put the chambers of a station at sector + 14 (wheel + 2).

    Args:
        cells: On station, wheel, sector and further axes.

    Returns:
        Cells on station, chamber and the further axes.
    """
    chambers = WHEELS * SECTORS
    inner = _inner(cells)
    row = inner.reshape(STATIONS, chambers, *inner.shape[3:])
    axes = (cells.axes[0], Bins("chamber", "", chambers, 0.5, chambers + 0.5))
    return _laid_out(cells, axes, row)


def sector_by_wheel(cells: Cells) -> Cells:
    """Make a map of each station, with sector and wheel at the lower edges of their bins.

    Args:
        cells: On station, wheel and sector.

    Returns:
        Cells on station, sector and wheel.
    """
    axes = (
        cells.axes[0],
        Bins("sector", "", SECTORS, 1, SECTORS + 1),
        Bins("wheel", "", WHEELS, -2, 3),
    )
    return _laid_out(cells, axes, np.swapaxes(_inner(cells), 1, 2))


def within_sectors(cells: Cells) -> Cells:
    """Make one map in which each sector of a wheel is a square of four stations.

    Args:
        cells: On station, wheel and sector.

    Returns:
        Cells on sector and wheel. MB1 and MB3 are left, MB2 and MB4 right, MB3 and MB4 above.
    """
    merged = _without_twins(_inner(cells))
    squares = merged.reshape(2, 2, *merged.shape[1:])
    above, right, wheel, sector = range(4)
    square_by_square = squares.transpose(sector, right, wheel, above, 4)
    axes = (
        Bins("sector", "", 2 * TWELVE, 0.5, TWELVE + 0.5),
        Bins("wheel", "", 2 * WHEELS, -2.5, 2.5),
    )
    return _laid_out(cells, axes, square_by_square.reshape(2 * TWELVE, 2 * WHEELS, -1))


def side_by_side(cells: Cells) -> Cells:
    """Make one map of the stations' maps, one beside the other.

    Args:
        cells: On station, wheel and sector.

    Returns:
        Cells on wheel + 3 + 5 (station - 1), and sector.
    """
    columns = STATIONS * WHEELS
    axes = (
        Bins("wheel_and_station", "", columns, 1, columns + 1),
        Bins("sector", "", TWELVE, 1, TWELVE + 1),
    )
    merged = _without_twins(_inner(cells))
    return _laid_out(cells, axes, merged.reshape(columns, TWELVE, -1))


def _inner(cells: Cells) -> I64:
    """Leave away the flow bins of station, wheel and sector, which have none."""
    return cells.values[1:-1, 1:-1, 1:-1]


def _without_twins(inner: I64) -> I64:
    merged = inner[:, :, :TWELVE].copy()
    for twin, sector in TWINS.items():
        merged[:, :, sector - 1] += inner[:, :, twin - 1]
    return merged


def _laid_out(cells: Cells, axes: tuple[Bins, ...], values: AnyArray) -> Cells:
    """Give the new axes their flow bins; the axes after the sector keep theirs."""
    flow = [(1, 1)] * len(axes) + [(0, 0)] * (values.ndim - len(axes))
    return Cells(cells.kind, (*axes, *cells.axes[3:]), np.pad(values, flow))
