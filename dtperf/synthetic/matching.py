"""Which segments belong to which muon."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.compiled import compiled
from dtperf.detector import stations
from dtperf.synthetic.stages import DrawnCrossings, DrawnSegments
from dtperf.typing import F32, F64, I16, I64, U8, U32, Bools

__all__ = ["MuonSegments", "muon_segments", "station_mask"]


MAX_DX_CM = (5.0, 7.0, 10.0, 13.0)
"""Three standard deviations of scattering at 20 GeV, by station."""
MAX_DY_CM = 20.0
"""Wider, as the theta view is coarse."""


class MuonSegments(NamedTuple):
    """The segments that each muon left, at most one a chamber."""

    offsets: I64
    """Which entries of `place` belong to which muon, shape (muons + 1,)."""
    place: U32
    """Index of the segment in its event."""


def station_mask(segments: DrawnSegments, matches: DrawnCrossings, muon_offsets: I64) -> U8:
    """Find the DT stations with a segment near the extrapolated track.

    This is a simple form of what CMS does for tracker muons: by position, whoever made the segment.

    Args:
        segments: Of all events.
        matches: Where the reconstructed tracks cross chambers; `track` counts as `muon_offsets`.
        muon_offsets: Which muons belong to which event, shape (events + 1,).

    Returns:
        Bit s - 1 is set for station s, shape (muons,).
    """
    event = np.searchsorted(muon_offsets, matches.track, side="right") - 1
    masks: U8 = _station_mask(
        segments.offsets,
        segments.code,
        segments.x,
        segments.y,
        segments.has_phi,
        segments.has_zed,
        event,
        matches.track,
        stations()[matches.code],
        matches.code,
        matches.x,
        matches.y,
        int(muon_offsets[-1]),
    )
    return masks


@compiled
def _station_mask(
    offsets: I64,
    codes: I16,
    xs: F32,
    ys: F32,
    has_phi: Bools,
    has_zed: Bools,
    event: I64,
    track: I64,
    match_station: I16,
    match_code: I16,
    match_x: F64,
    match_y: F64,
    n_muons: int,
) -> U8:
    masks = np.zeros(n_muons, dtype=np.uint8)
    for match in range(len(track)):
        station = match_station[match] - 1
        for i in range(offsets[event[match]], offsets[event[match] + 1]):
            if codes[i] != match_code[match] or not has_phi[i]:
                continue
            is_near_x = abs(xs[i] - match_x[match]) < MAX_DX_CM[station]
            if is_near_x and (not has_zed[i] or abs(ys[i] - match_y[match]) < MAX_DY_CM):
                masks[track[match]] |= np.uint8(1 << station)
    return masks


@compiled
def _own_rows(muon: I64, code: I16, n_muons: int) -> tuple[I64, I64]:
    """Count, and then list, the first segment of each muon in each chamber."""
    last = np.full(n_muons, -1, dtype=np.int64)
    offsets = np.zeros(n_muons + 1, dtype=np.int64)
    is_first = np.zeros(len(muon), dtype=np.bool_)
    for i in range(len(muon)):
        # segments come by chamber, so one look back is enough
        if muon[i] >= 0 and last[muon[i]] != code[i]:
            last[muon[i]] = code[i]
            is_first[i] = True
            offsets[muon[i] + 1] += 1
    for m in range(n_muons):
        offsets[m + 1] += offsets[m]
    rows = np.empty(offsets[-1], dtype=np.int64)
    filled = offsets[:-1].copy()
    for i in range(len(muon)):
        if is_first[i]:
            rows[filled[muon[i]]] = i
            filled[muon[i]] += 1
    return offsets, rows


def muon_segments(segments: DrawnSegments, muon_offsets: I64) -> MuonSegments:
    """List the segments that each muon left itself, as the matches of a standalone muon.

    Args:
        segments: Of all events.
        muon_offsets: Which muons belong to which event, shape (events + 1,).

    Returns:
        By muon, in order of chamber; without second segments of showers.
    """
    offsets, rows = _own_rows(segments.muon, segments.code, int(muon_offsets[-1]))
    event = np.searchsorted(segments.offsets, rows, side="right") - 1
    return MuonSegments(offsets, (rows - segments.offsets[event]).astype(np.uint32))
