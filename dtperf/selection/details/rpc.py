"""The table of RPC crossings: where DT segments cross rolls, and whether these have a hit there.

Definition: of the RPC efficiency analysers of CMS, which count a hit within four strips and half
its cluster of the extrapolated point; the extrapolation is RPCPointProducer's. The width of strips
is not in the files: 3 cm is taken for each, a typical one.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from dtperf.compiled import compiled
from dtperf.selection.columns import EVENT_COLUMNS as EVENT_TEXTS
from dtperf.selection.columns import Make, event_columns
from dtperf.selection.details.branches import RPC_HIT_DTYPES, RPC_POINT_DTYPES
from dtperf.selection.flat_collection import collection, events_of, has_columns
from dtperf.selection.ragged import take
from dtperf.selection.tables import Table
from dtperf.typing import F32, I16, I32, I64, U32, AnyArray

if TYPE_CHECKING:
    from dtperf.selection.flatten import FlatEvents

__all__ = ["RPC_COLUMNS", "has_rpcs", "rpc_table"]

STRIPS, STRIP_CM = 4.0, 3.0

RPC_COLUMNS = {
    "wheel": "-2 to 2",
    "sector": "1 to 12",
    "station": "1 to 4",
    "layer": "1 inner, 2 outer chamber of RB1 and RB2; 1 elsewhere",
    "subsector": "half chamber along phi: 1 or 2 in RB3 and RB4, to 4 in RB4 of sector 4",
    "roll": "along the strips: 1 backward, 2 middle, 3 forward",
    "x": "where the segment crosses the roll, across its strips, cm",
    "y": "the same, along its strips",
    "dx": "nearest hit of the roll at BX 0 minus that, across the strips, cm; NaN without hit",
    "cluster_size": "strips of that hit; 0 without",
    "has_hit": f"that hit is within {STRIPS:g} strips of {STRIP_CM:g} cm and half its cluster",
    **{name: text for name, (_, text) in EVENT_TEXTS.items()},
}
"""One row for each point where a DT segment crosses a roll of the barrel."""


def has_rpcs(events: Any) -> bool:
    """Return whether the events have the points and hits that `rpc_table` reads."""
    return has_columns(events, "dtToRpc", RPC_POINT_DTYPES) and has_columns(
        events, "rpcRecHit", RPC_HIT_DTYPES
    )


def rpc_table(events: Any, flat: FlatEvents) -> Table:
    """Return the table of RPC crossings.

    Args:
        events: NanoEvents.
        flat: The same events.

    Returns:
        Without rows and columns where the events have no points or hits, as in generation A.
    """
    if not has_rpcs(events):
        return Table(0, {})
    offsets, points = collection(events, "dtToRpc", RPC_POINT_DTYPES)
    hit_offsets, hits = collection(events, "rpcRecHit", RPC_HIT_DTYPES)
    event = events_of(offsets)
    rolls = (event, points["rawId"], points["coordX"])
    nearest = _nearest(*rolls, hit_offsets, hits["rawId"], hits["bx"], hits["coordX"])
    make: Make = {
        "event": lambda _: event,
        "wheel": lambda _: points["ring"],
        "x": lambda _: points["coordX"],
        "y": lambda _: points["coordY"],
        "dx": lambda t: take(hits["coordX"], nearest, np.float32(np.nan)) - t["x"],
        "cluster_size": lambda _: take(hits["clusterSize"], nearest, np.int16(0)),
        "has_hit": lambda t: np.abs(t["dx"]) <= _reach(t["cluster_size"]),
    }
    for name in ("sector", "station", "layer", "subsector", "roll"):
        make[name] = partial(_same, points[name])
    return Table(len(event), make | event_columns(flat))


def _same(column: AnyArray, _: Table) -> AnyArray:
    return column


def _reach(cluster_size: I16) -> F32:
    """Return how far from the extrapolated point a cluster may be, cm."""
    strips = np.float32(STRIPS) + cluster_size.astype(np.float32) / np.float32(2)
    return strips * np.float32(STRIP_CM)


@compiled
def _nearest(
    event: I64, roll: U32, x: F32, hit_offsets: I64, hit_roll: U32, hit_bx: I32, hit_x: F32
) -> I32:
    """Return for each point the nearest hit of its roll at BX 0, of equals the first, or -1."""
    nearest = np.full(len(event), -1, dtype=np.int32)
    for row in range(len(event)):
        distance = np.float32(np.inf)
        for hit in range(hit_offsets[event[row]], hit_offsets[event[row] + 1]):
            if hit_roll[hit] == roll[row] and hit_bx[hit] == 0:
                away = abs(hit_x[hit] - x[row])
                if away < distance:
                    nearest[row], distance = hit, away
    return nearest
