"""The tables of segments and of the layers that they cross, and their columns."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from dtperf.detector import layer_cells, sectors, stations, wheels, wire_positions_cm
from dtperf.selection.columns import EVENT_COLUMNS as EVENT_TEXTS
from dtperf.selection.columns import Make
from dtperf.selection.detail_branches import STORED, StoredColumn
from dtperf.selection.flat_collection import collection, has_columns
from dtperf.selection.layers import (
    DigiLimits,
    find_layers,
    read_digis,
    read_segment_content,
)
from dtperf.selection.ragged import take
from dtperf.selection.standalone import has_standalone, of_global_muons
from dtperf.selection.tables import Table
from dtperf.selection.trigger_columns import (
    TRIGGER_COLUMNS,
    TRIGGER_TO_SEGMENT_COLUMNS,
    trigger_columns,
)
from dtperf.typing import I64, AnyArray, Intp

if TYPE_CHECKING:
    from dtperf.selection.cuts import LayerCuts
    from dtperf.selection.flatten import FlatEvents

__all__ = [
    "LAYER_COLUMNS",
    "MATCHED_COLUMNS",
    "SEGMENT_COLUMNS",
    "layer_table",
    "matched_columns",
    "segment_table",
]

PHI_LAYERS, THETA_LAYERS = 8, 4
GOOD_CHI2 = np.float32(3.84)
"""Of a view, over hits - 2; computeResidual of DTNtupleSegmentAnalyzer.C."""
GHOST_HITS = 3
"""A further segment of a chamber counts as its ghost with more phi hits than this."""


MATCHED_COLUMNS = {
    "segment_angle": "angle of that segment's phi view, degrees; or NaN",
    "segment_mid_x": "its local x between the phi superlayers, cm; or NaN",
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
    "is_of_global_muon": "a global muon has it in its standalone track",
    "in_chamber": "segments of the chamber in this event, this one among them",
    "is_ghost": f"not the first in its chamber of those with more than {GHOST_HITS} phi hits",
    "is_of_probe": "best segment of a crossing that the fiducial efficiency counts as passed",
    "angle": "of the phi view, degrees; 0 is perpendicular to the chamber; NaN without one",
    **{name: stored.text for name, stored in STORED.items()},
    **{name: text for name, (_, text) in EVENT_TEXTS.items()},
    **TRIGGER_COLUMNS,
    **TRIGGER_TO_SEGMENT_COLUMNS,
}
"""One row for each segment of a chamber that exists."""


def segment_table(events: Any, flat: FlatEvents, crossings: Table) -> Table:
    """Return the table of segments.

    Args:
        events: NanoEvents, of which columns are taken when they are first used.
        flat: The same events.
        crossings: Of the same events.
    """
    segments = flat.segments
    rows = np.flatnonzero(segments.code >= 0)
    event = np.repeat(np.arange(len(segments.offsets) - 1), np.diff(segments.offsets))[rows]
    code = segments.code[rows]
    make: Make = {
        "segment": lambda _: rows,
        "event": lambda _: event,
        "chamber": lambda _: code,
        "station": lambda _: stations()[code],
        "wheel": lambda _: wheels()[code],
        "sector": lambda _: sectors()[code],
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
        "is_ghost": lambda t: _is_further(t, t["phi_hits"] > GHOST_HITS),
        "is_of_probe": lambda _: _of_probes(crossings, len(segments.code))[rows],
    }
    for name in EVENT_TEXTS:
        column = EVENT_TEXTS[name][0]
        if column in flat.events:
            make[name] = _of_events(flat.events[column], event)
    for name, stored in STORED.items():
        if has_columns(events, "dtSegment", {stored.branch: np.float32}):
            make[name] = _of_segments(events, stored, rows)
    if has_standalone(events):
        make["is_of_global_muon"] = lambda _: of_global_muons(events, segments.offsets)[rows]
    if {"dir_x", "dir_z"} <= make.keys():
        make["angle"] = make["segment_angle"] = _angle
    if "mid_x" in make:
        make["segment_mid_x"] = make["mid_x"]
    return Table(len(rows), make | trigger_columns(events, flat.anomalies))


def matched_columns(events: Any) -> Make:
    """Return how columns of crossings are made that tell more of their best segment."""

    def taken(name: str, table: Table) -> AnyArray:
        stored = STORED[name]
        values = collection(events, "dtSegment", {stored.branch: np.float32}).columns[stored.branch]
        nothing = np.float32(np.nan)
        found = take(values, table["segment"], nothing)
        return found if stored.nothing is None else _without(found, stored.nothing)

    make: Make = {}
    has = {n for n in STORED if has_columns(events, "dtSegment", {STORED[n].branch: np.float32})}
    if "mid_x" in has:
        make["segment_mid_x"] = partial(taken, "mid_x")
    if {"dir_x", "dir_z"} <= has:
        make["segment_angle"] = lambda t: _degrees(
            taken("dir_x", t), taken("dir_z", t), t["passing"]
        )
    return make


def _angle(table: Table) -> AnyArray:
    return _degrees(table["dir_x"], table["dir_z"], table["has_phi"])


def _degrees(x: AnyArray, z: AnyArray, has_phi: AnyArray) -> AnyArray:
    """Return angles; without a phi view, x is 0, which says nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(has_phi, np.degrees(np.arctan(x / z)), np.float32(np.nan))


def _of_events(values: AnyArray, event: I64) -> Callable[[Table], AnyArray]:
    return lambda _: values[event]


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


HIT_COLUMNS = {
    "side": ("side", np.int16),
    "time": ("timeCali", np.float32),
    "position": ("pos", np.float32),
    "variance": ("posErr", np.float32),
    "hit_wire": ("wire", np.int16),
}

