"""The table of digis: which cells fire, and which of them on their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dtperf.detector import N_CODES, layer_cells
from dtperf.selection.columns import EVENT_COLUMNS as EVENT_TEXTS
from dtperf.selection.columns import Make, chamber_columns, event_columns
from dtperf.selection.details.branches import DIGI_ANOMALY
from dtperf.selection.details.layers import read_digis
from dtperf.selection.flat_collection import events_of
from dtperf.selection.tables import Table
from dtperf.typing import AnyArray, Bools

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
    exists = _exists(digis.code, digis.superlayer, digis.layer, digis.wire)
    rows = np.flatnonzero(exists)
    event = events_of(digis.offsets)[rows]
    make: Make = {
        **chamber_columns(digis.code[rows]),
        "event": lambda _: event,
        "superlayer": lambda _: digis.superlayer[rows],
        "layer": lambda _: digis.layer[rows],
        "wire": lambda _: digis.wire[rows],
        "time": lambda _: digis.time[rows],
        "has_segment": lambda t: _has_segment(flat)[t["event"], t["chamber"]],
        "is_noise": lambda t: ~t["has_segment"] & _is_early(t["time"], cuts),
    }
    return Table(len(rows), make | event_columns(flat)), {DIGI_ANOMALY: len(exists) - len(rows)}


def _exists(code: AnyArray, superlayer: AnyArray, layer: AnyArray, wire: AnyArray) -> Bools:
    cells = layer_cells()
    known = (code >= 0) & (superlayer >= 1) & (superlayer <= 3) & (layer >= 1) & (layer <= 4)
    place = tuple(np.where(known, number, 0) for number in (code, superlayer - 1, layer - 1))
    cell = wire - cells.first[place]
    return np.asarray(known & (cell >= 0) & (cell < cells.number[place]))


def _has_segment(flat: FlatEvents) -> Bools:
    """Return whether each chamber has a segment, shape (events, N_CODES)."""
    segments = flat.segments
    has = np.zeros((len(segments.offsets) - 1, N_CODES), dtype=np.bool_)
    known = segments.code >= 0
    has[events_of(segments.offsets)[known], segments.code[known]] = True
    return has


def _is_early(time: AnyArray, cuts: LayerCuts) -> Bools:
    low, high = (np.float32(limit) for limit in cuts.noise_window_ns)
    return np.asarray((time >= low) & (time < high))
