"""Find the chambers that probes cross, and the best segment in each.

A row is a pair, a station, and a chamber there that its probe crosses (one of its matches). Nearly
always it crosses one; a station without has a row, too, as acceptance counts it, and one with two
chambers, which overlap, has two. First the rows are made, then the best segment of each is found:
the segments of an event are listed by chamber when its first pair comes, so that each row looks
only at those of its own chamber. `dtperf.selection.segments.is_better` has the rule.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.compiled import called, compiled, inlined
from dtperf.detector import N_CODES
from dtperf.detector.numbering import station_place
from dtperf.kernel_arrays import empty
from dtperf.selection.arrays import Matches, Segments
from dtperf.selection.segments import PassingLimits, distance, is_better, n_hits, to_beat
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
    passing: Bools
    """The best segment of the chamber has a phi view."""
    station_passing: Bools
    """That of the nearest row has one."""


@inlined
def count_other_stations(mask: int, station: int) -> int:
    """Return the number of bits in the 8-bit station mask, without the bit of this station."""
    bits = np.int64(mask) & ~(np.int64(1) << (station - 1))
    # the sums of neighbouring bits, of pairs and of fours, side by side: a loop takes longer
    bits = (bits & 0x55) + (bits >> 1 & 0x55)
    bits = (bits & 0x33) + (bits >> 2 & 0x33)
    return int((bits & 0xF) + (bits >> 4))


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
        event: Event of each pair, in rising order, shape (pairs,).
        limits: Cut values.

    Returns:
        The rows in order of pair, station and match. A probe whose matches are not known has none.
    """
    # one kernel that calls others would contain their code once more
    pair, station, match, is_first, n_other = _rows(masks, matches.code, begins, ends)
    rows, at = (pair, match, is_first), (matches.x, matches.y, matches.code)
    segment, dx, dy, dr, nearest, passing, of_station = _best_segments(
        rows, at, segments, event, limits
    )
    return Crossings(
        pair,
        station,
        match,
        segment,
        dx,
        dy,
        dr,
        is_first,
        nearest,
        n_other,
        passing,
        of_station,
    )


@compiled
def _rows(masks: U8, codes: I16, begins: I64, ends: I64) -> tuple[I32, I8, I32, Bools, I8]:
    """Return pair, station, match, `is_first` and `n_other_stations` of each row.

    Arguments are those of `find_crossings`, with the codes of the matches.
    """
    upper = 0  # not what is in use: to count the rows takes as long as to write them
    for pair in range(len(begins)):
        upper += N_STATIONS + max(ends[pair] - begins[pair], 0)
    pair_of = empty(upper, np.int32)
    station_of = empty(upper, np.int8)
    match_of = empty(upper, np.int32)
    is_first = empty(upper, np.bool_)
    n_other = empty(upper, np.int8)
    others = empty((256, N_STATIONS), np.int8)
    for bits in range(len(others)):
        for station in range(N_STATIONS):
            others[bits, station] = count_other_stations(bits, station + 1)
    one, four = np.uint64(1), np.uint64(N_STATIONS)
    row = np.uint64(0)
    for pair in range(len(begins)):
        if begins[pair] < 0:
            continue
        begin, end, mask = np.uint64(begins[pair]), np.uint64(ends[pair]), np.uint64(masks[pair])
        # nearly always there is one row a station: so all four are written before one looks
        for place in range(four):
            pair_of[row + place], station_of[row + place] = pair, place + one
            match_of[row + place], is_first[row + place] = -1, True
            n_other[row + place] = others[mask, place]
        crossed = twice = np.uint64(0)
        for match in range(begin, end):
            if codes[match] >= 0:
                place = station_place(codes[match])
                match_of[row + place] = match
                twice |= crossed & one << place
                crossed |= one << place
        if not twice:
            row += four
            continue
        for place in range(four):
            first = row
            for match in range(begin, end):
                if codes[match] >= 0 and station_place(codes[match]) == place:
                    match_of[row] = match
                    row += one
            if row == first:
                match_of[row] = -1
                row += one
            for each in range(first, row):
                pair_of[each], station_of[each] = pair, place + one
                is_first[each], n_other[each] = each == first, others[mask, place]
    return pair_of[:row], station_of[:row], match_of[:row], is_first[:row], n_other[:row]


