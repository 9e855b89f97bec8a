"""Count the rows of a table in all its histograms at once, two thousand rows after the other.

A histogram needs to know which rows enter, and in which of its bins each is; and many histograms
share parts of both. Rows that enter are a set: those of another set for which one flag more holds.
The bins of a histogram are numbered through, and where a row is among them is its place: the place
by the axes before, and the bin on one axis more times the distance of its bins. So each set and
each place is found once for some rows, while these are in the nearest caches, and all histograms
that have it add to their counts; Python is asked once a table, not several times a histogram.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dtperf.compiled import called, compiled
from dtperf.kernel_arrays import empty
from dtperf.typing import I16, I32, I64, U16, Bools

__all__ = ["LISTED", "NOTHING", "NO_FLAG", "OWN", "PARENTS", "count_rows"]

TOGETHER = 2048
"""Rows that are counted in one histogram after the other."""
NOTHING = 0
"""Among places: that to which no axis has added anything. Among sets: that of all rows."""
NO_FLAG = -1
"""In the place of the number of a flag."""
OWN, PARENTS, LISTED = range(3)
"""Of an axis: by a column of the table, of its parent, or of a list that is looked up."""

Bins = I16 | I32
"""Of 32 bits where there are more categories than 16 bits number."""

# These are called by `count_rows`, not inlined: there, the compiler does not know that arrays that
# are read and written are different ones, and takes row by row instead of many at once.


@called
def _choose(rows: U16, holds: Bools, kept: U16) -> Any:
    """Put the rows for which a flag holds into `kept`, and return how many they are."""
    n = np.uint64(0)
    for k in range(len(rows)):
        kept[n] = rows[k]
        n += np.uint64(holds[np.uint64(rows[k])])
    return n


@called
def _inherit(bins: Bins, link: I32, inherited: Bins) -> None:
    """Take the bins of the parents of rows."""
    for i in range(len(link)):
        inherited[i] = bins[np.uint64(link[i])]


@called
def _look_up(bins: Bins, numbers: I16, found: Bins) -> None:
    """Take the bins of listed values by their numbers from -1."""
    for i in range(len(numbers)):
        found[i] = bins[np.uint64(numbers[i] + 1)]


@called
def _add_step(before: I32, bins: Bins, stride: np.int32, places: I32) -> None:
    """Add the bins on one axis to the places of rows; a bin of -1 is nowhere."""
    for i in range(len(bins)):
        there = before[i] + np.int32(bins[i]) * stride
        places[i] = there if (before[i] > 0) & (bins[i] >= 0) else np.int32(0)


@called
def _add_last_step(
    before: I32, bins: Bins, stride: np.int32, holds: Bools, of_flag: np.int32, places: I32
) -> None:
    """Do the same with a flag, which is bin 0 or 1 on one axis more."""
    for i in range(len(bins)):
        there = before[i] + np.int32(bins[i]) * stride + np.int32(holds[i]) * of_flag
        places[i] = there if (before[i] > 0) & (bins[i] >= 0) else np.int32(0)


@called
def _add_rows(rows: U16, places: I32, counts: I32) -> None:
    """Count rows where they are."""
    for k in range(len(rows)):
        counts[np.uint64(places[np.uint64(rows[k])])] += 1


@called
def _add_rows_to_two(rows: U16, places: I32, counts: I32, others: I32, to_others: I32) -> None:
    """Count rows in two histograms: where neighbours are in one bin, each waits for the other."""
    for k in range(len(rows)):
        row = np.uint64(rows[k])
        counts[np.uint64(places[row])] += 1
        to_others[np.uint64(others[row])] += 1


@called
def _note_rows(rows: U16, places: I32, noted: I32) -> None:
    """Note where rows are, from 0, and -1 of all others."""
    noted[:] = -1
    for k in range(len(rows)):
        noted[np.uint64(rows[k])] = places[np.uint64(rows[k])] - np.int32(1)


@compiled
def count_rows(
    counts: I32,
    noted: I32,
    bins: Bins,
    bins_of_parent: Bins,
    link: I32,
    bins_of_list: Bins,
    numbers: I16,
    flags: Bools,
    steps: I64,
    sets: I64,
    counted: I64,
    to_note: I64,
) -> None:
    """Count the rows of a table in histograms, and note where they are in others.

    The place of a row is a number from 1; 0 is nowhere, and counted like all others, as to ask
    each row whether it is somewhere takes longer.

    Args:
        counts: Contents of all histograms, with flow bins, one behind the other, to which is
            added; of each the first one is the number of rows that are nowhere.
        noted: To be filled with places from 0, shape (…, rows); -1 where a row is nowhere or not
            in the set.
        bins: Bin of each row on each axis by columns of the table, shape (axes, rows); -1: none;
            of the same type as the next two.
        bins_of_parent: The same of the parent's rows by its own columns.
        link: Row of the parent of each row, shape (rows,); of shape (0,) where there is no parent.
        bins_of_list: The same of a short list of values, the first of which is for no number.
        numbers: Which of the list each row has, from 0, -1: none, shape (rows,) or (0,).
        flags: Whether each holds for each row, shape (flags, rows).
        steps: For each place the place before, whose axis it adds (`OWN`, `PARENTS`, `LISTED`),
            which one it is, the distance of its bins, the flag that is one axis more or `NO_FLAG`,
            and the distance of its bins, shape (places, 6); the first place is `NOTHING`.
        sets: For each set of rows the set whose rows it takes, and the flag that holds for those
            that it keeps, shape (sets, 2); the first set is `NOTHING`, which has all rows.
        counted: Of each histogram the set of rows that enter, their place, and its first content,
            shape (histograms, 3); two neighbours of one set are the fastest.
        to_note: For each row of `noted` the set and the place, shape (…, 2).
    """
    rows = bins.shape[1]
    inherited = empty((len(bins_of_parent), TOGETHER), bins.dtype)
    listed = empty((len(bins_of_list), TOGETHER), bins.dtype)
    places = empty((len(steps), TOGETHER), np.int32)
    members = empty((len(sets), TOGETHER), np.uint16)
    sizes = empty(len(sets), np.int64)
    for i in range(TOGETHER):
        places[NOTHING][i], members[NOTHING][i] = 1, i
    for begin in range(0, rows, TOGETHER):
        end = min(begin + TOGETHER, rows)
        sizes[NOTHING] = end - begin
        for one in range(1, len(sets)):
            among, flag = sets[one]
            some, holds = members[among][: sizes[among]], flags[flag][begin:end]
            sizes[one] = _choose(some, holds, members[one])
        for axis in range(len(bins_of_parent)):
            _inherit(bins_of_parent[axis], link[begin:end], inherited[axis])
        for axis in range(len(bins_of_list)):
            _look_up(bins_of_list[axis], numbers[begin:end], listed[axis])
        for place in range(1, len(steps)):
            before, whose, axis, stride, flag, of_flag = steps[place]
            if whose == OWN:
                its = bins[axis][begin:end]
            else:
                its = (inherited if whose == PARENTS else listed)[axis][: end - begin]
            at, to = places[before], places[place]
            if flag == NO_FLAG:
                _add_step(at, its, np.int32(stride), to)
            else:
                holds = flags[flag][begin:end]
                _add_last_step(at, its, np.int32(stride), holds, np.int32(of_flag), to)
        for one in range(len(to_note)):
            which, place = to_note[one]
            _note_rows(members[which][: sizes[which]], places[place], noted[one][begin:end])
        one = 0
        while one < len(counted):
            which, place, first = counted[one]
            some = members[which][: sizes[which]]
            if one + 1 < len(counted) and counted[one + 1, 0] == which:
                _, other, its_first = counted[one + 1]
                its = counts[its_first:]
                _add_rows_to_two(some, places[place], counts[first:], places[other], its)
                one += 2
            else:
                _add_rows(some, places[place], counts[first:])
                one += 1
