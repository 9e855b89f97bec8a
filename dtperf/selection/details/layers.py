"""Find the layers that segments cross: which cell, with which hit, with which digi near it.

Definitions: measureEfficiency of DTNtupleSegmentAnalyzer.C (battibass/DTSliceTestOfflineAnalysis)
and EfficiencyMonitorRun.C (cmsdtoffline/DTTrendMonitoring). A layer is efficient if the segment has
a hit in it, or if there is a digi within one cell of the expected one, in time. The order of the
expected wires: MuDTSegmentExtTableProducer.cc of cms-sw/cmssw.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.compiled import compiled, inlined
from dtperf.detector import layer_cells, stations
from dtperf.selection.arrays import Segments
from dtperf.selection.details.branches import LAYER_ANOMALIES
from dtperf.selection.details.stored import LAYERS, SUPERLAYERS, THETA, Digis, SegmentContent
from dtperf.selection.details.windows import DigiLimits, find_windows
from dtperf.typing import F32, F64, I8, I16, I32, I64, Intp

__all__ = [
    "Layers",
    "find_layers",
]


class Cells(NamedTuple):
    """Cells of the layers; shape (codes, 3, 4) each."""

    first: I16
    number: I16
    z_cm: F64


class Layers(NamedTuple):
    """One row for each layer whose cell a segment crosses; all of shape (rows,)."""

    row: I32
    """Segment, index into the rows that were given."""
    superlayer: I8
    """1 to 3."""
    layer: I8
    """1 to 4."""
    wire: I16
    """Number of the cell that is crossed."""
    hit: I32
    """The segment's hit in the layer, index into all hits; -1 if it has none."""
    digi: I32
    """First digi in time within one cell of the expected one, index into all digis; or -1."""
    expected: I32
    """Where the layer's expected wire stands, index into all of them."""
    other_layers: I8
    """Other layers of the view with a hit of the segment."""
    freedom: F32
    """1 minus the hit's leverage, its share in the line that is fitted to the view's hits; NaN
    without hit, and where the line is not fitted without it: through two layers or one."""


def find_layers(
    rows: Intp,
    event: I64,
    segments: Segments,
    content: SegmentContent,
    digis: Digis,
    limits: DigiLimits,
) -> tuple[Layers, dict[str, int]]:
    """Find the layers that segments cross.

    Args:
        rows: Segments that are looked at, index into all; none without a chamber.
        event: Event of each of them, same shape.
        segments: Of all events.
        content: Their hits and expected wires.
        digis: Of all events.
        limits: When a digi is in time.

    Returns:
        The rows, in order of segment, superlayer and layer; and the number of segments whose
        ranges leave their event, or do not have an expected wire for each layer, which have no
        rows.
    """
    first, number, _, z_cm = layer_cells()
    cells = Cells(first, number, z_cm)
    found, bad_hits, bad_expected = _find(
        rows, event, segments, content, digis, limits, cells, stations()
    )
    return found, dict(zip(LAYER_ANOMALIES, (bad_hits, bad_expected), strict=True))


@inlined
def _is_crossed(superlayer: int, has_phi: bool, has_zed: bool) -> bool:
    return has_zed if superlayer == THETA else has_phi


@inlined
def _entry(superlayer: int, layer: int, is_mb4: bool) -> int:
    """Return the place of a layer in the list of a segment, all counted from 0.

    It is layer-major: the superlayers of layer 1 come first. MB4 has no second one.
    """
    return 2 * layer + superlayer // 2 if is_mb4 else 3 * layer + superlayer


@compiled
def _most_hits(rows: Intp, event: I64, content: SegmentContent) -> int:
    """Return how many hits a segment has at most, those whose range leaves their event aside."""
    offsets, begins, ends = content.hit_offsets, content.hits_begin, content.hits_end
    most = 0
    for row in range(len(rows)):
        hits = np.int64(ends[rows[row]]) - np.int64(begins[rows[row]])
        if hits <= offsets[event[row] + 1] - offsets[event[row]]:
            most = max(most, int(hits))
    return most


