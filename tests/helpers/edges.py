"""Values on and beside the edges of bins."""

from __future__ import annotations

from math import inf, nextafter

from dtperf.measurements import STANDARD
from dtperf.measurements.declaration import Regular, Variable

AXES = {
    axis
    for measurement in STANDARD.values()
    for axis in measurement.axes
    if isinstance(axis, Regular | Variable)
}


REGULAR = sorted((axis for axis in AXES if isinstance(axis, Regular)), key=repr)


def beside_edges(edges: list[float]) -> list[float]:
    return [nextafter(edge, to) for edge in edges for to in (-inf, edge, inf)]
