"""The table of mean timers: what three neighbouring layers tell of the drift velocity.

T = (t1 + t3) / 2 + t2 of three layers that a track passes on alternating sides of their wires is
the time to drift through half a cell, 2.1 cm, whatever the track's place and angle: the cells of
neighbouring layers are half a cell apart. It is measured in times without pedestal, which have the
same constant shift in each of the three, so that T is off by twice that shift.
"""

from __future__ import annotations

import numpy as np

from dtperf.selection.columns import Make
from dtperf.selection.details.layer_table import LAYER_COLUMNS
from dtperf.selection.tables import Table
from dtperf.typing import F32, AnyArray

__all__ = ["MEAN_TIMER_COLUMNS", "mean_timer_table"]

HALF_CELL_UM = 21_000.0
NOMINAL_NS, AROUND_NS = np.float32(387), np.float32(40)

MEAN_TIMER_COLUMNS = {
    "mean_timer": "(t1 + t3) / 2 + t2 of three layers, ns",
    "is_of_signal": "it is within 40 ns of 387 ns, what the nominal drift velocity gives",
    "drift_velocity": "half a cell, 21 mm, over that, um/ns; NaN where it is 0",
    **LAYER_COLUMNS,
}
"""One row for three layers in a row with hits on alternating sides; columns of the first layer."""


def mean_timer_table(layers: Table) -> Table:
    """Return the table of mean timers.

    Args:
        layers: From `layer_table`.

    Returns:
        Without rows and columns where the events do not tell sides and times of hits.
    """
    if not {"side", "time"} <= layers.keys():
        return Table(0, {})
    first = np.flatnonzero(_begins_three(layers))

    def mean_timer(_: Table) -> F32:
        time = layers["time"]
        values = (time[first] + time[first + 2]) / np.float32(2) + time[first + 1]
        return np.asarray(values, dtype=np.float32)

    make: Make = {
        "first": lambda _: first,
        "mean_timer": mean_timer,
        "is_of_signal": lambda t: np.abs(t["mean_timer"] - NOMINAL_NS) <= AROUND_NS,
        "drift_velocity": _drift_velocity,
    }
    return Table(len(first), make, parent=layers, link="first")


def _drift_velocity(table: Table) -> AnyArray:
    timer = table["mean_timer"]
    nothing = np.full(table.rows, np.nan, dtype=np.float32)
    return np.divide(np.float32(HALF_CELL_UM), timer, out=nothing, where=timer != 0)


def _begins_three(layers: Table) -> AnyArray:
    """Return which rows begin three layers in a row with hits on alternating sides."""
    row, superlayer, layer = layers["row"], layers["superlayer"], layers["layer"]
    side, has_hit = layers["side"], layers["associated"]
    begins = np.zeros(layers.rows, dtype=np.bool_)
    if layers.rows < 3:
        return begins
    same = (row[2:] == row[:-2]) & (superlayer[2:] == superlayer[:-2])
    in_a_row = same & (layer[2:] == layer[:-2] + 2)
    has_side = has_hit & (side > 0)
    all_hit = has_side[:-2] & has_side[1:-1] & has_side[2:]
    begins[:-2] = in_a_row & all_hit & (side[:-2] == side[2:]) & (side[:-2] != side[1:-1])
    return begins
