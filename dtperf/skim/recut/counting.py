"""Count in bins that are known: a gather and an addition for each row.

Counters have 32 bits, half the cache that 64 take; `CounterSums` empties them before they overflow.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.compiled import compiled
from dtperf.measurements.moments import HALF, HIGH_BITS, LARGEST_IN_MEAN
from dtperf.typing import I32, I64, U32, AnyArray

__all__ = [
    "CountedRows",
    "ProbeRows",
    "SelectedRows",
    "add_bins",
    "count_at",
    "count_rows",
    "count_rows_of",
    "muons_among",
    "offsets_of",
    "rows_entering",
    "rows_of",
    "sum_rows",
]


class ProbeRows(NamedTuple):
    """The rows of each probe, and their flags."""

    offsets: I32
    """Rows offsets[i] to offsets[i + 1] belong to probe i, shape (probes + 1,)."""
    flags: U32
    """Bits of each row, numbered as in `dtperf.skim.recut.row_bits`, shape (rows,)."""


class SelectedRows(NamedTuple):
    """The rows of selected probes."""

    rows: I32
    """Their numbers, shape (n,)."""
    flags: U32
    """The bits of each, same shape."""


class CountedRows(NamedTuple):
    """Which rows a measurement counts."""

    need: np.uint32
    """Bits that a row must have."""
    passed: np.uint32
    """The bit of a row that has passed; 0: none has."""


# unsigned indices: without the check for negative ones, counting is five times as fast


@compiled
def muons_among(first: I32, last: I32, tag: I32) -> I32:
    """Return the muons from first to last of each tag, without the tag itself."""
    n = 0
    for i in range(len(first)):
        n += last[i] - first[i] + 1
    muons = np.empty(n + 1, dtype=np.int32)
    n = 0
    for i in range(len(first)):
        for muon in range(first[i], last[i] + 1):
            muons[np.uint64(n)] = muon
            n += muon != tag[i]
    return muons[:n]


@compiled
def count_at(counters: U32, chosen: I32, bin_indices: AnyArray) -> None:
    """Count the `chosen` muons or entries in flat counters, each in its bin."""
    for one in chosen:
        counters[np.uint64(bin_indices[np.uint64(one)])] += np.uint32(1)


@compiled
def rows_of(probes: I32, rows: ProbeRows) -> SelectedRows:
    """Return all rows of probes; a probe counts as often as it was selected."""
    offsets, flags = rows.offsets, rows.flags
    n = 0
    for probe in probes:
        n += offsets[np.uint64(probe + 1)] - offsets[np.uint64(probe)]
    row_of, flags_of = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.uint32)
    n = 0
    for probe in probes:
        for row in range(offsets[np.uint64(probe)], offsets[np.uint64(probe + 1)]):
            row_of[np.uint64(n)], flags_of[np.uint64(n)] = row, flags[np.uint64(row)]
            n += 1
    return SelectedRows(row_of, flags_of)


@compiled
def rows_entering(among: SelectedRows, entering: CountedRows) -> I32:
    """Return the rows that enter, for all measurements with the same conditions.

    Each is twice the number of the row, and 1 more if it has passed.
    """
    rows, flags, need, passed = among.rows, among.flags, entering.need, entering.passed
    listed = np.empty(len(rows) + 1, dtype=np.int32)
    n = 0
    for i in range(len(rows)):
        # without a branch that would have to be guessed; what does not enter is written over
        listed[np.uint64(n)] = 2 * rows[i] + (flags[i] & passed != 0)
        n += flags[i] & need == need
    return listed[:n]


@compiled
def count_rows(counters: U32, entering: I32, bin_indices: AnyArray) -> None:
    """Count rows, from `rows_entering`, in flat counters.

    `bin_indices` are those of rows that have not passed; a row that has is in the next bin.
    """
    for one in entering:
        counters[np.uint64(bin_indices[np.uint64(one >> 1)]) + np.uint64(one & 1)] += np.uint32(1)


@compiled
def count_rows_of(
    counters: U32,
    probes: I32,
    rows: ProbeRows,
    entering: CountedRows,
    bin_indices: AnyArray,
    entries: I32,
    pair_shifts: AnyArray,
) -> None:
    """Count the rows of selected probes where the bin depends on the pair, too.

    The bin is that of `count_rows` plus the shift of the entry of each selected pair.
    """
    offsets, flags = rows.offsets, rows.flags
    need, passed = entering.need, entering.passed
    for i in range(len(probes)):
        probe, shift = probes[i], np.uint64(pair_shifts[np.uint64(entries[i])])
        for row in range(offsets[np.uint64(probe)], offsets[np.uint64(probe + 1)]):
            flag = flags[np.uint64(row)]
            first = np.uint64(bin_indices[np.uint64(row)]) + shift
            counters[first + np.uint64(flag & passed != 0)] += np.uint32(flag & need == need)


@compiled
def sum_rows(
    sums: I64,
    entering: I32,
    bin_indices: AnyArray,
    values: AnyArray,
    units: tuple[float, float],
) -> None:
    """Add a value of rows, from `rows_entering`, to the moments of a profile, shape (bins, 6).

    A sum of 1 stands for `units[0]`, a sum of squares of 1 for `units[1]`. As in a run, NaN and
    what would not fit into a sum is left out; the last column counts all rows.
    """
    for one in entering:
        row = np.uint64(one >> 1)
        y, bin_index = np.float64(values[row]), np.uint64(bin_indices[row])
        sums[bin_index, 5] += 1
        if not abs(y) < LARGEST_IN_MEAN:
            continue
        sums[bin_index, 0] += 1
        value, square = np.int64(np.rint(y / units[0])), np.int64(np.rint(y * y / units[1]))
        sums[bin_index, 1] += value
        sums[bin_index, 2] += square
        sums[bin_index, 3] += (value + HALF) >> HIGH_BITS
        sums[bin_index, 4] += (square + HALF) >> HIGH_BITS


@compiled
def add_bins(bin_indices: U32, bins: AnyArray, stride: int) -> None:
    """Add the bins on one more axis to the bin indices of rows, in place.

    Rows with bin -1 do not enter, and count as in bin 0; `stride` is the distance of
    neighbouring bins.
    """
    for i in range(len(bin_indices)):
        bin_indices[i] += np.uint32(max(bins[i], 0)) * np.uint32(stride)


@compiled
def offsets_of(pairs: AnyArray, probes: AnyArray) -> I32:
    """Return the first row of each probe, shape (probes + 1,).

    Args:
        pairs: Index into the possible probes of each row, not decreasing, shape (rows,).
        probes: Which of all probes each of those is, increasing, and the number of all at last.
    """
    offsets = np.zeros(probes[-1] + 1, dtype=np.int32)
    for pair in pairs:
        offsets[np.uint64(probes[np.uint64(pair)] + 1)] += 1
    for probe in range(1, len(offsets)):
        offsets[probe] += offsets[probe - 1]
    return offsets
