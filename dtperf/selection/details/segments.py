"""The table of segments and its columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from dtperf.selection.columns import EVENT_COLUMNS as EVENT_TEXTS
from dtperf.selection.columns import Make, chamber_columns, event_columns
from dtperf.selection.details.best import Stored
from dtperf.selection.details.branches import STORED, TRACK_SLOPES, StoredColumn
from dtperf.selection.details.fits import FIT_COLUMNS, fit_columns
from dtperf.selection.details.primitives import Primitives
from dtperf.selection.details.standalone import has_standalone, of_muons, read_standalone
from dtperf.selection.details.theta_trigger import THETA_COLUMNS, ThetaPrimitives, theta_columns
from dtperf.selection.details.trigger import (
    TRIGGER_COLUMNS,
    TRIGGER_TO_SEGMENT_COLUMNS,
    trigger_columns,
)
from dtperf.selection.flat_collection import collection, events_of, has_columns
from dtperf.selection.ragged import take
from dtperf.selection.tables import Table
from dtperf.typing import I64, AnyArray, Bools, Intp

if TYPE_CHECKING:
    from dtperf.selection.flatten import FlatEvents

__all__ = [
    "MATCHED_COLUMNS",
    "SEGMENT_COLUMNS",
    "matched_columns",
    "segment_table",
]

IS_GLOBAL = "isGlobal"
GHOST_HITS = 3
"""A further segment of a chamber counts as its ghost with more phi hits than this."""


MATCHED_COLUMNS = {
    "segment_angle": "angle of that segment's phi view, degrees; or NaN",
    "segment_mid_x": "its local x between the phi superlayers, cm; or NaN",
    "signed_dx": "x of that segment minus x of the crossing, cm; NaN without phi view",
    "signed_dy": "the same in y; NaN without theta view",
    "signed_dxdz": "slope of that segment in x minus that of the track in the file; NaN without "
    "phi view",
    "signed_dydz": "the same in y; NaN without theta view",
}
"""Columns of crossings that tell more of their best segment."""

SEGMENT_COLUMNS = {
    "station": "1 to 4",
    "wheel": "-2 to 2",
    "sector": "1 to 14, where 13 and 14 are the second MB4 chambers of 4 and 10",
    "chamber": "code of the chamber, dtperf.detector.Chamber.code",
    "local_x": "local x, cm",
    "local_y": "local y, cm",
    "phi_hits": "hits of its phi view, 0 without one",
    "theta_hits": "hits of its theta view, 0 without one",
    "t0": "t0 of its phi view, ns; NaN where not fitted",
    "has_phi": "has a phi view",
    "has_theta": "has a theta view",
    "has_all_views": "has a phi view and, but for MB4, a theta view",
    "has_4_phi_hits": "has 4 phi hits or more",
    "is_of_muon": "a muon has it in its standalone track",
    "is_of_global_muon": "a global muon has it in its standalone track",
    "in_chamber": "segments of the chamber in this event, this one among them",
    "is_first_in_chamber": "the first of its chamber in this event",
    "is_ghost": f"not the first in its chamber of those with more than {GHOST_HITS} phi hits",
    "is_of_probe": "best segment of a crossing that the fiducial efficiency counts as passed",
    "angle": "of the phi view, degrees; 0 is perpendicular to the chamber; NaN without one",
    **{name: stored.text for name, stored in STORED.items()},
    **FIT_COLUMNS,
    **{name: text for name, (_, text) in EVENT_TEXTS.items()},
    **TRIGGER_COLUMNS,
    **TRIGGER_TO_SEGMENT_COLUMNS,
    **THETA_COLUMNS,
}
"""One row for each segment of a chamber that exists."""


def segment_table(
    events: Any,
    flat: FlatEvents,
    crossings: Table,
    primitives: Mapping[str, Stored[Primitives]],
    theta: Mapping[str, Stored[ThetaPrimitives]],
) -> Table:
    """Return the table of segments.

    Args:
        events: NanoEvents, of which columns are taken when they are first used.
        flat: The same events.
        crossings: Of the same events.
        primitives: From `stored_primitives`.
        theta: From `stored_theta`.
    """
    segments = flat.segments
    rows = np.flatnonzero(segments.code >= 0)
    event = events_of(segments.offsets)[rows]
    make: Make = {
        **chamber_columns(segments.code[rows]),
        "segment": lambda _: rows,
        "event": lambda _: event,
        "local_x": lambda _: segments.seg4D_posLoc_x[rows],
        "local_y": lambda _: segments.seg4D_posLoc_y[rows],
        "t0": lambda _: _without(segments.seg2D_phi_t0[rows], -999),
        "has_phi": lambda _: segments.seg4D_hasPhi[rows],
        "has_theta": lambda _: segments.seg4D_hasZed[rows],
        "has_all_views": lambda t: t["has_phi"] & (t["has_theta"] | (t["station"] == 4)),
        "phi_hits": lambda t: np.where(t["has_phi"], segments.seg2D_phi_nHits[rows], 0),
        "theta_hits": lambda t: np.where(t["has_theta"], segments.seg2D_z_nHits[rows], 0),
        "has_4_phi_hits": lambda t: t["phi_hits"] >= 4,
        "in_chamber": lambda t: _in_chamber(t["event"], t["chamber"]),
        "is_first_in_chamber": lambda t: ~_is_further(t, np.ones(t.rows, dtype=np.bool_)),
        "is_ghost": lambda t: _is_further(t, t["phi_hits"] > GHOST_HITS),
        "is_of_probe": lambda _: _of_probes(crossings, len(segments.code))[rows],
    }
    for name, stored in STORED.items():
        if has_columns(events, "dtSegment", {stored.branch: np.float32}):
            make[name] = _of_segments(events, stored, rows)
    if has_standalone(events):
        make["is_of_muon"] = lambda _: _of_muons(events, flat, None)[rows]
    if "is_of_muon" in make and has_columns(events, "muon", {IS_GLOBAL: np.bool_}):
        make["is_of_global_muon"] = lambda _: _of_muons(events, flat, IS_GLOBAL)[rows]
    if {"dir_x", "dir_z"} <= make.keys():
        make["angle"] = make["segment_angle"] = _angle
    if "mid_x" in make:
        make["segment_mid_x"] = make["mid_x"]
    seen = trigger_columns(primitives) | theta_columns(theta)
    return Table(len(rows), make | fit_columns(make) | event_columns(flat) | seen)


def _of_muons(events: Any, flat: FlatEvents, flag: str | None) -> Bools:
    """Return which segments the muons of a flag, or all, have in their standalone tracks."""
    tracks = read_standalone(events)
    is_used = np.ones(len(tracks.begin), dtype=np.bool_)
    if flag:
        is_used = collection(events, "muon", {flag: np.bool_}).columns[flag]
    return of_muons(tracks, is_used, flat.segments.offsets)


def matched_columns(events: Any, flat: FlatEvents) -> Make:
    """Return how columns of crossings are made that tell more of their best segment.

    Args:
        events: NanoEvents, of which columns are taken when they are first used.
        flat: The same events.
    """

    def taken(name: str, table: Table) -> AnyArray:
        stored = STORED[name]
        values = collection(events, "dtSegment", {stored.branch: np.float32}).columns[stored.branch]
        nothing = np.float32(np.nan)
        found = take(values, table["segment"], nothing)
        return found if stored.nothing is None else _without(found, stored.nothing)

    def minus_track(position: AnyArray, local: str, has_view: AnyArray, table: Table) -> AnyArray:
        known = np.where(has_view, position, np.float32(np.nan))
        return take(known, table["segment"], np.float32(np.nan)) - table[local]

    def slope_minus_track(axis: str, has_view: AnyArray, table: Table) -> AnyArray:
        slope = TRACK_SLOPES[axis]
        of_track = collection(events, "muon_matches", {slope: np.float32}).columns[slope]
        track = take(of_track, table["match"], np.float32(np.nan))
        has_slope = take(has_view, table["segment"], np.False_)
        with np.errstate(divide="ignore", invalid="ignore"):
            of_segment = taken(f"dir_{axis}", table) / taken("dir_z", table)
        # without the view the slope is 0, which says nothing
        return np.where(has_slope, of_segment, np.float32(np.nan)) - track

    segments = flat.segments
    views = {"x": segments.seg4D_hasPhi, "y": segments.seg4D_hasZed}
    positions = {"x": segments.seg4D_posLoc_x, "y": segments.seg4D_posLoc_y}
    make: Make = {
        f"signed_d{axis}": partial(minus_track, positions[axis], f"local_{axis}", has_view)
        for axis, has_view in views.items()
    }
    has = {n for n in STORED if has_columns(events, "dtSegment", {STORED[n].branch: np.float32})}
    if "mid_x" in has:
        make["segment_mid_x"] = partial(taken, "mid_x")
    if {"dir_x", "dir_z"} <= has:
        make["segment_angle"] = lambda t: _degrees(
            taken("dir_x", t), taken("dir_z", t), t["passing"]
        )
    for axis, slope in TRACK_SLOPES.items():
        # our own extrapolation has other crossings than the file, and tells no slopes
        is_stored = flat.stored is not None
        if (
            is_stored
            and {f"dir_{axis}", "dir_z"} <= has
            and has_columns(events, "muon_matches", {slope: np.float32})
        ):
            make[f"signed_d{axis}dz"] = partial(slope_minus_track, axis, views[axis])
    return make


def _angle(table: Table) -> AnyArray:
    return _degrees(table["dir_x"], table["dir_z"], table["has_phi"])


def _degrees(x: AnyArray, z: AnyArray, has_phi: AnyArray) -> AnyArray:
    """Return angles; without a phi view, x is 0, which says nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(has_phi, np.degrees(np.arctan(x / z)), np.float32(np.nan))


