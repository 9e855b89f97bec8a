"""The table of the layers that segments cross, and its columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dtperf.detector import N_CODES, Chamber, layer_cells, wire_positions_cm
from dtperf.selection.columns import Make
from dtperf.selection.cuts import MOST_WIRES
from dtperf.selection.details.layers import find_layers
from dtperf.selection.details.segments import SEGMENT_COLUMNS
from dtperf.selection.details.stored import no_digis, read_digis, read_segment_content
from dtperf.selection.details.windows import DigiLimits
from dtperf.selection.flat_collection import collection, has_columns
from dtperf.selection.ragged import take
from dtperf.selection.tables import Table
from dtperf.typing import AnyArray

if TYPE_CHECKING:
    from dtperf.selection.cuts import DeadCells, LayerCuts, Selection
    from dtperf.selection.flatten import FlatEvents

__all__ = ["HIT_COLUMNS", "LAYER_COLUMNS", "layer_table"]

PHI_LAYERS, THETA_LAYERS = 8, 4
GOOD_CHI2 = np.float32(3.84)
"""Of a view, over hits - 2; computeResidual of DTNtupleSegmentAnalyzer.C."""

HIT_COLUMNS: Mapping[str, tuple[str, Any]] = {
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
    "is_living": "the cell is not in `selection.dead_cells`",
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
    events: Any, flat: FlatEvents, segments: Table, selection: Selection
) -> tuple[Table, dict[str, int]]:
    """Return the table of layers, and the number of segments that have none, by kind.

    Args:
        events: NanoEvents, of which columns are taken when they are first used.
        flat: The same events.
        segments: From `segment_table`.
        selection: What counts, and which cells are known to be dead.

    Returns:
        Without rows and columns where the events have no hits or expected wires.
    """
    cuts = selection.layers
    content, digis = read_segment_content(events), read_digis(events)
    if content is None:
        return Table(0, {}), {}
    rows, event = segments["segment"], segments["event"]
    limits = digi_limits(cuts)
    known = no_digis(len(content.hit_offsets) - 1) if digis is None else digis
    found, anomalies = find_layers(rows, event, flat.segments, content, known, limits)
    make: Make = {
        name: _constant(column) for name, column in found._asdict().items() if name != "row"
    }
    make["row"] = _constant(found.row)
    make["associated"] = _constant(found.hit >= 0)
    if digis is None:
        del make["digi"]
    else:
        make["detected"] = _constant((found.hit >= 0) | (found.digi >= 0))
    make["is_phi"] = _constant(found.superlayer != 2)
    make["is_counted"] = lambda t: _is_counted(t, cuts)
    make["is_living"] = lambda t: ~_is_dead(t, selection.dead_cells)
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


def _pull(table: Table) -> AnyArray:
    square = table["variance"] * table["freedom"]
    # a variance of 0 is none
    return table["residual"] / np.sqrt(np.where(square > 0, square, np.float32(np.nan)))


def _residual(table: Table) -> AnyArray:
    # CMSSW's right side, 1, is beyond the wire: there x grows with the drift
    along = np.where(table["side"] == 1, np.float32(1), np.float32(-1))
    return (table["position"] - table["expected_position"]) * along


def _distance(table: Table) -> AnyArray:
    cells, place = layer_cells(), (table["chamber"], table["superlayer"] - 1, table["layer"] - 1)
    wires = wire_positions_cm(table["hit_wire"], cells.first[place], cells.number[place])
    return np.abs(table["position"] - wires).astype(np.float32)


def _is_counted(table: Table, cuts: LayerCuts) -> AnyArray:
    phi = (table["other_layers"] >= cuts.min_other_phi_layers) & table["is_phi"]
    theta = (table["other_layers"] >= cuts.min_other_theta_layers) & ~table["is_phi"]
    theta &= table["theta_hits"] >= cuts.min_theta_hits
    steep = np.abs(table["dir_x"]) < np.float32(cuts.max_abs_dir_x)
    return np.asarray((phi | theta) & steep & (table["phi_hits"] >= cuts.min_phi_hits))


def _is_dead(table: Table, dead_cells: DeadCells) -> AnyArray:
    is_dead = np.zeros((N_CODES, 4, 5, MOST_WIRES + 1), dtype=np.bool_)
    for station, wheel, sector, superlayer, layer, wire in dead_cells:
        is_dead[Chamber(wheel, sector, station).code, superlayer, layer, wire] = True
    place = table["chamber"], table["superlayer"], table["layer"], table["wire"]
    return np.asarray(is_dead[place])


def _is_of_good_fit(table: Table) -> AnyArray:
    is_phi = table["is_phi"]
    layers = table["other_layers"] + table["associated"]
    chi2 = np.where(is_phi, table["phi_chi2"], table["theta_chi2"])
    is_full = layers == np.where(is_phi, PHI_LAYERS, THETA_LAYERS)
    return np.asarray(is_full & (chi2 <= GOOD_CHI2))


def _constant(column: AnyArray) -> Callable[[Table], AnyArray]:
    return lambda _: column
