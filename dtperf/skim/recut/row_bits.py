"""Bits of the rows of crossings: which rows enter, and which have passed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from dtperf.compiled import compiled
from dtperf.selection.fourvector import is_within
from dtperf.selection.segments import (
    PassingLimits,
    StationLimits,
    best_segment,
    is_eligible,
    is_fiducial,
)
from dtperf.skim.recut.counting import ProbeRows
from dtperf.typing import F32, I8, I16, I32, Bools

__all__ = [
    "BITS",
    "MOST_BITS",
    "OF_SEGMENT",
    "OF_STATION",
    "ProbeTracks",
    "RowConstants",
    "SegmentHits",
    "mark_stations",
    "mask_of",
    "probes_with_new_segment",
]

OF_STATION = ("is_eligible", "is_in_eta", "is_fiducial")
"""Columns that cuts on stations change."""
OF_SEGMENT = frozenset(
    (
        *("dx", "dy", "dr", "phi_hits", "t0", "passing", "is_in_time"),
        *("station_dx", "station_dy", "station_dr", "station_passing"),
    )
)
"""Columns that cuts on segments change."""
BITS = {
    name: bit
    for bit, name in enumerate(
        (*OF_STATION, "is_first", "passing", "station_passing", "is_in_time")
    )
}
"""Bits of the boolean columns; later ones: whether a row has a bin on an axis of integers."""
MOST_BITS = 32


def mask_of(columns: Iterable[str]) -> np.uint32:
    """Return the bits of boolean columns."""
    return np.uint32(sum(1 << BITS[name] for name in columns))


class SegmentHits(NamedTuple):
    """Input of the search for the best segment; local frame, cm."""

    match_code: I16
    """Chamber of each match, shape (matches,)."""
    match_x: F32
    match_y: F32
    offsets: I32
    """Segments offsets[i] to offsets[i + 1] belong to event i, shape (events + 1,)."""
    code: I16
    """Chamber of each segment, shape (segments,) as all that follow."""
    x: F32
    y: F32
    has_phi: Bools
    has_zed: Bools
    n: I16
    """Hits of the views that it has."""


class RowConstants(NamedTuple):
    """Columns of the rows of probes that no cut changes, shape (rows,)."""

    match: I32
    """Index into the matches, -1 where the station is not crossed."""
    station: I8
    n_other: I8
    """Other stations with segments of the probe."""


class ProbeTracks(NamedTuple):
    """Columns of the probes that cuts on stations use, by their names among the muons."""

    pt: F32
    """Shape (probes,), as the others."""
    eta: F32
    phi: F32
    rpcMu_numberOfMatchedRPCLayers: I16


@compiled
def mark_stations(
    rows: ProbeRows,
    constants: RowConstants,
    tracks: ProbeTracks,
    edge_x: F32,
    edge_y: F32,
    limits: StationLimits,
) -> None:
    """Compute the bits `OF_STATION` of all rows anew, in place.

    `edge_x` and `edge_y` are the distances (cm) of each match from the edges that count,
    negative inside.
    """
    offsets, flags = rows.offsets, rows.flags
    match, station, n_other = constants.match, constants.station, constants.n_other
    pt, eta, phi = tracks.pt, tracks.eta, tracks.phi
    rpc_layers = tracks.rpcMu_numberOfMatchedRPCLayers
    for probe in range(len(offsets) - 1):
        for row in range(offsets[probe], offsets[probe + 1]):
            within = limits.max_abs_eta[station[row]]
            bits = 1 * is_eligible(
                n_other[row], rpc_layers[probe], limits.min_other, limits.min_rpc_layers
            )
            bits |= 2 * is_within(pt[probe], eta[probe], phi[probe], within, limits.kinematics)
            at = match[row]
            if at >= 0:
                bits |= 4 * is_fiducial(edge_x[at], edge_y[at], limits.border_x, limits.border_y)
            flags[row] = flags[row] >> 3 << 3 | bits


@compiled
def probes_with_new_segment(
    probe_offsets: I32,
    offsets: I32,
    match: I32,
    segment: I32,
    hits: SegmentHits,
    limits: PassingLimits,
) -> I32:
    """Return the probes whose best segment in a chamber is another than before.

    Args:
        probe_offsets: Probes probe_offsets[i] to probe_offsets[i + 1] belong to event i.
        offsets: First row of each probe.
        match: Of each row, index into the matches or -1.
        segment: The best segment of each row so far, or -1.
        hits: Matches and segments.
        limits: Cut values.
    """
    found = np.empty(len(offsets), dtype=np.int32)
    codes, xs, ys = hits.match_code, hits.match_x, hits.match_y
    segments, x, y = hits.code, hits.x, hits.y
    has_phi, has_zed, n_hits = hits.has_phi, hits.has_zed, hits.n
    n = 0
    for event in range(len(probe_offsets) - 1):
        start, stop = hits.offsets[event], hits.offsets[event + 1]
        for probe in range(probe_offsets[event], probe_offsets[event + 1]):
            differs = False
            for row in range(offsets[probe], offsets[probe + 1]):
                at = match[row]
                if at >= 0:
                    best = best_segment(
                        start,
                        stop,
                        segments,
                        x,
                        y,
                        has_phi,
                        has_zed,
                        n_hits,
                        codes[at],
                        xs[at],
                        ys[at],
                        limits,
                    )
                    differs |= best != segment[row]
            found[n] = probe
            n += differs
    return found[:n]
