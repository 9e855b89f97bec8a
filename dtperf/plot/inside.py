"""Which cells of a chamber's plane its sensitive area fills; elsewhere nothing is to be found."""

from __future__ import annotations

import numpy as np

from dtperf import detector
from dtperf.measurements.declaration import Histogram
from dtperf.plot.axes import Binned, edges_of
from dtperf.plot.cells import EfficiencyMap
from dtperf.typing import F64, Bools

__all__ = ["inside_station", "sensitive_cells"]


def inside_station(counts: Histogram, station: int) -> EfficiencyMap:
    """Put the chambers of a station one above the other, each without what is not sensitive.

    Args:
        counts: On wheel, sector, local_x and local_y.
        station: 1 to 4.
    """
    x_edges, y_edges = (edges_of(counts.axes[name]) for name in ("local_x", "local_y"))
    view = np.asarray(counts.view(), dtype=np.int64)
    cells = np.zeros(view.shape[2:], dtype=np.int64)
    filled = np.zeros(view.shape[2:4], dtype=np.bool_)
    for chamber in detector.chambers():
        if chamber.station == station:
            mine = sensitive_cells(chamber, x_edges, y_edges)
            cells[mine] += view[chamber.wheel + 2, chamber.sector - 1][mine]
            filled |= mine
    return EfficiencyMap(x_edges, y_edges, Binned(cells[..., 1], cells.sum(axis=-1)), ~filled)


def sensitive_cells(chamber: detector.Chamber, x_edges: F64, y_edges: F64) -> Bools:
    """Return which cells lie wholly inside the sensitive area of a chamber, shape (nx, ny).

    Args:
        chamber: Which one.
        x_edges: Local x, cm, shape (nx + 1,).
        y_edges: Local y, cm, shape (ny + 1,).
    """
    box, code = detector.envelopes(), chamber.code
    x, y = (
        np.maximum(np.abs(edges[:-1]), np.abs(edges[1:])) <= size[code] / 2
        for edges, size in (
            (x_edges - box.middle_x_cm[code], box.width_cm),
            (y_edges, box.length_cm),
        )
    )
    inside: Bools = x[:, np.newaxis] & y
    return inside
