"""Compute where DT segments cross the twelve layers of their chambers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.detector.cells import CELL_WIDTH_CM, layer_cells
from dtperf.detector.numbering import stations
from dtperf.detector.superlayers import superlayer_table
from dtperf.synthetic.stages import DrawnSegments
from dtperf.typing import F64, I64, AnyArray, Bools

__all__ = ["IS_THETA", "LAYER", "SUPERLAYER", "LayerLines", "cells_of", "expected_hits", "has_view"]

SUPERLAYER = np.repeat([1, 3, 2], 4)
LAYER = np.tile([1, 2, 3, 4], 3)
"""Of the twelve layers, in the order of a segment's hits: the phi view comes first."""
IS_THETA = SUPERLAYER == 2
LAYER_MAJOR = np.lexsort((SUPERLAYER, LAYER))
"""The order in which CMS lists extrapolations: superlayers 1, 2, 3 of layer 1, then of layer 2."""

NO_POSITION, NO_WIRE = -999.0, -1
"""What CMS lists for a layer of a view that the segment does not have."""


class LayerLines(NamedTuple):
    """Crossings of segments, as straight lines, with the layers; all of shape (segments, 12)."""

    first: I64
    """First wire of the layer; 0 where the chamber has no such layer, as in MB4."""
    number: I64
    """Cells of the layer."""
    z: F64
    """Of the layer in the chamber's frame, cm; NaN without layer, as the positions."""
    position: F64
    """Where the line crosses the layer, across its wires, in the layer's frame, cm."""
    along_wire: F64
    """The same along its wires."""
    x: F64
    """The same in the chamber's frame, local x."""
    y: F64
    is_inside: Bools
    """Whether there is a cell."""

    @property
    def wire(self) -> I64:
        """Number of the cell crossed, or of the nearest one where the line misses the layer."""
        edge = -self.number * CELL_WIDTH_CM / 2
        cell = np.floor((np.nan_to_num(self.position) - edge) / CELL_WIDTH_CM).astype(np.int64)
        return self.first + np.clip(cell, 0, self.number - 1)


def cells_of(segments: DrawnSegments) -> LayerLines:
    """Compute where segments cross the layers of their chambers."""
    code, layers = segments.code, (SUPERLAYER - 1, LAYER - 1)
    cells = layer_cells()
    first, number = (table[code][:, *layers].astype(np.int64) for table in cells[:2])
    centre, z = (table[code][:, *layers] for table in cells[2:])
    x = segments.x[:, None] + segments.dxdz[:, None] * z
    y = segments.y[:, None] + segments.dydz[:, None] * z
    theta_x = superlayer_table()[code, 1, 0][:, None]
    position = np.where(IS_THETA, -y, x) - centre
    return LayerLines(
        first,
        number,
        z,
        position,
        np.where(IS_THETA, x - theta_x, y),
        x,
        y,
        np.abs(position) < number * CELL_WIDTH_CM / 2,
    )


def has_view(segments: DrawnSegments) -> Bools:
    """Return for each of the twelve layers whether the segment has its view."""
    return np.where(IS_THETA, segments.has_zed[:, None], segments.has_phi[:, None])


def expected_hits(segments: DrawnSegments, cells: LayerLines) -> tuple[I64, dict[str, AnyArray]]:
    """Return where segments cross the layers: always all layers of the chamber, in CMS's order.

    The wire is CMS's, from 1 to the number of wires inside the layer and any number outside. Read
    in MuDTSegmentExtTableProducer.cc and DTTopology.cc of cms-sw/cmssw.

    Returns:
        Segment of each entry, and its columns.
    """
    edge = -cells.number * CELL_WIDTH_CM / 2
    wire_number = cells.first + (cells.position - edge) / CELL_WIDTH_CM
    has_position = has_view(segments)
    columns = {
        # cut off towards 0, as C++ makes integers of it: 'wire 0' is two cells wide
        "ExpWire": np.where(has_position, np.trunc(np.nan_to_num(wire_number)), NO_WIRE),
        "ExpPos": np.where(has_position, cells.position, NO_POSITION),
        "ExpPosCh": np.where(has_position, np.where(IS_THETA, cells.y, cells.x), NO_POSITION),
    }
    exists = ~IS_THETA | (stations()[segments.code] < 4)[:, None]
    segment, layer = np.nonzero(exists[:, LAYER_MAJOR])
    layer = LAYER_MAJOR[layer]
    return segment, {name: c[segment, layer] for name, c in columns.items()}