def _of_segments(events: Any, stored: StoredColumn, rows: Intp) -> Callable[[Table], AnyArray]:
    def column(_: Table) -> AnyArray:
        values = collection(events, "dtSegment", {stored.branch: np.float32}).columns
        taken = values[stored.branch][rows]
        return taken if stored.nothing is None else _without(taken, stored.nothing)

    return column


def _without(values: AnyArray, nothing: float) -> AnyArray:
    """Return values with NaN for what stands for none."""
    return np.where(values == values.dtype.type(nothing), values.dtype.type(np.nan), values)


def _group(event: I64, chamber: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return an order in which segments of one chamber are neighbours, and the first of each.

    Args:
        event: Of each segment, shape (segments,).
        chamber: Same shape.
    """
    order = np.lexsort((chamber, event))
    event, chamber = event[order], chamber[order]
    begins = np.ones(len(order), dtype=np.bool_)
    begins[1:] = (event[1:] != event[:-1]) | (chamber[1:] != chamber[:-1])
    return order, begins


def _in_chamber(event: I64, chamber: AnyArray) -> AnyArray:
    order, begins = _group(event, chamber)
    group = np.cumsum(begins) - 1
    counts = np.empty(len(order), dtype=np.int16)
    counts[order] = np.bincount(group)[group]
    return counts


def _is_further(table: Table, counts: AnyArray) -> AnyArray:
    """Return which of the rows that count are not the first such of their event and chamber."""
    rows = np.flatnonzero(counts)
    order, begins = _group(table["event"][rows], table["chamber"][rows])
    further = np.zeros(table.rows, dtype=np.bool_)
    further[rows[order]] = ~begins
    return further


def _of_probes(crossings: Table, segments: int) -> AnyArray:
    rows = crossings.rows_where(("is_eligible", "is_in_eta", "is_fiducial", "passing"))
    is_best = np.zeros(segments, dtype=np.bool_)
    is_best[crossings["segment"][rows]] = True
    return is_best
