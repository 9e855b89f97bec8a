"""The columns of crossings and segments that tell what the theta view of the trigger saw there.

A primitive has a bit for each of seven groups of cells, and no quality. Conventions of the
branches: MuDTTPGThetaFlatTableProducer.cc of cms-sw/cmssw.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from dtperf.compiled import compiled
from dtperf.detector import chamber_codes, stations
from dtperf.selection.columns import Make
from dtperf.selection.details.branches import THETA_DTYPES, THETA_PRIMITIVES, ThetaSource
from dtperf.selection.flat_collection import collection, has_columns
from dtperf.selection.ragged import take
from dtperf.selection.tables import Table
from dtperf.typing import I16, I32, I64, U8, AnyArray

__all__ = ["THETA_COLUMNS", "StoredTheta", "stored_theta", "theta_columns"]

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


class _Primitives(NamedTuple):
    """Primitives of the theta view of all events."""

    offsets: I64
    """Primitives offsets[i] to offsets[i + 1] belong to event i, shape (events + 1,)."""
    code: I16
    """Chamber; -1 if it cannot be used."""
    bx: I16
    groups: U8
    """How many groups of cells fired."""


class StoredTheta:
    """Theta primitives of events that are read when they are first used, once for all tables."""

    def __init__(self, events: Any, source: ThetaSource, anomalies: dict[str, int]) -> None:
        """Note where they are, and where to count what no trigger sends."""
        self._events, self._source, self._anomalies = events, source, anomalies

    @cached_property
    def primitives(self) -> _Primitives:
        """Those of all events."""
        offsets, columns = collection(self._events, self._source.collection, THETA_DTYPES)
        sector = columns["sector"] + np.int16(1 - self._source.first_sector)
        code = chamber_codes(columns["wheel"], sector, columns["station"])
        code[(sector > SECTORS) | (stations()[code] > LAST_STATION)] = -1
        is_empty = (columns["hitMap"] == 0) | (columns["hitMap"] > MOST_GROUPS)
        in_no_chamber, of_no_groups = self._source.anomalies
        self._anomalies[in_no_chamber] = int(np.count_nonzero(code < 0))
        self._anomalies[of_no_groups] = int(np.count_nonzero(is_empty & (code >= 0)))
        code[is_empty] = -1
        return _Primitives(offsets, code, columns["bx"], np.bitwise_count(columns["hitMap"]))


def stored_theta(events: Any, anomalies: dict[str, int]) -> dict[str, StoredTheta]:
    """Return those theta primitives that the events have, by the name that columns begin with.

    Args:
        events: NanoEvents.
        anomalies: What no trigger sends is counted here, by kind, when it is read.
    """
    return {
        name: StoredTheta(events, source, anomalies)
        for name, source in THETA_PRIMITIVES.items()
        if has_columns(events, source.collection, THETA_DTYPES)
    }


def theta_columns(primitives: Mapping[str, StoredTheta]) -> Make:
    """Return how the columns of one table are made.

    Args:
        primitives: From `stored_theta`.
    """
    make: Make = {}
    for name, stored in primitives.items():
        seen = _Seen(stored)
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


class _Seen:
    """What one kind of primitives tells of the rows of one table."""

    def __init__(self, stored: StoredTheta) -> None:
        self._stored = stored
        self._best: _Best | None = None

    def _of(self, table: Table) -> _Best:
        if self._best is None:
            self._best = _best(table["event"], table["chamber"], self._stored.primitives)
        return self._best

    def has(self, which: str, table: Table) -> AnyArray:
        return np.asarray(getattr(self._of(table), which) >= 0)

    def taken(self, which: str, field: str, nothing: int, table: Table) -> AnyArray:
        source = getattr(self._stored.primitives, field)
        return take(source, getattr(self._of(table), which), source.dtype.type(nothing))


@compiled
def _best(event: I64, code: I16, primitives: _Primitives) -> _Best:
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