@compiled
def _find(
    rows: Intp,
    event: I64,
    segments: Segments,
    content: SegmentContent,
    digis: Digis,
    limits: DigiLimits,
    cells: Cells,
    station_of: I16,
) -> tuple[Layers, int, int]:
    segment_code = segments.code
    has_phi, has_zed = segments.seg4D_hasPhi, segments.seg4D_hasZed
    hit_offsets, hits_begin, hits_end = content.hit_offsets, content.hits_begin, content.hits_end
    hit_superlayer, hit_layer = content.superlayer, content.layer
    expected_offsets = content.expected_offsets
    expected_begin, expected_end = content.expected_begin, content.expected_end
    expected_wire = content.expected_wire
    digi_offsets, digi_code = digis.offsets, digis.code
    digi_superlayer, digi_layer = digis.superlayer, digis.layer
    digi_wire, digi_time = digis.wire, digis.time
    first_wire, number_of_wires, z_cm = cells.first, cells.number, cells.z_cm

    most = 0
    for segment in rows:
        most += 8 * has_phi[segment] + 4 * has_zed[segment]
    row_of = np.empty(most, dtype=np.int32)
    superlayer_of = np.empty(most, dtype=np.int8)
    layer_of = np.empty(most, dtype=np.int8)
    wire_of = np.empty(most, dtype=np.int16)
    hit_of = np.empty(most, dtype=np.int32)
    digi_of = np.empty(most, dtype=np.int32)
    expected_of = np.empty(most, dtype=np.int32)
    others_of = np.empty(most, dtype=np.int8)
    freedom_of = np.empty(most, dtype=np.float32)

    hit = np.empty((SUPERLAYERS, LAYERS), dtype=np.int32)
    digi = np.empty((SUPERLAYERS, LAYERS), dtype=np.int32)
    wire = np.empty((SUPERLAYERS, LAYERS), dtype=np.int16)
    low = np.empty(SUPERLAYERS, dtype=np.float32)
    high = np.empty(SUPERLAYERS, dtype=np.float32)
    pedestals = np.empty(_most_hits(rows, event, content), dtype=np.float32)
    counts, sums, squares = np.empty(2, np.int64), np.empty(2), np.empty(2)
    first_digi = np.empty(len(station_of), dtype=np.int64)
    last_digi = np.empty(len(station_of), dtype=np.int64)
    event_of_digis = np.full(len(station_of), -1, dtype=np.int64)
    n = bad_hits = bad_expected = 0
    for row in range(len(rows)):
        segment, at = rows[row], event[row]
        code = segment_code[segment]
        if not row or event[row - 1] != at:
            # digis come chamber by chamber, so that few are looked at; if not, more are
            for i in range(digi_offsets[at], digi_offsets[at + 1]):
                chamber = digi_code[i]
                if chamber >= 0:
                    if event_of_digis[chamber] != at:
                        event_of_digis[chamber], first_digi[chamber] = at, i
                    last_digi[chamber] = i
        is_mb4 = station_of[code] == 4
        begin, end = np.int64(hits_begin[segment]), np.int64(hits_end[segment])
        if not begin <= end <= hit_offsets[at + 1] - hit_offsets[at]:
            bad_hits += 1
            continue
        begin, end = begin + hit_offsets[at], end + hit_offsets[at]
        start, stop = np.int64(expected_begin[segment]), np.int64(expected_end[segment])
        fits = start <= stop <= expected_offsets[at + 1] - expected_offsets[at]
        if not fits or stop - start != (8 if is_mb4 else 12):
            bad_expected += 1
            continue
        start += expected_offsets[at]

        for layer in range(LAYERS):
            for superlayer in range(SUPERLAYERS):
                hit[superlayer, layer] = digi[superlayer, layer] = wire[superlayer, layer] = -1
                if not is_mb4 or superlayer != THETA:
                    entry = start + _entry(superlayer, layer, is_mb4)
                    wire[superlayer, layer] = expected_wire[entry]
        for i in range(begin, end):
            superlayer, layer = hit_superlayer[i] - 1, hit_layer[i] - 1
            if 0 <= superlayer < SUPERLAYERS and 0 <= layer < LAYERS and hit[superlayer, layer] < 0:
                hit[superlayer, layer] = i
        find_windows(content, begin, end, limits, pedestals, low, high)
        has_digis = event_of_digis[code] == at
        for i in range(first_digi[code], last_digi[code] + 1) if has_digis else range(0):
            if digi_code[i] != code:
                continue
            superlayer, layer = digi_superlayer[i] - 1, digi_layer[i] - 1
            if not (0 <= superlayer < SUPERLAYERS and 0 <= layer < LAYERS):
                continue
            time = digi_time[i]
            if abs(digi_wire[i] - wire[superlayer, layer]) > 1:
                continue
            if not low[superlayer] <= time <= high[superlayer]:
                continue
            before = digi[superlayer, layer]
            if before < 0 or time < digi_time[before]:
                digi[superlayer, layer] = i

        # of each view: layers with a hit, and what a line through them weighs each hit with
        counts[:], sums[:], squares[:] = 0, 0.0, 0.0
        for superlayer in range(SUPERLAYERS):
            view = int(superlayer == THETA)
            for layer in range(LAYERS):
                if hit[superlayer, layer] >= 0:
                    z = z_cm[code, superlayer, layer]
                    counts[view] += 1
                    sums[view] += z
                    squares[view] += z * z
        for superlayer in range(SUPERLAYERS):
            if not _is_crossed(superlayer, has_phi[segment], has_zed[segment]):
                continue
            view = int(superlayer == THETA)
            for layer in range(LAYERS):
                cell = wire[superlayer, layer] - first_wire[code, superlayer, layer]
                if not 0 <= cell < number_of_wires[code, superlayer, layer]:
                    continue
                found = hit[superlayer, layer]
                row_of[n] = row
                superlayer_of[n], layer_of[n] = superlayer + 1, layer + 1
                wire_of[n] = wire[superlayer, layer]
                hit_of[n], digi_of[n] = found, digi[superlayer, layer]
                expected_of[n] = start + _entry(superlayer, layer, is_mb4)
                others_of[n] = counts[view] - (found >= 0)
                freedom_of[n] = np.nan
                if found >= 0 and counts[view] > 2:
                    mean = sums[view] / counts[view]
                    spread = squares[view] - counts[view] * mean * mean
                    away = z_cm[code, superlayer, layer] - mean
                    freedom_of[n] = 1 - 1 / counts[view] - away * away / spread
                n += 1
    found_layers = Layers(
        row_of[:n],
        superlayer_of[:n],
        layer_of[:n],
        wire_of[:n],
        hit_of[:n],
        digi_of[:n],
        expected_of[:n],
        others_of[:n],
        freedom_of[:n],
    )
    return found_layers, bad_hits, bad_expected