LAYER_COLUMNS = {
    "superlayer": "1 to 3; 2 measures theta",
    "layer": "1 to 4",
    "wire": "number of the cell that the segment crosses",
    "other_layers": "other layers of the view with a hit of the segment",
    "associated": "the segment has a hit in the layer",
    "detected": "it has, or there is a digi in time within one cell of the expected one",
    "is_phi": "superlayer 1 or 3",
    "is_of_good_fit": "all layers of the view have a hit, and its chi2 is at most 3.84",
    "is_counted": "view, angle and hits are as `selection.layers` asks",
    "residual": "drift of the hit minus that of the segment, whose fit has the hit, cm; or NaN",
    "unbiased_residual": "the same to a segment without this hit: over 1 - its leverage; or NaN",
    "pull": "the unbiased residual over its expected width: the hit's, and the line's; or NaN",
    "distance": "of the hit from its wire, cm; NaN without hit",
    "time": "of the hit, ns, without pedestal; NaN without hit",
    "side": "of the hit: 1 beyond the wire in x, 2 before it; 0 without hit",
    **SEGMENT_COLUMNS,
}
"""One row for each layer of a view that the segment has, where it crosses a cell."""


def layer_table(
    events: Any, flat: FlatEvents, segments: Table, cuts: LayerCuts
) -> tuple[Table, dict[str, int]]:
    """Return the table of layers, and the number of segments that have none, by kind.

    Args:
        events: NanoEvents, of which columns are taken when they are first used.
        flat: The same events.
        segments: From `segment_table`.
        cuts: What counts.

    Returns:
        Without rows and columns where the events have no hits, expected wires or digis.
    """
    content, digis = read_segment_content(events), read_digis(events)
    if content is None or digis is None:
        return Table(0, {}), {}
    rows, event = segments["segment"], segments["event"]
    limits = digi_limits(cuts)
    found, anomalies = find_layers(rows, event, flat.segments, content, digis, limits)
    make: Make = {
        name: _constant(column) for name, column in found._asdict().items() if name != "row"
    }
    make["row"] = _constant(found.row)
    make["associated"] = _constant(found.hit >= 0)
    make["detected"] = _constant((found.hit >= 0) | (found.digi >= 0))
    make["is_phi"] = _constant(found.superlayer != 2)
    make["is_counted"] = lambda t: _is_counted(t, cuts)
    if {"phi_chi2", "theta_chi2"} <= segments.keys():
        make["is_of_good_fit"] = _is_of_good_fit
    for name, (field, dtype) in HIT_COLUMNS.items():
        if has_columns(events, "dtSegment_hits", {field: dtype}):
            make[name] = _of_collection(events, "dtSegment_hits", field, "hit", dtype)
    if {"position", "hit_wire"} <= make.keys():
        make["distance"] = _distance
    if has_columns(events, "dtSegment_extr", {"ExpPos": np.float32}) and "side" in make:
        make["expected_position"] = _of_collection(events, "dtSegment_extr", "ExpPos", "expected")
        make["residual"] = _residual
        make["unbiased_residual"] = lambda t: t["residual"] / t["freedom"]
        if "variance" in make:
            make["pull"] = _pull
    return Table(len(found.row), make, parent=segments, link="row"), anomalies


def digi_limits(cuts: LayerCuts) -> DigiLimits:
    """Return when a digi is in time, in the precision in which that is compared."""
    low, high = cuts.time_window_ns or (np.nan, np.nan)
    around = (np.float32(cuts.before_pedestal_ns), np.float32(cuts.after_pedestal_ns))
    return DigiLimits(np.float32(low), np.float32(high), *around)


def _of_collection(
    events: Any, name: str, field: str, index: str, dtype: Any = np.float32
) -> Callable[[Table], AnyArray]:
    nothing = np.nan if dtype is np.float32 else 0

    def column(table: Table) -> AnyArray:
        values = collection(events, name, {field: dtype}).columns[field]
        return take(values, table[index], dtype(nothing))

    return column


def _residual(table: Table) -> AnyArray:
    # CMSSW's right side, 1, is beyond the wire: there x grows with the drift
    along = np.where(table["side"] == 1, np.float32(1), np.float32(-1))
    return (table["position"] - table["expected_position"]) * along


def _pull(table: Table) -> AnyArray:
    square = table["variance"] * table["freedom"]
    # a variance of 0 is none
    return table["residual"] / np.sqrt(np.where(square > 0, square, np.float32(np.nan)))


def _distance(table: Table) -> AnyArray:
    cells, place = layer_cells(), (table["chamber"], table["superlayer"] - 1, table["layer"] - 1)
    wires = wire_positions_cm(table["hit_wire"], cells.first[place], cells.number[place])
    return np.abs(table["position"] - wires).astype(np.float32)


def _is_counted(table: Table, cuts: LayerCuts) -> AnyArray:
    phi = (table["other_layers"] >= cuts.min_other_phi_layers) & table["is_phi"]
    theta = (table["other_layers"] >= cuts.min_other_theta_layers) & ~table["is_phi"]
    theta &= table["theta_hits"] >= cuts.min_theta_hits
    steep = np.abs(table["dir_x"]) < np.float32(cuts.max_abs_dir_x)
    return (phi | theta) & steep & (table["phi_hits"] >= cuts.min_phi_hits)


def _is_of_good_fit(table: Table) -> AnyArray:
    is_phi = table["is_phi"]
    layers = table["other_layers"] + table["associated"]
    chi2 = np.where(is_phi, table["phi_chi2"], table["theta_chi2"])
    is_full = layers == np.where(is_phi, PHI_LAYERS, THETA_LAYERS)
    return np.asarray(is_full & (chi2 <= GOOD_CHI2))


def _constant(column: AnyArray) -> Callable[[Table], AnyArray]:
    return lambda _: column
