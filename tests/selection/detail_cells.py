"""Tell where the cells of a layer are, for the plain loops."""

from __future__ import annotations

from dtperf.detector import Chamber
from dtperf.detector.cells import layer_cells

__all__ = ["cells_of"]


def cells_of(place: tuple[int, int, int], superlayer: int, layer: int) -> tuple[int, int, float]:
    """Return first wire, number of wires and z of a layer."""
    cells = layer_cells()
    at = Chamber(*place).code, superlayer - 1, layer - 1
    return int(cells.first[at]), int(cells.number[at]), float(cells.z_cm[at])
