"""The drift cells of each layer: number, first wire and position.

A layer has a frame of its own, in which CMS stores hits and extrapolations: its x runs across the
wires with their number, its y along them towards the front-end electronics, and its origin is the
middle of its cells. In superlayers 1 and 3 the axes are the chamber's; in superlayer 2, which
measures theta, x is against the chamber's y, and y along the chamber's x.

Sources: numbers of cells, first wires and centres as the documentation of the MIT-licensed package
mplDTs prints them for MB2 and MB4 of wheel -2 (docs/_static/txts/out_station.txt,
_static/txts/out_super_layer.txt), taken to be the same in superlayers of one width everywhere; the
names of volumes in CMS's geometry (MB1SLPhiLayer_48Cells, _49Cells, _50Cells, MB1SLZLayer_56Cells,
_57Cells, _58Cells) say the same of MB1. Position of a wire: DTTopology.cc of cms-sw/cmssw.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dtperf.detector.numbering import N_CODES
from dtperf.detector.superlayers import Superlayer, superlayers
from dtperf.typing import F64, I16

__all__ = ["CELL_HEIGHT_CM", "CELL_WIDTH_CM", "LayerCells", "layer_cells", "wire_positions_cm"]

CELL_WIDTH_CM, CELL_HEIGHT_CM = 4.2, 1.3
THETA = 2

STAGGERED_BORDER_CM = 4.74
BORDER_CM = 2.64
"""What the width of a superlayer has beyond its cells: half a cell more if layers are shifted."""
SHIFTED_LAYERS = ((1, 1, -0.25), (1, 0, -0.25), (1, 0, 0.25), (2, 1, 0.25))
CENTRED_LAYERS = ((1, 1, 0.0), (1, 0, 0.0), (1, 1, 0.0), (2, 2, 0.0))
"""By layer: first wire, cells that it lacks, and its middle in units of a cell's width."""


class LayerCells(NamedTuple):
    """The cells of all layers; arrays of shape (N_CODES, 3, 4), by superlayer - 1 and layer - 1."""

    first: I16
    """Number of the first wire, 1 or 2; 0 where there is no layer."""
    number: I16
    """Cells of the layer, numbered without gaps; 0 where there is no layer."""
    centre_cm: F64
    """Origin of the layer's frame along its own x, from the chamber's origin; NaN without layer."""
    z_cm: F64
    """Its z in the chamber's frame; NaN without layer."""


def _layers(superlayer: Superlayer) -> tuple[int, tuple[tuple[int, int, float], ...]]:
    """Return how many cells the fullest layer has, and the pattern of the four."""
    shifted = (superlayer.width_cm - STAGGERED_BORDER_CM) / CELL_WIDTH_CM
    if abs(shifted - round(shifted)) < 0.01:
        return round(shifted), SHIFTED_LAYERS
    return round((superlayer.width_cm - BORDER_CM) / CELL_WIDTH_CM), CENTRED_LAYERS


@cache
def layer_cells() -> LayerCells:
    """Return the cells of the 2,720 layers."""
    shape = (N_CODES, 3, 4)
    first, number = np.zeros(shape, dtype=np.int16), np.zeros(shape, dtype=np.int16)
    centre, z = np.full(shape, np.nan), np.full(shape, np.nan)
    for superlayer in superlayers():
        place = superlayer.chamber.code, superlayer.number - 1
        most, pattern = _layers(superlayer)
        middle = 0.0 if superlayer.number == THETA else superlayer.local_x_cm
        for layer, (wire, lacking, shift) in enumerate(pattern):
            first[*place, layer] = wire
            number[*place, layer] = most - lacking
            centre[*place, layer] = middle + shift * CELL_WIDTH_CM
            z[*place, layer] = superlayer.local_z_cm + (1.5 - layer) * CELL_HEIGHT_CM
    table = LayerCells(first, number, centre, z)
    for column in table:
        column.setflags(write=False)
    return table


def wire_positions_cm(wire: npt.ArrayLike, first: npt.ArrayLike, number: npt.ArrayLike) -> F64:
    """Return the x of wires in the frames of their layers.

    Args:
        wire: Numbers of the wires.
        first: Number of each layer's first wire; this and `number` are broadcast.
        number: How many cells each layer has.
    """
    wires, firsts, numbers = (np.asarray(a, dtype=np.float64) for a in (wire, first, number))
    return (wires - firsts + 0.5 - numbers / 2) * CELL_WIDTH_CM
