"""Counting at places that are known: a gather and an addition for each row.

Counters have 32 bits, half the cache that 64 take; `Sums` empties them before they can overflow.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

__all__ = [
    "Offsets",
    "add_bins",
    "add_places",
    "count_at",
    "count_rows_of",
    "muons_among",
    "on_axis",
    "rows_among",
    "rows_of",
    "sum_rows",
]

SHIFT = 8
"""So many probes, as a power of 2, share the larger part of where their rows are."""
FEW = 4
"""So many rows of a probe are listed at once."""
Counters = npt.NDArray[np.uint32]
Indices = npt.NDArray[np.int32]
Places = npt.NDArray[Any]
"""Where a row is in the flat counters, of as few bytes as can be."""


class Offsets(NamedTuple):
    """Rows of each probe, from that at base[i >> shift] + rest[i] to that of probe i + 1."""

    base: Indices
    """Shape ((probes >> shift) + 1,)."""
    rest: npt.NDArray[np.uint16]
    """Shape (probes + 1,)."""
    shift: int


@numba.njit(nogil=True, inline="always")
def _first(base: Indices, rest: npt.NDArray[np.uint16], shift: int, probe: int) -> Any:
    """Give the first row of a probe."""
    return np.int64(base[np.uint64(probe >> shift)]) + np.int64(rest[np.uint64(probe)])


# unsigned indices: without the check for negative ones, counting is five times as fast


@numba.njit(nogil=True, cache=True)
def muons_among(first: Indices, last: Indices, tag: Indices) -> Indices:
    """List the muons from first to last of each tag, but the tag itself.

    Args:
        first: First muon looked at, shape (tags,).
        last: The last one, same shape.
        tag: The tag, same shape.
    """
    n = 0
    for i in range(len(first)):
        n += last[i] - first[i] + 1
    muons = np.empty(n + FEW, dtype=np.int32)
    n = 0
    for i in range(len(first)):
        for muon in range(first[i], last[i] + 1):
            muons[np.uint64(n)] = muon
            n += muon != tag[i]
    return muons[:n]


@numba.njit(nogil=True, cache=True)
def count_at(counters: Counters, chosen: Indices, places: Places) -> None:
    """Count entries, or rows of probes.

    Args:
        counters: Flat contents.
        chosen: Those that count.
        places: Of each.
    """
    for one in chosen:
        counters[np.uint64(places[np.uint64(one)])] += np.uint32(1)


@numba.njit(nogil=True, cache=True)
def rows_among(probes: Indices, offsets: Offsets) -> Indices:
    """List the rows of probes: shared by measurements, each of which then has one short loop.

    Args:
        probes: Those that were selected, each as often as it was.
        offsets: Of the rows of each probe.
    """
    base, rest, shift = offsets.base, offsets.rest, offsets.shift
    n = 0
    for probe in probes:
        n += _first(base, rest, shift, probe + 1) - _first(base, rest, shift, probe)
    rows = np.empty(n + FEW, dtype=np.int32)
    n = 0
    for probe in probes:
        first = _first(base, rest, shift, probe)
        count = _first(base, rest, shift, probe + 1) - first
        # without a loop whose end would have to be guessed; what is too much is written over
        for i in range(FEW):
            rows[np.uint64(n + i)] = first + i
        for i in range(FEW, count):
            rows[np.uint64(n + i)] = first + i
        n += count
    return rows[:n]


@numba.njit(nogil=True, cache=True)
def count_rows_of(
    counters: Counters,
    probes: Indices,
    offsets: Offsets,
    places: Places,
    entries: Indices,
    shifts: Places,
) -> None:
    """Count the rows of probes where the pair has a part in the place.

    Args:
        counters: Flat contents.
        probes: As in `rows_among`, as the two that follow.
        offsets: Of the rows of each probe.
        places: Of each row, without what the pair adds.
        entries: Entry of each selected pair.
        shifts: What each entry adds.
    """
    base, rest, shift = offsets.base, offsets.rest, offsets.shift
    for i in range(len(probes)):
        probe, more = probes[i], np.uint64(shifts[np.uint64(entries[i])])
        for row in range(_first(base, rest, shift, probe), _first(base, rest, shift, probe + 1)):
            counters[np.uint64(places[np.uint64(row)]) + more] += np.uint32(1)


@numba.njit(nogil=True, cache=True)
def sum_rows(
    sums: npt.NDArray[np.int64],
    probes: Indices,
    offsets: Offsets,
    places: Places,
    values: npt.NDArray[Any],
    units: tuple[float, float],
) -> None:
    """Add up a value of the rows of probes.

    Args:
        sums: Entries, sums and sums of squares, shape (bins, 3).
        probes: As in `rows_among`, as the two that follow.
        offsets: Of the rows of each probe.
        places: Of each row.
        values: Of each row.
        units: What a sum of 1 stands for, and a sum of squares.
    """
    base, rest, shift = offsets.base, offsets.rest, offsets.shift
    for probe in probes:
        for row in range(_first(base, rest, shift, probe), _first(base, rest, shift, probe + 1)):
            y, place = np.float64(values[row]), np.int64(places[row])
            sums[place, 0] += 1
            sums[place, 1] += np.int64(np.rint(y / units[0]))
            sums[place, 2] += np.int64(np.rint(y * y / units[1]))


@numba.njit(nogil=True, cache=True)
def add_places(
    places: npt.NDArray[np.uint32], rows: npt.NDArray[np.intp], bins: Places, stride: int
) -> None:
    """Move rows along one axis.

    Args:
        places: Where each of the rows is so far, shape (n,).
        rows: Their numbers, shape (n,).
        bins: Bin numbers on the axis, of all rows.
        stride: Distance of neighbouring bins of the axis.
    """
    for i in range(len(rows)):
        places[i] += np.uint32(bins[np.uint64(rows[i])]) * np.uint32(stride)


@numba.njit(nogil=True, cache=True)
def add_bins(places: npt.NDArray[np.uint32], bins: Places, stride: int) -> None:
    """Move all rows along one axis; arguments as in `add_places`."""
    for i in range(len(places)):
        places[i] += np.uint32(bins[i]) * np.uint32(stride)


def rows_of(pairs: npt.NDArray[Any], probes: npt.NDArray[Any]) -> Offsets:
    """Say which rows belong to which probe.

    Args:
        pairs: Index into the possible probes of each row, not decreasing, shape (rows,).
        probes: Which of all probes each of those is, increasing, and the number of all at last.
    """
    whole = _whole_offsets(pairs, probes)
    for shift in range(SHIFT, -1, -1):
        base = whole[:: 1 << shift].copy()
        rest = whole - np.repeat(base, 1 << shift)[: len(whole)]
        if rest.max() <= np.iinfo(np.uint16).max:
            break
    return Offsets(base, rest.astype(np.uint16), shift)


@numba.njit(nogil=True, cache=True)
def _whole_offsets(pairs: npt.NDArray[Any], probes: npt.NDArray[Any]) -> Indices:
    offsets = np.zeros(probes[-1] + 1, dtype=np.int32)
    for pair in pairs:
        offsets[np.uint64(probes[np.uint64(pair)] + 1)] += 1
    for probe in range(1, len(offsets)):
        offsets[probe] += offsets[probe - 1]
    return offsets


@numba.njit(nogil=True, cache=True)
def on_axis(rows: npt.NDArray[np.intp], bins: Places) -> npt.NDArray[np.intp]:
    """Leave out rows whose bin is -1.

    Args:
        rows: Numbers of rows, shape (n,).
        bins: Of all rows.
    """
    kept = np.empty_like(rows)
    n = 0
    for row in rows:
        kept[n] = row
        n += bins[np.uint64(row)] >= 0
    return kept[:n]
