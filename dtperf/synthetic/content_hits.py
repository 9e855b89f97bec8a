"""Draw the hits of DT segments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.detector.cells import CELL_WIDTH_CM, wire_positions_cm
from dtperf.detector.frames import to_global
from dtperf.detector.superlayers import superlayer_table
from dtperf.synthetic.content_cells import IS_THETA, LAYER, SUPERLAYER, LayerLines
from dtperf.synthetic.detector import by_code
from dtperf.synthetic.hits import NOT_FITTED
from dtperf.synthetic.readout import Readout
from dtperf.synthetic.stages import DrawnSegments
from dtperf.typing import F64, I64, AnyArray, Bools

__all__ = ["HITS_TRUTH", "PEDESTAL_NS", "TDC_NS", "LayerHits", "hit_columns", "hits"]

DRIFT_CM_PER_NS = 0.00543
PEDESTAL_NS = 500.0
TDC_NS = 25 / 32
SIGNAL_CM_PER_NS = 24.4
"""Along a wire."""
LIGHT_CM_PER_NS = 29.9792458
DRIFT_TIMES_NS = -3.0, 420.0
"""Of hits that CMS keeps: minTime and maxTime of DTLinearDriftFromDBAlgo."""
RIGHT, LEFT = 1, 2
"""DTCellSide of CMS: a hit is at the wire's position plus, or minus, the distance drifted."""

HITS_TRUTH = {
    "drift_velocity_cm_per_ns": DRIFT_CM_PER_NS,
    "pedestal_ns": PEDESTAL_NS,
}
"""What a measurement of hits should find."""


class LayerHits(NamedTuple):
    """Hits in the twelve layers of segments; all of shape (segments, 12)."""

    is_hit: Bools
    wire: I64
    wire_position: F64
    """In the layer's frame, cm."""
    position: F64
    is_right: Bools
    time: F64
    """Of the digi, ns, a whole number of TDC counts."""
    is_repeated: Bools
    """Whether another segment has listed the hit: two phi views may share a theta view."""
    is_lost: Bools
    """Whether the cell missed it, so that there is no digi, either."""


def hits(
    rng: np.random.Generator, segments: DrawnSegments, cells: LayerLines, readout: Readout
) -> LayerHits:
    """Draw the hits that segments are made of: as many as they have, about their lines.

    Their distances from the line, once the segment's t0 is taken off, are those of a straight
    line fitted to them, with the stored chi2. Times have what CMS does not take off `timeCali`:
    the way of the signal along the wire and the muon's time of flight.
    """
    view = _first_with_theta_view(segments)
    of_view = np.where(IS_THETA, view[:, None], np.arange(len(view))[:, None])
    columns = np.arange(12)
    is_hit = _drawn_layers(rng, segments, cells)[of_view, columns]
    residual = _residuals(rng, segments, cells, is_hit, readout)[of_view, columns]
    wire = cells.wire
    place = (segments.code[:, None], SUPERLAYER - 1, LAYER - 1)
    is_hit &= ~readout.is_dead[*place, wire]
    is_lost = np.zeros(is_hit.shape, dtype=np.bool_)
    if readout.cell_efficiency:
        efficiency = by_code(readout.cell_efficiency, 1.0)[segments.code]
        is_lost |= (rng.random(is_hit.shape) >= efficiency[:, None])[of_view, columns]
        is_hit &= ~is_lost
    wire_position = wire_positions_cm(wire, cells.first, cells.number)
    to_wire = np.nan_to_num(cells.position) + residual - wire_position
    # a line that passes the layer by leaves its hit at the border of the last cell
    limit = np.where(cells.is_inside, np.inf, CELL_WIDTH_CM / 2)
    distance = np.minimum(np.abs(to_wire), limit)
    t0 = np.where(IS_THETA, segments.z_t0[:, None], segments.phi_t0[:, None])
    velocity = DRIFT_CM_PER_NS * readout.velocity_factors[place[:2]]
    drift = distance / velocity + np.where(t0 == NOT_FITTED, 0, t0)
    drift = np.clip(drift, *DRIFT_TIMES_NS)
    time = PEDESTAL_NS + drift + _delay(segments, cells)
    time = (TDC_NS * np.rint(time / TDC_NS))[of_view, columns]
    # CMS takes hits with negative drift times for hits at the wire
    signed = np.where(to_wire >= 0, 1, -1) * np.maximum(drift, 0) * DRIFT_CM_PER_NS
    is_repeated = IS_THETA & (view != np.arange(len(view)))[:, None]
    return LayerHits(
        is_hit,
        wire,
        wire_position,
        wire_position + signed,
        to_wire >= 0,
        time,
        is_repeated,
        is_lost,
    )


