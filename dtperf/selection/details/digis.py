"""The table of digis: which cells fire, and which of them on their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dtperf.compiled import compiled
from dtperf.detector import N_CODES, layer_cells
from dtperf.selection.arrays import Segments
from dtperf.selection.columns import EVENT_COLUMNS as EVENT_TEXTS
from dtperf.selection.columns import Make, chamber_columns, event_columns
from dtperf.selection.details.branches import DIGI_ANOMALY
from dtperf.selection.details.stored import LAYERS, SUPERLAYERS, Digis, read_digis
from dtperf.selection.tables import Table
from dtperf.typing import I16, I32, AnyArray, Bools

if TYPE_CHECKING:
    from dtperf.selection.cuts import LayerCuts
    from dtperf.selection.flatten import FlatEvents

__all__ = ["DIGI_COLUMNS", "digi_table"]

DIGI_COLUMNS = {
    "station": "1 to 4",
    "wheel": "-2 to 2",
    "sector": "1 to 14, where 13 and 14 are the second MB4 chambers of 4 and 10",
    "chamber": "code of the chamber, dtperf.detector.Chamber.code",
    "superlayer": "1 to 3; 2 measures theta",
    "layer": "1 to 4",
    "wire": "number of the cell",
    "time": "of the TDC, ns, with pedestal",
    "has_segment": "the chamber has a segment in this event",
    "is_noise": "it has none, and the digi is before all signals, as `selection.layers` says",
    **{name: text for name, (_, text) in EVENT_TEXTS.items()},
}
"""One row for each digi of a cell that exists."""


def digi_table(events: Any, flat: FlatEvents, cuts: LayerCuts) -> tuple[Table, dict[str, int]]:
    """Return the table of digis, and the number of those in cells that do not exist.

    Args:
        events: NanoEvents.
        flat: The same events.
        cuts: When a digi is noise.

    Returns:
        Without rows and columns where the events have no digis.
    """
    digis = read_digis(events)
    if digis is None:
        return Table(0, {}), {}
    first, number = layer_cells()[:2]
    found = _find(digis, flat.segments, first, number)
    all_exist = len(found.digi) == len(digis.code)

    def taken(column: AnyArray) -> AnyArray:
        return column if all_exist else column[found.digi]

    make: Make = {
        "chamber": lambda _: taken(digis.code),
        "event": lambda _: found.event,
        "superlayer": lambda _: taken(digis.superlayer),
        "layer": lambda _: taken(digis.layer),
        "wire": lambda _: taken(digis.wire),
        "time": lambda _: taken(digis.time),
        "has_segment": lambda _: found.has_segment,
        "is_noise": lambda t: ~t["has_segment"] & _is_early(t["time"], cuts),
    }
    # there are few chambers and many digis: a chamber's place and bins are found once
    chambers = Table(N_CODES, chamber_columns(np.arange(N_CODES, dtype=np.int16)))
    make |= event_columns(flat)
    return Table(len(found.digi), make, parent=chambers, link="chamber"), {
        DIGI_ANOMALY: len(digis.code) - len(found.digi)
    }


class _Found(NamedTuple):
    """The digis of cells that exist; all of shape (rows,)."""

    digi: I32
    """Index into all of them."""
    event: I32
    has_segment: Bools
    """Whether its chamber has a segment."""


@compiled
def _find(digis: Digis, segments: Segments, first_wire: I16, number_of_wires: I16) -> _Found:
    """Find the digis of cells that exist.

    Args:
        digis: Of all events.
        segments: Of the same events.
        first_wire: Number of the first cell of each layer, shape (codes, 3, 4).
        number_of_wires: Of each layer, same shape; 0 where there is no layer.
    """
    offsets, codes, wires = digis.offsets, digis.code, digis.wire
    superlayers, layers = digis.superlayer, digis.layer
    segment_offsets, segment_code = segments.offsets, segments.code
    digi = np.empty(len(codes), dtype=np.int32)
    event_of = np.empty(len(codes), dtype=np.int32)
    has_segment = np.empty(len(codes), dtype=np.bool_)
    last_event = np.full(len(first_wire), -1, dtype=np.int64)  # with a segment, by chamber
    n = 0
    for event in range(len(offsets) - 1):
        for i in range(segment_offsets[event], segment_offsets[event + 1]):
            if segment_code[i] >= 0:
                last_event[segment_code[i]] = event
        for i in range(offsets[event], offsets[event + 1]):
            code, superlayer, layer = codes[i], superlayers[i] - 1, layers[i] - 1
            if code < 0 or not (0 <= superlayer < SUPERLAYERS and 0 <= layer < LAYERS):
                continue
            cell = wires[i] - first_wire[code, superlayer, layer]
            if 0 <= cell < number_of_wires[code, superlayer, layer]:
                digi[n], event_of[n], has_segment[n] = i, event, last_event[code] == event
                n += 1
    return _Found(digi[:n], event_of[:n], has_segment[:n])


def _is_early(time: AnyArray, cuts: LayerCuts) -> Bools:
    low, high = (np.float32(limit) for limit in cuts.noise_window_ns)
    return np.asarray((time >= low) & (time < high))
