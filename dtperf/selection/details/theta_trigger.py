"""The columns of crossings and segments that tell what the theta view of the trigger saw there.

A primitive has a bit for each of seven groups of cells, and no quality. Conventions of the
branches: MuDTTPGThetaFlatTableProducer.cc of cms-sw/cmssw.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from dtperf.compiled import compiled
from dtperf.detector import chamber_codes, stations
from dtperf.selection.columns import Make
from dtperf.selection.details.best import Seen, Stored
from dtperf.selection.details.branches import THETA_DTYPES, THETA_PRIMITIVES, ThetaSource
from dtperf.selection.flat_collection import collection, has_columns
from dtperf.selection.tables import Table
from dtperf.typing import I16, I32, I64, U8

__all__ = ["THETA_COLUMNS", "ThetaPrimitives", "stored_theta", "theta_columns"]

NO_BX = -99
SECTORS, LAST_STATION = 12, 3
MOST_GROUPS = 127
"""All seven bits."""

TEXTS = {
    "bx": f"bunch crossing of its primitive with the most groups of cells; or {NO_BX}",
    "passing": "has a primitive at BX 0",
    "any_passing": "has a primitive at any BX",
    "groups": "groups of cells in that at BX 0, 1 to 7; 0 without",
}
THETA_COLUMNS = {
    f"{name}_{column}": f"the chamber in {source.collection}: {text}"
    for name, source in THETA_PRIMITIVES.items()
    for column, text in TEXTS.items()
}
"""Columns that crossings and segments have alike: each has a chamber and an event."""


class ThetaPrimitives(NamedTuple):
    """Primitives of the theta view of all events."""

    offsets: I64
    """Primitives offsets[i] to offsets[i + 1] belong to event i, shape (events + 1,)."""
    code: I16
    """Chamber; -1 if it cannot be used."""
    bx: I16
    groups: U8
    """How many groups of cells fired."""


def _read(events: Any, source: ThetaSource) -> tuple[ThetaPrimitives, dict[str, int]]:
    """Return the primitives of events, and how many of them no trigger sends, by kind."""
    offsets, columns = collection(events, source.collection, THETA_DTYPES)
    sector = columns["sector"] + np.int16(1 - source.first_sector)
    code = chamber_codes(columns["wheel"], sector, columns["station"])
    code[(sector > SECTORS) | (stations()[code] > LAST_STATION)] = -1
    is_empty = (columns["hitMap"] == 0) | (columns["hitMap"] > MOST_GROUPS)
    found = (int(np.count_nonzero(each)) for each in (code < 0, is_empty & (code >= 0)))
    anomalies = dict(zip(source.anomalies, found, strict=True))
    code[is_empty] = -1
    groups = np.bitwise_count(columns["hitMap"])
    return ThetaPrimitives(offsets, code, columns["bx"], groups), anomalies


def stored_theta(events: Any, anomalies: dict[str, int]) -> dict[str, Stored[ThetaPrimitives]]:
    """Return those theta primitives that the events have, by the name that columns begin with.

    Args:
        events: NanoEvents.
        anomalies: What no trigger sends is counted here, by kind, when it is read.
    """
    return {
        name: Stored(partial(_read, events, source), anomalies)
        for name, source in THETA_PRIMITIVES.items()
        if has_columns(events, source.collection, THETA_DTYPES)
    }


def theta_columns(primitives: Mapping[str, Stored[ThetaPrimitives]]) -> Make:
    """Return how the columns of one table are made.

    Args:
        primitives: From `stored_theta`.
    """
    make: Make = {}
    for name, stored in primitives.items():
        seen = Seen(stored, _best)
        make |= {
            f"{name}_bx": partial(seen.taken, "any_bx", "bx", NO_BX),
            f"{name}_groups": partial(seen.taken, "in_time", "groups", 0),
            f"{name}_passing": partial(seen.has, "in_time"),
            f"{name}_any_passing": partial(seen.has, "any_bx"),
        }
    return make


class _Best(NamedTuple):
    """For each row its primitive with the most groups, of equals the first; -1: none."""

    any_bx: I32
    in_time: I32


def _best(table: Table, primitives: ThetaPrimitives) -> _Best:
    return _find(table["event"], table["chamber"], primitives)


@compiled
def _find(event: I64, code: I16, primitives: ThetaPrimitives) -> _Best:
    offsets, groups = primitives.offsets, primitives.groups
    any_bx = np.full(len(event), -1, dtype=np.int32)
    in_time = np.full(len(event), -1, dtype=np.int32)
    for row in range(len(event)):
        if code[row] < 0:
            continue
        for i in range(offsets[event[row]], offsets[event[row] + 1]):
            if primitives.code[i] != code[row]:
                continue
            if any_bx[row] < 0 or groups[i] > groups[any_bx[row]]:
                any_bx[row] = i
            is_now = primitives.bx[i] == 0
            if is_now and (in_time[row] < 0 or groups[i] > groups[in_time[row]]):
                in_time[row] = i
    return _Best(any_bx, in_time)