def _first_with_theta_view(segments: DrawnSegments) -> I64:
    """Find for each segment the first of its chamber that has the same theta view, or itself."""
    event = np.repeat(np.arange(len(segments.offsets) - 1), np.diff(segments.offsets))
    columns = (event, segments.code, segments.y, segments.dydz, segments.z_chi2, segments.z_t0)
    same = segments.has_zed[1:] & segments.has_zed[:-1]
    for column in columns:
        same &= column[1:] == column[:-1]
    first = np.arange(len(event))
    first[1:][same] = 0
    return np.maximum.accumulate(first)


def _drawn_layers(rng: np.random.Generator, segments: DrawnSegments, cells: LayerLines) -> Bools:
    """Choose as many layers of each view as it has hits; those without a cell come last."""
    drawn = np.zeros(cells.z.shape, dtype=np.bool_)
    for layers, n_hits in ((~IS_THETA, segments.phi_hits), (IS_THETA, segments.z_hits)):
        order = rng.random((len(drawn), layers.sum())) + ~cells.is_inside[:, layers]
        rank = order.argsort(axis=1).argsort(axis=1)
        drawn[:, layers] = rank < n_hits[:, None]
    return drawn


def _residuals(
    rng: np.random.Generator,
    segments: DrawnSegments,
    cells: LayerLines,
    is_hit: Bools,
    readout: Readout,
) -> F64:
    """Draw the distances of hits from the straight line that is fitted to them, cm.

    Gaussian errors are projected on what a fit of the line leaves, and scaled to the chi2 that the
    segment has: as that is drawn from its distribution, the errors keep theirs.
    """
    error = np.where(is_hit, rng.standard_normal(is_hit.shape), 0)
    for layers, n_hits, chi2 in (
        (~IS_THETA, segments.phi_hits, segments.phi_chi2),
        (IS_THETA, segments.z_hits, segments.z_chi2),
    ):
        n = np.maximum(n_hits, 1)[:, None]
        e, is_on = error[:, layers], is_hit[:, layers]
        z = np.where(is_on, cells.z[:, layers], 0)
        z = np.where(is_on, z - z.sum(axis=1, keepdims=True) / n, 0)
        e = np.where(is_on, e - e.sum(axis=1, keepdims=True) / n, 0)
        spread = np.maximum((z**2).sum(axis=1, keepdims=True), 1e-9)
        e -= z * (e * z).sum(axis=1, keepdims=True) / spread
        drawn_chi2 = np.maximum((e**2).sum(axis=1, keepdims=True), 1e-12)
        e *= readout.resolutions_cm[segments.code][:, None] * np.sqrt(
            np.maximum(chi2 * (n_hits - 2), 0)[:, None] / drawn_chi2
        )
        error[:, layers] = e
    return error


def _delay(segments: DrawnSegments, cells: LayerLines) -> F64:
    """Return the delay of a hit against one in the middle of its superlayer, ns.

    Zero for segments of one view, where CMS does not know it either. The front-end is at y > 0 of
    a layer. Read in DTTTrigSyncFromDB.cc of cms-sw/cmssw.
    """
    rows = np.flatnonzero(segments.has_phi & segments.has_zed)
    table = superlayer_table()[segments.code[rows]]
    flight = np.empty((len(rows), 3))
    for number in range(3):
        centre_x, z = table[:, number, 0], table[:, number, 1]
        x = segments.x[rows] + segments.dxdz[rows] * z
        y = segments.y[rows] + segments.dydz[rows] * z
        at_segment, middle = (
            np.sqrt(sum(c**2 for c in to_global(segments.code[rows], *point)))
            for point in ((x, y, z), (centre_x, np.zeros_like(z), z))
        )
        flight[:, number] = (at_segment - middle) / LIGHT_CM_PER_NS
    delay = np.zeros(cells.z.shape)
    delay[rows] = flight[:, SUPERLAYER - 1] - cells.along_wire[rows] / SIGNAL_CM_PER_NS
    return delay


def hit_columns(
    segments: DrawnSegments, cells: LayerLines, hits: LayerHits, readout: Readout
) -> tuple[I64, dict[str, AnyArray]]:
    """Return the hits of segments in the order of CMS: the phi view first, by superlayer and layer.

    Returns:
        Segment of each hit, and its columns.
    """
    segment, layer = at = np.nonzero(hits.is_hit)
    position, time = hits.position[at], hits.time[at]
    residual = position - cells.position[at]
    return segment, {
        "wire": hits.wire[at],
        # CMS stores it as an integer, cut off
        "wirePos": np.trunc(hits.wire_position[at]),
        "layer": LAYER[layer],
        "superLayer": SUPERLAYER[layer],
        "side": np.where(hits.is_right[at], RIGHT, LEFT),
        "pos": position,
        # x of the chamber in both views: for theta hits it is where they are along their wires
        "posCh": np.where(IS_THETA[layer], cells.x[at], cells.x[at] + residual),
        "posErr": readout.resolutions_cm[segments.code[segment]] ** 2,
        "time": time,
        "timeCali": time - PEDESTAL_NS,
    }
