"""The columns of crossings that tell what the trigger saw there."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from dtperf.detector import stations
from dtperf.selection.columns import Make
from dtperf.selection.details.best import Seen, Stored
from dtperf.selection.details.branches import PRIMITIVES
from dtperf.selection.details.primitives import (
    BestPrimitives,
    Primitives,
    best_primitives,
    has_primitives,
    read_primitives,
    trigger_codes,
)
from dtperf.selection.flat_collection import events_of
from dtperf.selection.tables import Table
from dtperf.typing import AnyArray

__all__ = [
    "TRIGGER_COLUMNS",
    "TRIGGER_TO_SEGMENT_COLUMNS",
    "stored_primitives",
    "trigger_columns",
]

NO_BX, NO_QUALITY, NO_BIT = -99, -1, -1
N_STATIONS = 4
MIN_OTHERS = 2

TEXTS = {
    "bx": f"bunch crossing of its primitive of the highest quality, whatever it is; or {NO_BX}",
    "quality": f"quality of that primitive, 0 to 6; or {NO_QUALITY}",
    "passing": "has a primitive at BX 0",
    "any_passing": "has a primitive at any BX",
    "bx0_quality": f"quality of the best one at BX 0; or {NO_QUALITY}",
    "x": "local x of that at BX 0, cm; or NaN",
    "angle": "direction of that at BX 0 in the chamber's frame, rad; or NaN",
    "is_preceded": "has a primitive at BX 0, and one before it",
    "other_stations": "other stations of the event with a primitive",
    "has_other_stations": "these are at least 2",
}
RPC_TEXT = f"what that at BX 0 is made of: 0 DT, 1 DT and RPC, 2 RPC; or {NO_BIT}"

TAKEN: Mapping[str, tuple[str, str, float]] = {
    "bx": ("any_bx", "bx", NO_BX),
    "quality": ("any_bx", "quality", NO_QUALITY),
    "bx0_quality": ("in_time", "quality", NO_QUALITY),
    "x": ("in_time", "position", np.nan),
    "angle": ("in_time", "direction", np.nan),
}
"""What is taken of which primitive, and what stands for nothing, by column."""
RPC_BIT = ("in_time", "rpc_bit", NO_BIT)

TRIGGER_COLUMNS = {
    f"{name}_{column}": f"the chamber in {source.collection}: {text}"
    for name, source in PRIMITIVES.items()
    for column, text in (TEXTS | ({"rpc_bit": RPC_TEXT} if source.has_rpc_bit else {})).items()
}
"""Columns that crossings and segments have alike: each has a chamber and an event."""

TO_SEGMENT = {
    "dx": "x of its primitive at BX 0 minus that of the segment between the phi superlayers, cm",
    "dangle": "direction of its primitive at BX 0 minus that of the segment, degrees",
}
TRIGGER_TO_SEGMENT_COLUMNS = {
    f"{name}_{column}": f"the chamber in {source.collection}: {text}; or NaN"
    for name, source in PRIMITIVES.items()
    for column, text in TO_SEGMENT.items()
}
"""Columns of crossings and segments that need more of the segment."""


def stored_primitives(events: Any, anomalies: dict[str, int]) -> dict[str, Stored[Primitives]]:
    """Return those primitives that the events have, by the name that columns begin with.

    Args:
        events: NanoEvents.
        anomalies: What no trigger sends is counted here, by kind, when it is read.
    """
    return {
        name: Stored(partial(read_primitives, events, source), anomalies)
        for name, source in PRIMITIVES.items()
        if has_primitives(events, source)
    }


def trigger_columns(primitives: Mapping[str, Stored[Primitives]]) -> Make:
    """Return how the columns of one table are made.

    Args:
        primitives: From `stored_primitives`.
    """
    make: Make = {}
    for name, stored in primitives.items():
        seen = Seen(stored, _best)
        taken = {**TAKEN, **({"rpc_bit": RPC_BIT} if PRIMITIVES[name].has_rpc_bit else {})}
        make |= {f"{name}_{column}": partial(seen.taken, *how) for column, how in taken.items()}
        make[f"{name}_passing"] = partial(seen.has, "in_time")
        make[f"{name}_any_passing"] = partial(seen.has, "any_bx")
        make[f"{name}_is_preceded"] = partial(_is_preceded, seen)
        make[f"{name}_other_stations"] = partial(_other_stations, stored)
        other_stations = f"{name}_other_stations"
        make[f"{name}_has_other_stations"] = partial(_has_others, other_stations)
        make[f"{name}_dx"] = partial(_minus, f"{name}_x", "segment_mid_x", 1.0)
        make[f"{name}_dangle"] = partial(
            _minus, f"{name}_angle", "segment_angle", float(np.degrees(1))
        )
    return make


def _has_others(other_stations: str, table: Table) -> AnyArray:
    return np.asarray(table[other_stations] >= MIN_OTHERS)


def _minus(of_trigger: str, of_segment: str, unit: float, table: Table) -> AnyArray:
    difference = table[of_trigger] * np.float32(unit) - table[of_segment]
    return np.asarray(difference, dtype=np.float32)


def _best(table: Table, primitives: Primitives) -> BestPrimitives:
    return best_primitives(table["event"], trigger_codes()[table["chamber"]], primitives)


def _is_preceded(seen: Seen[Primitives, BestPrimitives], table: Table) -> AnyArray:
    return seen.best(table).is_preceded


def _other_stations(stored: Stored[Primitives], table: Table) -> AnyArray:
    offsets, code = stored.primitives.offsets, stored.primitives.code
    event = events_of(offsets)[code >= 0]
    has = np.zeros((len(offsets) - 1, N_STATIONS + 1), dtype=np.int8)
    has[event, stations()[code[code >= 0]]] = 1
    of_event, station = has[table["event"]], table["station"]
    own = of_event[np.arange(table.rows), station]
    return np.asarray(of_event.sum(axis=1, dtype=np.int8) - own)
