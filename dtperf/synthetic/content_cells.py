"""Drift cells along DT segments: hits, expected hits and digis."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.geometry.numbering import chambers, sectors, stations, wheels
from dtperf.geometry.superlayers import superlayer_table
from dtperf.synthetic.rows import Column
from dtperf.synthetic.stages import Bools, Floats, Indices, Segments

__all__ = ["Cells", "SegmentParts", "cells_of", "digis", "expected_hits", "hits"]

SUPERLAYER = np.repeat([1, 2, 3], 4)
LAYER = np.tile([1, 2, 3, 4], 3)
IS_THETA = SUPERLAYER == 2

CELL_WIDTH_CM, CELL_HEIGHT_CM = 4.2, 1.3
DRIFT_CM_PER_NS = 0.0054
RESOLUTION_CM = 0.025
RESOLUTION_NS = 3.0
PEDESTAL_NS = 500.0
LONGEST_TIME_NS = 1250.0
NOISE_DIGIS = 300.0
"""Mean number in an event of digis off the segments: neutrons, delta electrons, other muons."""


class Cells(NamedTuple):
    """The twelve layers that a segment may cross; all of shape (segments, 12)."""

    wire: Indices
    """Number of the cell."""
    wire_position: Floats
    """In the frame of the superlayer, cm."""
    position: Floats
    """Of the segment, in the same frame."""
    position_in_chamber: Floats


class SegmentParts(NamedTuple):
    """Things that belong to segments, in their order."""

    segment: Indices
    """Index of the segment in the block."""
    columns: dict[str, Column]


def cells_of(segments: Segments) -> Cells:
    """Find the cells that segments cross, in layers 1 to 4 of superlayers 1 to 3."""
    x_sl, z_sl, width, _ = superlayer_table()[segments.code][:, SUPERLAYER - 1].transpose(2, 0, 1)
    z = z_sl + (2.5 - LAYER) * CELL_HEIGHT_CM
    along_x = segments.x[:, None] + segments.dxdz[:, None] * z
    along_y = segments.y[:, None] + segments.dydz[:, None] * z
    in_chamber = np.where(IS_THETA, along_y, along_x)
    position = np.where(IS_THETA, along_y, along_x - x_sl)
    # every second layer is shifted by half a cell
    first_edge = -width / 2 + (LAYER % 2) * CELL_WIDTH_CM / 2
    cell = np.floor((position - first_edge) / CELL_WIDTH_CM)
    cell = np.clip(np.nan_to_num(cell), 0, np.nan_to_num(width) // CELL_WIDTH_CM - 1)
    return Cells(
        cell.astype(np.int64) + 1,
        first_edge + (cell + 0.5) * CELL_WIDTH_CM,
        position,
        in_chamber,
    )


def _drawn_layers(rng: np.random.Generator, segments: Segments) -> Bools:
    """Choose as many layers of each view as it has hits, shape (segments, 12)."""
    drawn = np.zeros((len(segments.code), 12), dtype=np.bool_)
    for layers, n_hits in ((~IS_THETA, segments.phi_hits), (IS_THETA, segments.z_hits)):
        rank = rng.random((len(drawn), layers.sum())).argsort(axis=1).argsort(axis=1)
        drawn[:, layers] = rank < n_hits[:, None]
    return drawn


def hits(rng: np.random.Generator, segments: Segments, cells: Cells) -> SegmentParts:
    """Draw the hits that segments are made of: as many as they have."""
    segment, layer = np.nonzero(_drawn_layers(rng, segments))
    wire, wire_position, position, in_chamber = (column[segment, layer] for column in cells)
    error = RESOLUTION_CM * rng.standard_normal(len(segment))
    distance = position + error - wire_position
    time = np.abs(distance) / DRIFT_CM_PER_NS
    return SegmentParts(
        segment,
        {
            "wire": wire,
            "wirePos": np.rint(wire_position),
            "layer": LAYER[layer],
            "superLayer": SUPERLAYER[layer],
            "side": np.where(distance < 0, 1, 2),
            "pos": position + error,
            "posCh": in_chamber + error,
            "posErr": np.full(len(segment), RESOLUTION_CM),
            "time": PEDESTAL_NS + time,
            "timeCali": time,
        },
    )


def expected_hits(segments: Segments, cells: Cells) -> SegmentParts:
    """List the cells in which the views of segments expect a hit."""
    expects = np.where(IS_THETA, segments.has_zed[:, None], segments.has_phi[:, None])
    segment, layer = np.nonzero(expects)
    return SegmentParts(
        segment,
        {
            "ExpWire": cells.wire[segment, layer],
            "ExpPos": cells.position[segment, layer],
            "ExpPosCh": cells.position_in_chamber[segment, layer],
        },
    )


def digis(
    rng: np.random.Generator,
    events: int,
    segments: Segments,
    hit: SegmentParts,
    segment_event: Indices,
) -> tuple[Indices, dict[str, Column]]:
    """Make the digis of hits, and scatter others over the chambers.

    Returns:
        Event of each digi, and its columns.
    """
    n = rng.poisson(NOISE_DIGIS * events)
    code = rng.choice([chamber.code for chamber in chambers()], n)
    superlayer = np.where(stations()[code] == 4, rng.choice([1, 3], n), rng.integers(1, 4, n))
    n_cells = superlayer_table()[code, superlayer - 1, 2] // CELL_WIDTH_CM
    smeared = hit.columns["time"] + RESOLUTION_NS * rng.standard_normal(len(hit.segment))
    noise: dict[str, Column] = {
        "code": code,
        "superLayer": superlayer,
        "layer": rng.integers(1, 5, n),
        "wire": 1 + (rng.random(n) * n_cells).astype(np.int64),
        "time": rng.uniform(0, LONGEST_TIME_NS, n),
    }
    names = ("superLayer", "layer", "wire")
    made: dict[str, Column] = {"code": segments.code[hit.segment], "time": smeared}
    made |= {name: hit.columns[name] for name in names}
    both = {name: np.concatenate((made[name], noise[name])) for name in noise}
    code = both.pop("code")
    event = np.concatenate((segment_event[hit.segment], rng.integers(events, size=n)))
    place = {"wheel": wheels()[code], "sector": sectors()[code], "station": stations()[code]}
    return event, {**both, **place}