@compiled
def _best_segments(
    rows: tuple[I32, I32, Bools],
    matches: tuple[F32, F32, I16],
    segments: Segments,
    event: I64,
    limits: PassingLimits,
) -> tuple[I32, F32, F32, F32, I32, Bools, Bools]:
    """Return segment, dx, dy, dr, nearest, `passing` and `station_passing` of each row.

    Args:
        rows: Pair, match and `is_first` of each.
        matches: Local x and y, cm, and chamber codes of all matches.
        segments: Flat segment columns.
        event: Event of each pair.
        limits: Cut values.
    """
    # arrays are taken out of their tuples once: in the loop that would cost more than the work
    pair_of, match_of, is_first = rows
    match_x, match_y, match_code = matches
    segment_x, segment_y = segments.seg4D_posLoc_x, segments.seg4D_posLoc_y
    segment_code, segment_offsets = segments.code, segments.offsets
    has_phi, has_zed = segments.seg4D_hasPhi, segments.seg4D_hasZed
    phi_hits, z_hits = segments.seg2D_phi_nHits, segments.seg2D_z_nHits

    segment_of = empty(len(pair_of), np.int32)
    dx = empty(len(pair_of), np.float32)
    dy = empty(len(pair_of), np.float32)
    dr = empty(len(pair_of), np.float32)
    nearest = empty(len(pair_of), np.int32)
    passing = empty(len(pair_of), np.bool_)
    of_station = empty(len(pair_of), np.bool_)
    # the segments of one event by chamber: the first of each, and after each the next; what is
    # outside of the event's is of another one, or none
    first_of = empty(N_CODES + 1, np.int32)
    first_of[:] = -1
    next_of = empty(_most(segment_offsets), np.int32)
    indexed, start, size = np.int64(-1), np.uint64(0), np.uint64(0)
    one = np.uint64(1)
    for row in range(np.uint64(len(pair_of))):
        if match_of[row] < 0:
            segment_of[row] = nearest[row] = -1
            dx[row] = dy[row] = dr[row] = np.nan
            passing[row] = of_station[row] = False
            continue
        best, best_hits, max_dr, best_phi = np.int64(-1), 0, limits.max_dr, False
        best_x = best_y = np.float32(np.nan)
        match = np.uint64(match_of[row])
        if event[np.uint64(pair_of[row])] != indexed:
            indexed = event[np.uint64(pair_of[row])]
            first, stop = (
                segment_offsets[np.uint64(indexed)],
                segment_offsets[np.uint64(indexed) + one],
            )
            start, size = np.uint64(first), np.uint64(max(stop - first, 0))
            entry = size
            while entry:
                entry -= one
                place = np.uint64(segment_code[start + entry] + 1)
                next_of[entry] = first_of[place]
                first_of[place] = start + entry
        x, y = match_x[match], match_y[match]
        at_x, at_y = (np.trunc(x), np.trunc(y)) if limits.truncate else (x, y)
        i = np.uint64(first_of[np.uint64(match_code[match] + 1)])
        while i - start < size:
            hits = n_hits(has_phi[i], phi_hits[i], has_zed[i], z_hits[i])
            to_x, to_y = abs(at_x - segment_x[i]), abs(at_y - segment_y[i])
            views = (has_phi[i], has_zed[i])
            if is_better(hits, to_x, to_y, views, best_hits, max_dr, limits):
                best, best_phi = np.int64(i), has_phi[i]
                best_x, best_y = segment_x[i], segment_y[i]
                best_hits, max_dr = to_beat(hits, to_x, to_y, best_hits, max_dr, limits)
            i = np.uint64(next_of[i - start])
        segment_of[row], passing[row] = best, best_phi
        dx[row], dy[row] = abs(x - best_x), abs(y - best_y)
        dr[row] = distance(dx[row], dy[row])
        is_near = dr[row] < FARTHEST_CM
        nearest[row] = row if is_near else -1
        of_station[row] = is_near & best_phi
        if not is_first[row]:  # seldom
            before = nearest[row - one]
            if before >= 0 and not dr[row] < dr[np.uint64(before)]:
                nearest[row], of_station[row] = before, passing[np.uint64(before)]
            elif is_near:
                each = np.uint64(row)
                while not is_first[each]:
                    each -= one
                    nearest[each], of_station[each] = row, best_phi
    return segment_of, dx, dy, dr, nearest, passing, of_station


@called
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
    hits = empty(len(has_phi), np.int16)
    for i in range(len(hits)):
        hits[i] = n_hits(has_phi[i], phi_hits[i], has_zed[i], z_hits[i])
    return hits
