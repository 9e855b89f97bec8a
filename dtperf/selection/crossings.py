"""Find the chambers that probes cross, and the best segment in each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.compiled import compiled, inlined
from dtperf.detector import N_CODES
from dtperf.selection.arrays import Matches, Segments
from dtperf.selection.segments import PassingLimits, distance, is_close, n_hits
from dtperf.typing import F32, I8, I16, I32, I64, U8, Bools

__all__ = ["Crossings", "count_hits", "count_other_stations", "find_crossings"]


N_STATIONS = 4
FARTHEST_CM = np.float32(999.0)


class Crossings(NamedTuple):
    """Selected pair x station x chamber crossed; one row for a station without crossing.

    All arrays have shape (crossings,).
    """

    pair: I32
    """Index into the selected pairs."""
    station: I8
    """1 to 4."""
    match: I32
    """Index into the flat matches, -1 where the station is not crossed."""
    segment: I32
    """Best segment in the chamber, index into the flat segments, -1 if there is none."""
    dx: F32
    """|x(crossing) - x(segment)|, cm; NaN without segment."""
    dy: F32
    """|y(crossing) - y(segment)|, cm; NaN without segment."""
    dr: F32
    """Distance in the chamber plane, cm; NaN without segment."""
    is_first: Bools
    """First row of this pair and station: one row a station."""
    nearest: I32
    """Row of the same pair and station with the smallest dr, -1 if none has a segment."""
    n_other_stations: I8
    """Other muon stations with segments matched to the probe."""


@inlined
def count_other_stations(mask: int, station: int) -> int:
    """Return the number of bits in the 8-bit station mask, without the bit of this station."""
    bits = np.int64(mask) & ~(np.int64(1) << (station - 1))
    # the sums of neighbouring bits, of pairs and of fours, side by side: a loop takes longer
    bits = (bits & 0x55) + (bits >> 1 & 0x55)
    bits = (bits & 0x33) + (bits >> 2 & 0x33)
    return int((bits & 0xF) + (bits >> 4))


@compiled
def _count_rows(matches: Matches, begins: I64, ends: I64) -> int:
    """Return the number of rows: one for each usable match, and for each station without."""
    stations, codes = matches.station, matches.code
    rows = 0
    for pair in range(len(begins)):
        if begins[pair] < 0:
            continue
        crossed = 0
        for match in range(begins[pair], ends[pair]):
            if codes[match] >= 0:
                crossed |= 1 << stations[match]
                rows += 1
        for station in range(1, N_STATIONS + 1):
            rows += not crossed >> station & 1
    return rows


@compiled
def find_crossings(
    masks: U8,
    matches: Matches,
    begins: I64,
    ends: I64,
    segments: Segments,
    event: I64,
    limits: PassingLimits,
) -> Crossings:
    """Find the crossings of each selected pair's probe with the chambers of each station.

    Args:
        masks: Station mask of the probe of each selected pair, shape (pairs,).
        matches: Flat match columns; entries with code -1 are left out.
        begins: First match of each probe, -1 if its matches are not known, shape (pairs,).
        ends: One past its last match, shape (pairs,).
        segments: Flat segment columns; entries with code -1 are left out.
        event: Event of each pair, shape (pairs,).
        limits: Cut values.

    Returns:
        The rows in order of pair, station and match. A probe whose matches are not known has none.
    """
    # arrays are taken out of their tuples once: in the loop that would cost more than the work
    match_x, match_y, match_code = matches.x, matches.y, matches.code
    match_station = matches.station
    segment_x, segment_y = segments.seg4D_posLoc_x, segments.seg4D_posLoc_y
    segment_code, segment_offsets = segments.code, segments.offsets
    has_phi, has_zed = segments.seg4D_hasPhi, segments.seg4D_hasZed
    phi_hits, z_hits = segments.seg2D_phi_nHits, segments.seg2D_z_nHits

    rows = _count_rows(matches, begins, ends)
    pair_of = np.empty(rows, dtype=np.int32)
    station_of = np.empty(rows, dtype=np.int8)
    match_of = np.empty(rows, dtype=np.int32)
    segment_of = np.empty(rows, dtype=np.int32)
    dx = np.empty(rows, dtype=np.float32)
    dy = np.empty(rows, dtype=np.float32)
    dr = np.empty(rows, dtype=np.float32)
    is_first = np.empty(rows, dtype=np.bool_)
    nearest = np.empty(rows, dtype=np.int32)
    n_other = np.empty(rows, dtype=np.int8)
    # the segments of one event by chamber: the first of each, and after each the next
    first_of = np.full(N_CODES + 1, -1, dtype=np.int32)
    next_of = np.empty(_most(segment_offsets), dtype=np.int32)
    indexed, start, stop = np.int64(-1), np.int64(0), np.int64(0)
    row = np.uint64(0)
    for pair in range(len(event)):
        if begins[pair] < 0:
            continue
        if event[pair] != indexed:
            for entry in range(start, stop):
                first_of[np.uint64(segment_code[np.uint64(entry)] + 1)] = -1
            indexed = event[pair]
            start, stop = segment_offsets[event[pair]], segment_offsets[event[pair] + 1]
            for entry in range(stop - 1, start - 1, -1):
                place = np.uint64(segment_code[np.uint64(entry)] + 1)
                next_of[np.uint64(entry - start)] = first_of[place]
                first_of[place] = entry
        begin, end = np.uint64(begins[pair]), np.uint64(ends[pair])
        for station in range(1, N_STATIONS + 1):
            first = row
            nearest_row, nearest_dr = np.int64(-1), FARTHEST_CM
            # those of the stations before come first, as a rule
            while begin < end and match_station[begin] < station:
                begin += np.uint64(1)
            for match in range(begin, end):
                if match_station[match] != station or match_code[match] < 0:
                    continue
                x, y = match_x[match], match_y[match]
                at_x, at_y = (np.trunc(x), np.trunc(y)) if limits.truncate else (x, y)
                best, best_hits, max_dr = np.int64(-1), 0, limits.max_dr
                best_dx = best_dy = best_dr = np.float32(np.nan)
                segment = np.int64(first_of[np.uint64(match_code[match] + 1)])
                while segment >= 0:
                    i = np.uint64(segment)
                    hits = n_hits(has_phi[i], phi_hits[i], has_zed[i], z_hits[i])
                    to_x, to_y = abs(at_x - segment_x[i]), abs(at_y - segment_y[i])
                    to = distance(to_x, to_y)
                    views = (has_phi[i], has_zed[i])
                    if (hits > best_hits) & (to < max_dr) & is_close(to_x, to_y, views, limits):
                        best = segment
                        if limits.nearest:
                            max_dr = to
                        else:
                            best_hits = hits
                        if not limits.truncate:
                            best_dx, best_dy, best_dr = to_x, to_y, to
                    segment = np.int64(next_of[np.uint64(segment - start)])
                if limits.truncate and best >= 0:
                    best_dx = abs(x - segment_x[np.uint64(best)])
                    best_dy = abs(y - segment_y[np.uint64(best)])
                    best_dr = distance(best_dx, best_dy)
                match_of[row], segment_of[row] = match, best
                dx[row], dy[row], dr[row] = best_dx, best_dy, best_dr
                if best_dr < nearest_dr:
                    nearest_row, nearest_dr = np.int64(row), best_dr
                row += np.uint64(1)
            if row == first:
                match_of[row], segment_of[row] = -1, -1
                dx[row] = dy[row] = dr[row] = np.nan
                row += np.uint64(1)
            others = count_other_stations(masks[pair], station)
            for each in range(first, row):
                pair_of[each] = pair
                station_of[each] = station
                nearest[each] = nearest_row
                n_other[each] = others
                is_first[each] = each == first
    return Crossings(
        pair_of, station_of, match_of, segment_of, dx, dy, dr, is_first, nearest, n_other
    )


@compiled
def _most(offsets: I64) -> int:
    """Return the most entries that an event has."""
    most = 0
    for event in range(len(offsets) - 1):
        most = max(most, offsets[event + 1] - offsets[event])
    return most


@compiled
def count_hits(segments: Segments) -> I16:
    """Count the hits of the views that each segment has, shape (segments,)."""
    has_phi, phi_hits = segments.seg4D_hasPhi, segments.seg2D_phi_nHits
    has_zed, z_hits = segments.seg4D_hasZed, segments.seg2D_z_nHits
    hits = np.empty(len(has_phi), dtype=np.int16)
    for i in range(len(hits)):
        hits[i] = n_hits(has_phi[i], phi_hits[i], has_zed[i], z_hits[i])
    return hits
