"""Handle ranges of matches and rows by index, and count content that no detector writes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dtperf.compiled import compiled
from dtperf.kernel_arrays import empty
from dtperf.typing import F32, I16, I64, U32, AnyArray

__all__ = ["Ranges", "count_bad_ranges", "mask_not_finite", "numbers", "probe_ranges", "take"]


class Ranges(NamedTuple):
    """The range of each muon's matches among those of its event."""

    offsets: I64
    """Matches offsets[i] to offsets[i + 1] belong to event i, shape (events + 1,)."""
    begin: U32
    """First match of each muon, counted within its event, shape (muons,)."""
    end: U32
    """One past its last match, shape (muons,)."""


@compiled
def probe_ranges(ranges: Ranges, event: I64, probe: I64) -> tuple[I64, I64]:
    """Return the range of each probe's matches among those of all events.

    Args:
        ranges: The ranges of all muons.
        event: Event of each pair, shape (pairs,).
        probe: Its probe, index into the muons, shape (pairs,).

    Returns:
        Its first match and one past its last, each of shape (pairs,); both -1 where the range
        points outside the event.
    """
    offsets, begins, ends = ranges.offsets, ranges.begin, ranges.end
    first = empty(len(probe), np.int64)
    last = empty(len(probe), np.int64)
    for pair in range(len(probe)):
        muon, at = np.uint64(probe[pair]), np.uint64(event[pair])
        begin, end = np.int64(begins[muon]), np.int64(ends[muon])
        start, stop = offsets[at], offsets[at + np.uint64(1)]
        is_inside = (begin <= end) & (end <= stop - start)
        first[pair] = start + begin if is_inside else -1
        last[pair] = start + end if is_inside else -1
    return first, last


def numbers(begins: AnyArray, ends: AnyArray) -> AnyArray:
    """Return the numbers in all ranges, one range behind the other.

    Args:
        begins: First number of each range, shape (ranges,).
        ends: One past its last, same shape.
    """
    counts = ends - begins
    starts = np.repeat(begins - np.cumsum(counts) + counts, counts)
    return np.asarray(starts + np.arange(len(starts)))


def take(source: AnyArray, index: AnyArray, nowhere: Any = None) -> AnyArray:
    """Return the rows that an index selects.

    Args:
        source: Values, shape (n,).
        index: Integers from -1 to n - 1, shape (rows,).
        nowhere: Stands for an index of -1, of the source's dtype; None: no index is -1.

    Returns:
        Values of the source's dtype, shape (rows,).
    """
    taken = np.empty(len(index), dtype=source.dtype)
    # whatever they stand for, those of one width are moved in the same way, and compiled once
    bits = np.dtype(f"u{source.itemsize}")
    if nowhere is None:
        _take(source.view(bits), index, taken.view(bits))
    elif len(source) == 0:
        taken[:] = nowhere
    else:
        its_bits = np.asarray(nowhere, dtype=source.dtype).view(bits)[()]
        _take_or(source.view(bits), index, its_bits, taken.view(bits))
    return taken


@compiled
def _take(source: AnyArray, index: AnyArray, taken: AnyArray) -> None:
    """Take the rows that an index selects, none of which is -1."""
    for i in range(len(index)):
        taken[i] = source[np.uint64(index[i])]


@compiled
def _take_or(source: AnyArray, index: AnyArray, nowhere: Any, taken: AnyArray) -> None:
    """Take the rows that an index selects, and what stands for an index of -1."""
    for i in range(len(index)):
        # always read, if need be what is not wanted: nobody can guess which rows have an index
        # of -1, and a wrong guess takes longer than ten reads
        at = index[i]
        found = source[np.uint64(max(at, 0))]
        taken[i] = found if at >= 0 else nowhere


@compiled
def mask_not_finite(codes: I16, x: F32, y: F32, edge_x: F32, edge_y: F32) -> int:
    """Mark entries with a NaN or infinite coordinate as unusable, and count them.

    Args:
        codes: Chamber codes, shape (n,); set to -1 in place where a coordinate is not finite.
        x: Local x, cm, shape (n,).
        y: Local y, cm, shape (n,).
        edge_x: Distance from the edge, or x again where there is none, shape (n,).
        edge_y: Distance from the edge, or y again where there is none, shape (n,).

    Returns:
        Number of entries, in a known chamber or not, with a coordinate that is not finite.
    """
    count = 0
    for i in range(len(codes)):
        if not np.isfinite(
            np.float64(x[i]) + np.float64(y[i]) + np.float64(edge_x[i]) + np.float64(edge_y[i])
        ):
            codes[i] = -1
            count += 1
    return count


@compiled
def count_bad_ranges(muon_offsets: I64, ranges: Ranges) -> int:
    """Return the number of muons whose range of matches points outside their event."""
    begins, ends, offsets = ranges.begin, ranges.end, ranges.offsets
    count = 0
    for event in range(len(muon_offsets) - 1):
        available = offsets[event + 1] - offsets[event]
        for i in range(muon_offsets[event], muon_offsets[event + 1]):
            if begins[i] > ends[i] or ends[i] > available:
                count += 1
    return count
