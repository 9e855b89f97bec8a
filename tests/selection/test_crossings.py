"""Rows of crossings against a plain loop, where probes cross chambers of a station twice."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from dtperf.detector import Chamber, stations
from dtperf.selection.arrays import Matches, Segments
from dtperf.selection.crossings import Crossings, find_crossings
from dtperf.selection.segments import PassingLimits
from dtperf.typing import I64, U8

# of two chambers of the same station, which are neighbours, and one each of the others
CODES = [Chamber(0, sector, station).code for sector, station in ((4, 1), (5, 1), (4, 2), (4, 4))]


class Drawn(NamedTuple):
    """What `find_crossings` takes before the limits."""

    masks: U8
    matches: Matches
    begins: I64
    ends: I64
    segments: Segments
    event: I64


def drawn(rng: np.random.Generator, events: int) -> Drawn:
    """Draw events with two pairs each, of which some cross nothing or are not known."""
    at_most = 7
    n = rng.integers(0, at_most, 2 * events)
    ends = np.cumsum(n)
    begins = ends - n
    is_known = rng.random(len(n)) < 0.9
    x, y = rng.uniform(-5, 5, (2, ends[-1])).astype(np.float32)
    code = rng.choice([*CODES, -1], ends[-1]).astype(np.int16)
    matches = Matches(x, y, x, y, code)
    offsets = np.concatenate([[0], np.cumsum(rng.integers(0, at_most, events))])
    size = int(offsets[-1])
    at = rng.uniform(-5, 5, (2, size)).astype(np.float32)
    has_phi, has_zed = rng.random((2, size)) < 0.6
    hits = rng.integers(0, 4, (2, size)).astype(np.int16)
    codes = rng.choice([*CODES, -1], size).astype(np.int16)
    views = (has_phi, has_zed, hits[0], hits[1])
    segments = Segments(offsets, at[0], at[1], at[0], *views, codes)
    event = np.repeat(np.arange(events), 2)
    begins, ends = (np.where(is_known, edge, -1) for edge in (begins, ends))
    masks = rng.integers(0, 16, 2 * events).astype(np.uint8)
    return Drawn(masks, matches, begins, ends, segments, event)


def by_loop(given: Drawn, limits: PassingLimits) -> list[dict[str, Any]]:
    masks, matches, begins, ends, segments, event = given
    rows: list[dict[str, Any]] = []
    for pair in np.flatnonzero(begins >= 0):
        for station in range(1, 5):
            crossed = [
                match
                for match in range(begins[pair], ends[pair])
                if matches.code[match] >= 0 and stations()[matches.code[match]] == station
            ] or [-1]
            of_station: list[dict[str, Any]] = []
            for match in crossed:
                best = best_of(match, matches, segments, int(event[pair]), limits)
                dx = dy = np.float32(np.nan)
                if best >= 0:
                    dx = abs(matches.x[match] - segments.seg4D_posLoc_x[best])
                    dy = abs(matches.y[match] - segments.seg4D_posLoc_y[best])
                row: dict[str, Any] = {
                    "pair": pair,
                    "station": station,
                    "match": match,
                    "segment": best,
                }
                row |= {"dx": dx, "dy": dy, "dr": np.sqrt(dx * dx + dy * dy)}
                row |= {"is_first": match == crossed[0], "number": len(rows) + len(of_station)}
                row["n_other_stations"] = (int(masks[pair]) & ~(1 << station - 1)).bit_count()
                row["passing"] = best >= 0 and bool(segments.seg4D_hasPhi[best])
                of_station.append(row)
            found = [row for row in of_station if row["segment"] >= 0]
            near = min(found, key=lambda row: row["dr"], default=None)
            for row in of_station:
                row["nearest"] = near["number"] if near else -1
                row["station_passing"] = near is not None and near["passing"]
            rows += of_station
    return rows


def best_of(
    match: int, matches: Matches, segments: Segments, event: int, limits: PassingLimits
) -> int:
    best, worth = -1, 0.0
    if match < 0:
        return best
    for i in range(segments.offsets[event], segments.offsets[event + 1]):
        if segments.code[i] != matches.code[match]:
            continue
        phi, zed = bool(segments.seg4D_hasPhi[i]), bool(segments.seg4D_hasZed[i])
        hits = phi * int(segments.seg2D_phi_nHits[i]) + zed * int(segments.seg2D_z_nHits[i])
        dx = abs(np.trunc(matches.x[match]) - segments.seg4D_posLoc_x[i])
        dy = abs(np.trunc(matches.y[match]) - segments.seg4D_posLoc_y[i])
        dr = np.sqrt(dx * dx + dy * dy)
        is_close = (phi and dx < limits.max_dx) or (zed and dy < limits.max_dy)
        if hits and dr < limits.max_dr and is_close:
            this = -dr if limits.nearest else hits
            if best < 0 or this > worth:
                best, worth = i, this
    return best


@pytest.mark.parametrize("nearest", [False, True])
def test_every_column_is_that_of_a_plain_loop(nearest: bool) -> None:
    rng = np.random.default_rng(11)
    cuts = (np.float32(3), np.float32(2), np.float32(6))
    limits = PassingLimits(*cuts, truncate=True, nearest=nearest)
    given = drawn(rng, 400)
    rows = find_crossings(*given, limits)
    expected = by_loop(given, limits)
    assert not rows.is_first.all()
    assert (rows.passing != rows.station_passing).any()
    for name in Crossings._fields:
        of_loop = np.array([row[name] for row in expected])
        np.testing.assert_array_equal(getattr(rows, name), of_loop, err_msg=name)
