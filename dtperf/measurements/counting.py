"""Count the rows of a table in all its histograms at once, a few rows after the other.

What is made of a row on the way, such as where it is on some axes, so stays in the nearest caches,
and Python is asked once for a table, not several times for each histogram.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dtperf.compiled import compiled, inlined
from dtperf.typing import I16, I32, I64, AnyArray, Bools

__all__ = ["COUNTED", "NEVER", "NOTHING", "add_moments", "add_places", "count_rows"]

TOGETHER = 1024
"""Rows that are counted in one histogram after the other."""
NOTHING = 0
"""The place that no axis adds anything to, among places; and the set of all rows."""
NEVER = 0
"""The flag that holds for no row."""
COUNTED = 7
"""Of a histogram: 0: the set of rows that enter; 1, 2: their places by the columns of the table,
and by those of its parent; 3: the flag that puts a row into the second bin of the last axis; 4: the
distance of the bins of that axis; 5: its first bin among all counts; 6: where to note places
instead of counting them, -1: nowhere."""


@inlined
def _add_step(bins: Any, before: Any, stride: Any, places: Any) -> None:
    """Add the bins on one axis to the places of rows; -1 is no bin, and nowhere."""
    for i in range(len(bins)):
        there = before[i] + np.int32(bins[i]) * stride
        places[i] = there if (before[i] >= 0) & (bins[i] >= 0) else np.int32(-1)


@compiled
def add_places(bins: I16, steps: I64) -> I32:
    """Return where rows are on some axes.

    Args:
        bins: Bin of each row on each axis, shape (axes, rows); -1: none.
        steps: For each place the place before, the axis, and the distance of its bins, shape
            (places, 3); the first place is `NOTHING`.

    Returns:
        Shape (places, rows); -1: nowhere.
    """
    places = np.zeros((len(steps), bins.shape[1]), dtype=np.int32)
    for place in range(1, len(steps)):
        before, axis, stride = steps[place]
        _add_step(bins[axis], places[before], np.int32(stride), places[place])
    return places


@compiled
def count_rows(
    counts: I32,
    bins: I16,
    steps: I64,
    flags: Bools,
    sets: I64,
    link: I32,
    of_parent: I32,
    counted: I64,
    noted: I32,
) -> None:
    """Count the rows of a table, in place.

    Args:
        counts: Contents of all histograms, with flow bins, one behind the other.
        bins: As of `add_places`.
        steps: As of `add_places`.
        flags: Whether each holds for each row, shape (flags, rows); the first is `NEVER`.
        sets: For each set of rows the set whose rows it takes, and the flag that holds for those
            that it keeps, shape (sets, 2); the first set is `NOTHING`, which has all rows.
        link: Row of the parent of each row, shape (rows,); of shape (0,) where there is no parent.
        of_parent: Where the parent's rows are, as `add_places` returns it.
        counted: What each histogram counts, shape (histograms, COUNTED).
        noted: Where places are noted, shape (…, rows), -1 where they are not to be counted.
    """
    rows = bins.shape[1]
    own = np.zeros((len(steps), TOGETHER), dtype=np.int32)
    members = np.empty((len(sets), TOGETHER), dtype=np.uint32)
    sizes = np.zeros(len(sets), dtype=np.int64)
    for i in range(TOGETHER):
        members[NOTHING][i] = i
    for begin in range(0, rows, TOGETHER):
        end = min(begin + TOGETHER, rows)
        sizes[NOTHING] = end - begin
        for one in range(1, len(sets)):
            sizes[one] = _choose(
                members[sets[one, 0]][: sizes[sets[one, 0]]],
                flags[sets[one, 1]][begin:end],
                members[one],
            )
        for place in range(1, len(steps)):
            before, axis, stride = steps[place]
            _add_step(bins[axis][begin:end], own[before], np.int32(stride), own[place])
        for one in range(len(counted)):
            which, mine, theirs, flag, stride, first, note = counted[one]
            some, at = members[which][: sizes[which]], own[mine]
            passed, its = flags[flag][begin:end], counts[first:]
            if note >= 0:
                _note(some, at, link[begin:end], of_parent[theirs], noted[note][begin:end])
            elif theirs == NOTHING:
                for k in range(len(some)):
                    row = np.uint64(some[k])
                    if at[row] >= 0:
                        its[np.uint64(at[row] + np.int64(passed[row]) * stride)] += 1
            else:
                of, parents = of_parent[theirs], link[begin:end]
                for k in range(len(some)):
                    row = np.uint64(some[k])
                    more = of[np.uint64(parents[row])]
                    if (at[row] | more) >= 0:
                        its[np.uint64(at[row] + more + np.int64(passed[row]) * stride)] += 1


@inlined
def _choose(rows: Any, holds: Any, kept: Any) -> Any:
    """Put the rows for which a flag holds into `kept`, and return how many they are."""
    n = np.uint64(0)
    for k in range(len(rows)):
        kept[n] = rows[k]
        n += np.uint64(holds[np.uint64(rows[k])])
    return n


@inlined
def _note(rows: Any, at: Any, link: Any, of_parent: Any, noted: Any) -> None:
    """Note where rows are by their own columns and by those of their parents."""
    for k in range(len(rows)):
        i = np.uint64(rows[k])
        more = of_parent[np.uint64(link[i])] if len(link) else np.int32(0)
        noted[i] = at[i] + more if (at[i] | more) >= 0 else np.int32(-1)


@compiled
def add_moments(
    entries: I64,
    sums: I64,
    squares: I64,
    places: I32,
    values: AnyArray,
    unit: float,
    unit_of_squares: float,
    below: float,
) -> None:
    """Add the powers of a value of each row to flat histograms, in place.

    Args:
        entries: Flat contents with flow bins: how many values.
        sums: Of the values.
        squares: Of their squares.
        places: Where each row is in them, shape (rows,); -1: nowhere.
        values: Of all rows.
        unit: What a sum of 1 stands for; values are rounded to its multiples, half to even.
        unit_of_squares: The same of squares.
        below: Values that are not smaller than this, or are NaN, are left out.
    """
    for row in range(len(places)):
        at, y = places[row], np.float64(values[row])
        if at < 0 or not abs(y) < below:
            continue
        entries[np.uint64(at)] += 1
        sums[np.uint64(at)] += np.int64(np.rint(y / unit))
        squares[np.uint64(at)] += np.int64(np.rint(y * y / unit_of_squares))
