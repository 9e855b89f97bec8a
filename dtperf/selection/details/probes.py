"""The columns that tell more of probes, and of what several stations saw of one."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from dtperf.compiled import compiled
from dtperf.selection.columns import Make
from dtperf.selection.details.branches import MUON_ID_DTYPES
from dtperf.selection.details.standalone import has_standalone, is_in_standalone, read_standalone
from dtperf.selection.flat_collection import collection, has_columns
from dtperf.selection.flatten import FlatEvents
from dtperf.selection.ragged import take
from dtperf.selection.tables import Table
from dtperf.typing import F32, AnyArray

__all__ = ["PROBE_COLUMNS", "STATION_COLUMNS", "probe_columns", "station_columns"]

NO_T0 = np.float32(-999)
N_STATIONS = 4

STORED = {
    "is_standalone": ("isStandalone", "the muon chambers alone make a track of it"),
    "is_global": ("isGlobal", "that track and the inner one are fitted together"),
    "standalone_segments": ("staMu_nMatchSeg", "segments of its standalone track"),
}
PROBE_COLUMNS = {f"probe_{name}": f"probe: {text}" for name, (_, text) in STORED.items()}
"""Columns of pairs; crossings have them, too."""
STATION_COLUMNS = {
    "segment_has_theta": "that segment has a theta view",
    "is_in_standalone": "the probe has that segment in its standalone track",
    "t0_difference": "t0 of that segment minus that of the probe's in the next station inwards, "
    "ns; or NaN. Of several chambers there, the first that has one",
}
"""Columns of crossings."""


def probe_columns(events: Any) -> Make:
    """Return how the columns of pairs are made.

    Args:
        events: NanoEvents, of which columns are taken when they are first used.
    """

    def taken(branch: str, table: Table) -> AnyArray:
        values = collection(events, "muon", {branch: MUON_ID_DTYPES[branch]}).columns[branch]
        return take(values, table["probe"], values.dtype.type(0))

    return {
        f"probe_{name}": partial(taken, branch)
        for name, (branch, _) in STORED.items()
        if has_columns(events, "muon", {branch: MUON_ID_DTYPES[branch]})
    }


def station_columns(events: Any, flat: FlatEvents) -> Make:
    """Return how the columns of crossings are made.

    Args:
        events: NanoEvents, of which columns are taken when they are first used.
        flat: The same events.
    """
    segments = flat.segments

    def in_standalone(table: Table) -> AnyArray:
        rows = (table["event"], table["probe"], table["segment"])
        return is_in_standalone(read_standalone(events), *rows, segments.offsets)

    make: Make = {
        "segment_has_theta": lambda t: take(segments.seg4D_hasZed, t["segment"], np.False_),
        "t0_difference": lambda t: _minus_inner(t["pair"], t["station"], t["t0"]),
    }
    if has_standalone(events):
        make["is_in_standalone"] = in_standalone
    return make


@compiled
def _minus_inner(pair: AnyArray, station: AnyArray, t0: F32) -> F32:
    """Return each t0 minus the first one of the same pair in the next station inwards, or NaN.

    Rows of a pair lie one behind the other, its stations from the inside out.
    """
    nothing = np.float32(np.nan)
    difference = np.full(len(t0), nothing, dtype=np.float32)
    first = np.full(N_STATIONS + 1, nothing, dtype=np.float32)
    for row in range(len(t0)):
        if row == 0 or pair[row] != pair[row - 1]:
            first[:] = nothing
        if np.isnan(t0[row]) or t0[row] == NO_T0:
            continue
        difference[row] = t0[row] - first[station[row] - 1]
        if np.isnan(first[station[row]]):
            first[station[row]] = t0[row]
    return difference
