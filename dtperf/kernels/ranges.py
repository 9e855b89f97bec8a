"""The matches that belong to a muon."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.compiled import compiled
from dtperf.typing import I64, U32, AnyArray

__all__ = ["Ranges", "numbers", "probe_ranges"]


class Ranges(NamedTuple):
    """Where each muon's matches stand among those of its event."""

    offsets: I64
    """Matches offsets[i] to offsets[i + 1] belong to event i, shape (events + 1,)."""
    begin: U32
    """First match of each muon, counted within its event, shape (muons,)."""
    end: U32
    """One past its last match, shape (muons,)."""


@compiled
def probe_ranges(ranges: Ranges, event: I64, probe: I64) -> tuple[I64, I64]:
    """Give the range of each probe's matches among those of all events.

    Args:
        ranges: The ranges of all muons.
        event: Event of each pair, shape (pairs,).
        probe: Its probe, index into the muons, shape (pairs,).

    Returns:
        Its first match and one past its last, each of shape (pairs,); both -1 where the range
        points outside the event.
    """
    offsets, begins, ends = ranges.offsets, ranges.begin, ranges.end
    first = np.full(len(probe), -1, dtype=np.int64)
    last = np.full(len(probe), -1, dtype=np.int64)
    for pair in range(len(probe)):
        begin, end = np.int64(begins[probe[pair]]), np.int64(ends[probe[pair]])
        start, stop = offsets[event[pair]], offsets[event[pair] + 1]
        if begin <= end <= stop - start:
            first[pair], last[pair] = start + begin, start + end
    return first, last


def numbers(begins: AnyArray, ends: AnyArray) -> AnyArray:
    """List the numbers of all ranges, one range behind the other.

    Args:
        begins: First number of each range, shape (ranges,).
        ends: One past its last, same shape.
    """
    counts = ends - begins
    starts = np.repeat(begins - np.cumsum(counts) + counts, counts)
    return np.asarray(starts + np.arange(len(starts)))
